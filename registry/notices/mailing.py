"""The way to the mail server: one connection, each mail in steps, so that it is known what a fault means."""

from __future__ import annotations

import ipaddress
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from email.utils import parseaddr

from registry.errors import RegistryError
from registry.notices.rules import line
from registry.settings import SmtpServer

_STEP_S = 20.0  # one answer of the server


class MailFault(RegistryError):
    """A mail did not go out, or nobody knows."""

    title = "Mail was not sent"


class ServerAway(MailFault):
    """The server can't be used now: every mail waits."""


class MailRefused(MailFault):
    """The server will never take this mail."""


class MailDelayed(MailFault):
    """The server does not take this mail now."""


class MailUnclear(MailFault):
    """The mail was handed over whole, and the answer was lost: it may be sent, and is not sent again."""


def _is_here(host: str) -> bool:
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def _words(answer: object) -> str:
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else str(answer)
    return line(text, 200)


@contextmanager
def connection(server: SmtpServer) -> Iterator[Post]:
    """A connection to the server, logged in. Raises: ServerAway."""
    where = f"The mail server {server.host}:{server.port}"
    client: smtplib.SMTP | None = None
    try:
        client = _open(server)
        if server.user:
            client.login(server.user, server.password)
    except smtplib.SMTPAuthenticationError as error:
        _leave(client)
        raise ServerAway(f"{where} does not accept the user or the password ({error.smtp_code}).",
                         "Look at BRICKYARD_SMTP_URL.") from error  # fmt: skip
    except (OSError, smtplib.SMTPException) as error:
        _leave(client)
        raise ServerAway(f"{where} can't be used: {_words(error)}.",
                         "Mails wait; see that it runs, and BRICKYARD_SMTP_URL.") from error  # fmt: skip
    try:
        yield Post(client)
    finally:
        _leave(client)


def _open(server: SmtpServer) -> smtplib.SMTP:
    trusted = ssl.create_default_context()
    if server.tls:
        return smtplib.SMTP_SSL(server.host, server.port, timeout=_STEP_S, context=trusted)
    client = smtplib.SMTP(server.host, server.port, timeout=_STEP_S)
    client.ehlo_or_helo_if_needed()
    if _is_here(server.host):
        return client  # nothing leaves this machine, and such servers have certificates that nobody signed
    if client.has_extn("starttls"):
        client.starttls(context=trusted)
        client.ehlo()
    elif server.user:
        client.close()
        raise smtplib.SMTPException("it offers no encryption, so no password is sent to it")
    return client


def _leave(client: smtplib.SMTP | None) -> None:
    if client is not None:
        with suppress(OSError, smtplib.SMTPException):
            client.quit()
        client.close()


class Post:
    """A connection that mails go through, one after another."""

    def __init__(self, client: smtplib.SMTP) -> None:
        self._client = client

    def send(self, message: EmailMessage) -> None:
        """Hand a mail over. Raises: MailRefused, MailDelayed, MailUnclear, ServerAway."""
        sender, to = parseaddr(message["From"])[1], parseaddr(message["To"])[1]
        content = message.as_bytes()
        try:
            self._client.rset()
            code, answer = self._client.mail(sender)
            if not 200 <= code < 300:
                raise ServerAway(f"The mail server takes no mail from {sender}: {code} {_words(answer)}.",
                                 "Look at BRICKYARD_MAIL_FROM.")  # fmt: skip
            self._judge(*self._client.rcpt(to), to)
        except (OSError, smtplib.SMTPException) as error:
            raise ServerAway(f"The mail server went away: {_words(error)}.", "Mails wait.") from error
        try:
            code, answer = self._client.data(content)
        except smtplib.SMTPDataError as error:  # it was refused before a byte of it was sent
            self._judge(error.smtp_code, error.smtp_error, to)
            raise
        except (OSError, smtplib.SMTPException) as error:
            raise MailUnclear(
                f"The mail server went away while it took the mail: {_words(error)}.",
                "It may have arrived, so it is not sent again by itself.",
            ) from error
        self._judge(code, answer, to)

    @staticmethod
    def _judge(code: int, answer: object, to: str) -> None:
        if 200 <= code < 300:
            return
        said = f"The mail server said {code} {_words(answer)}".rstrip(".") + "."
        if code == 421:
            raise ServerAway(said, "Mails wait.")
        if 400 <= code < 500:
            raise MailDelayed(said, "It is tried again.")
        raise MailRefused(said, f"See that {to} is right.")
