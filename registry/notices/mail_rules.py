"""What an address has to be, when a mail is tried again, and how a mail reads: pure decisions."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from email.utils import format_datetime

from registry.errors import Invalid
from registry.notices.rules import KINDS, line

ADDRESS_CHARS = 254  # Source: RFC 5321, 4.5.3.1.3, less the brackets
DIGEST_HOUR_UTC = 6
GIVE_UP_AFTER = dt.timedelta(days=3)
_PAUSE_S, _PAUSE_MAX_S = 30, 4 * 3600
# Source: HTML, 4.10.5.1.5, 'valid e-mail address': a willful narrowing of RFC 5322 without comments and quotes
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"[A-Za-z0-9.!#$%&'*+/=?^_`{{|}}~-]{{1,64}}@{_LABEL}(?:\.{_LABEL})*", re.ASCII)


def check_address(text: str) -> str:
    """An address as it is written into a mail: one, plain, with its domain in ASCII. Raises: Invalid."""
    text = text.strip()
    local, at, domain = text.rpartition("@")
    try:
        plain = f"{local}{at}{domain.encode('idna').decode('ascii')}" if not domain.isascii() else text
    except UnicodeError:
        plain = ""
    bad_dots = ".." in plain or plain.startswith(".") or ".@" in plain
    if not _ADDRESS.fullmatch(plain) or len(plain) > ADDRESS_CHARS or bad_dots:
        raise Invalid(
            f"{line(text, 60) or 'Nothing'} is no e-mail address that mail can be sent to.",
            "Write one address, like name@example.org.",
            field="address",
        )
    return plain


def pause_s(tries: int) -> int:
    """How long to wait after so many tries: half a minute, then twice as long each time, at most four hours."""
    return int(min(_PAUSE_S * 2 ** min(max(tries - 1, 0), 12), _PAUSE_MAX_S))


def gives_up(created_at: dt.datetime, now: dt.datetime) -> bool:
    """Whether a mail has been tried for long enough."""
    return now - created_at >= GIVE_UP_AFTER


def next_digest(at: dt.datetime) -> tuple[dt.date, dt.datetime]:
    """(day, moment) of the next daily mail after something has happened."""
    at = at.astimezone(dt.UTC)
    due = at.replace(hour=DIGEST_HOUR_UTC, minute=0, second=0, microsecond=0)
    if due <= at:
        due += dt.timedelta(days=1)
    return due.date(), due


@dataclass(frozen=True, slots=True)
class Item:
    """A notice as a mail tells it."""

    kind: str
    title: str
    text: str
    link: str


@dataclass(frozen=True, slots=True)
class Letter:
    """What a mail is made of. `site` is the address of the registry, `stop` the link that ends such mails."""

    number: int
    sender: str
    address: str
    handle: str
    site: str
    form: str
    made_at: dt.datetime
    items: tuple[Item, ...] = ()
    stop: str = ""
    confirm: str = ""


def subject_of(letter: Letter) -> str:
    """What happened, in a line."""
    if letter.form == "confirm":
        return "Confirm your address for notices of Brickyard"
    if letter.form == "digest" and len(letter.items) > 1:
        return f"{len(letter.items)} notices: {line(letter.items[0].title, 100)}"
    return line(letter.items[0].title)


def body_of(letter: Letter) -> str:
    """A mail as plain text: what happened, where to look, how to end such mails."""
    if letter.form == "confirm":
        return (
            f"Hello {letter.handle},\n\n"
            "somebody, most likely you, wants notices of Brickyard to come to this address. To confirm it, open:\n\n"
            f"{letter.confirm}\n\n"
            "The link holds for two days. If it was not you, do nothing: nothing more is sent to you.\n\n"
            f"Brickyard, {letter.site}\n"
        )
    parts = [f"Hello {letter.handle},"]
    if letter.form == "digest":
        parts.append("this is what has happened since your last daily mail.")
    for item in letter.items:
        text = f"\n{item.text}" if item.text else ""
        parts.append(f"{item.title}.{text}\n{letter.site}{item.link}")
    if letter.form == "digest":
        why = "You have chosen to hear of this once a day."
    else:
        why = f"You get this mail because of your choice for '{KINDS[letter.items[0].kind].label}'."
    parts.append(f"-- \n{why}\nChange it: {letter.site}/account/notices/choices\nEnd such mails: {letter.stop}")
    return "\n\n".join(parts) + "\n"


class _Whole(EmailPolicy):
    """Folds long lines, but for links and ids: readers of mail that follow them take no fold inside."""

    def fold_binary(self, name: str, value: str) -> bytes:
        """A header field as it is sent."""
        if name in ("List-Unsubscribe", "Message-ID"):
            return f"{name}: {value}\r\n".encode("ascii")
        return super().fold_binary(name, value)


_POLICY = _Whole(linesep="\r\n", max_line_length=SMTP.max_line_length)


def compose(letter: Letter) -> EmailMessage:
    """The mail itself. Header fields hold one line each, whatever names people gave to things."""
    message = EmailMessage(policy=_POLICY)
    host = letter.site.partition("://")[2].partition("/")[0].partition(":")[0] or "localhost"
    message["From"] = sender_of(letter.sender)
    message["To"] = Address(addr_spec=letter.address)
    message["Subject"] = subject_of(letter)
    message["Date"] = format_datetime(letter.made_at.astimezone(dt.UTC))
    message["Message-ID"] = f"<notice-{letter.number}@{host}>"
    message["Auto-Submitted"] = "auto-generated"  # Source: RFC 3834: no answering machine answers
    if letter.stop:
        message["List-Unsubscribe"] = f"<{letter.stop}>"
        if letter.stop.startswith("https://"):  # Source: RFC 8058, 3.1: one click needs https
            message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(body_of(letter), cte="quoted-printable")
    return message


def sender_of(text: str) -> Address:
    """'Brickyard <notices@example.org>', or an address alone. Raises: Invalid."""
    name, _, rest = text.strip().rpartition("<")
    plain = rest.removesuffix(">") if name or text.strip().startswith("<") else text.strip()
    return Address(display_name=line(name.strip().strip('"'), 80) or "Brickyard", addr_spec=check_address(plain))
