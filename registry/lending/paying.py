"""How a pledge is paid in: IBAN, RF creditor reference (ISO 11649), and the transfer code of EPC069-12."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

import segno
from markupsafe import Markup
from schwifty import BIC, IBAN
from schwifty.exceptions import SchwiftyException

from registry.errors import Invalid

EPC_BYTES_MAX = 331
EPC_AMOUNT_MINOR_MAX = 99_999_999_999
_REFERENCE_BODY = re.compile(r"[A-Z0-9]{1,21}")
_REFERENCE = re.compile(r"RF[0-9]{2}[A-Z0-9]{1,21}")


@dataclass(frozen=True, slots=True)
class Payee:
    """Who receives: the campaign's own account."""

    name: str
    iban: str
    bic: str = ""


@dataclass(frozen=True, slots=True)
class Payment:
    """What a pledger transfers. Units: `amount_minor` in cents of the euro for a code."""

    payee: Payee
    amount_minor: int
    currency: str
    reference: str


def check_iban(text: str, field: str = "iban") -> str:
    """An IBAN without spaces, in capitals, its checksum right. Raises: Invalid."""
    if not text.isascii() or not text.isprintable():
        raise Invalid("That is no IBAN.", "Copy it from a statement.", field=field)
    try:
        return str(IBAN(text.replace(" ", "")))
    except (SchwiftyException, ValueError) as error:
        raise Invalid(f"{text[:40] or 'Nothing'} is no IBAN: its letters or digits don't fit together.",
                      "Copy it from a statement.", field=field) from error  # fmt: skip


def check_bic(text: str, field: str = "bic") -> str:
    """A BIC in capitals, or '' for none: the IBAN tells the bank. Raises: Invalid."""
    if not text:
        return ""
    if not text.isascii() or not text.isprintable():
        raise Invalid("That is no BIC.", "Copy it from a statement, or leave it out.", field=field)
    try:
        return str(BIC(text.replace(" ", "")))
    except (SchwiftyException, ValueError) as error:
        raise Invalid(f"{text[:20]} is no BIC.", "Copy it from a statement, or leave it out.", field=field) from error


def check_name(text: str, chars_max: int = 70, field: str = "name") -> str:
    """A payee's name in one line. Raises: Invalid for anything that could begin another line of a code or a file."""
    text = unicodedata.normalize("NFC", text)
    if not text.strip() or text != text.strip() or not text.isprintable() or len(text) > chars_max:
        raise Invalid(f"A name of 1 to {chars_max} characters in one line is needed.", "Write it as the bank knows it.",
                      field=field)  # fmt: skip
    return text


def check_payee(payee: Payee) -> Payee:
    """A payee whose account can exist. Raises: Invalid."""
    return Payee(check_name(payee.name), check_iban(payee.iban), check_bic(payee.bic))


# --- the reference


def _remainder(text: str) -> int:
    return int("".join(str(int(char, 36)) for char in text)) % 97


def make_reference(body: str) -> str:
    """RF, two check digits, and a body of capitals and digits. Raises: Invalid. Source: ISO 11649, 5.2."""
    if not _REFERENCE_BODY.fullmatch(body):
        raise Invalid("A reference needs 1 to 21 capital letters and digits.", "Shorten it.", field="reference")
    return f"RF{98 - _remainder(body + 'RF00'):02d}{body}"


def is_reference(text: str) -> bool:
    """Whether a text is a creditor reference with right check digits."""
    return bool(_REFERENCE.fullmatch(text)) and _remainder(text[4:] + text[:4]) == 1


def pledge_reference(campaign_id: int, pledge_id: int) -> str:
    """The reference of a pledge, never another's. Raises: Invalid."""
    if min(campaign_id, pledge_id) < 1:
        raise Invalid("Only a kept pledge has a reference.", "Keep it first.", field="reference")
    return make_reference(f"BY{campaign_id}P{pledge_id}")


def spaced(reference: str) -> str:
    """A reference or an IBAN in groups of four, as people read it."""
    return " ".join(reference[at : at + 4] for at in range(0, len(reference), 4))


_LOOSE = re.compile(r"(?<![A-Z0-9])R[ -]?F(?:[ -]?[A-Z0-9]){3,23}")


def find_references(text: str) -> list[str]:
    """The references in what people and banks write into a transfer: with spaces, dashes, in small letters."""
    text = unicodedata.normalize("NFKC", text[:2_000]).upper()
    found: list[str] = []
    for start in re.finditer(r"R[ -]?F[ -]?[0-9]", text):
        loose = _LOOSE.match(text, start.start())
        # Words that follow look like more of the reference, and one time in 97 their check digits fit: what ends where
        # a word ends comes first. Whoever asks knows which references there are.
        ends = [at for at in range(loose.start() + 5, loose.end() + 1) if text[at - 1].isalnum()] if loose else []
        fitting = [(at, whole) for at in ends if is_reference(whole := re.sub("[ -]", "", text[start.start() : at]))]
        at_words = [(at, whole) for at, whole in fitting if at == len(text) or not text[at].isalnum()]
        found += [whole for _, whole in at_words or fitting]
    return list(dict.fromkeys(found))


# --- the code


def epc_text(payment: Payment) -> str:
    """What a transfer code says. Raises: Invalid. Source: EPC069-12 v3.1, table 2."""
    payee = check_payee(payment.payee)
    if payment.currency != "EUR":
        raise Invalid("Transfer codes are for euros alone.", "Pay by the details beside it.", field="currency")
    if isinstance(payment.amount_minor, bool) or not isinstance(payment.amount_minor, int):
        raise Invalid("An amount is a whole number of cents.", "Don't round: give cents.", field="amount")
    if not 1 <= payment.amount_minor <= EPC_AMOUNT_MINOR_MAX:
        raise Invalid("A transfer code is for 0.01 to 999999999.99 euros.", "Give another amount.", field="amount")
    if not is_reference(payment.reference):
        raise Invalid("That is no creditor reference.", "Make it with its check digits.", field="reference")
    euros, cents = divmod(payment.amount_minor, 100)
    lines = (
        "BCD",
        "002",
        "1",
        "SCT",
        payee.bic,
        payee.name,
        payee.iban,
        f"EUR{euros}.{cents:02d}",
        "",
        payment.reference,
    )
    text = "\n".join(lines)
    if len(text.encode("utf-8")) > EPC_BYTES_MAX:
        raise Invalid("The transfer code would be longer than 331 bytes.", "Shorten the name.", field="name")
    return text


def epc_svg(payment: Payment) -> Markup:
    """The code as SVG that takes the size of its place. Raises: Invalid."""
    code = segno.make(epc_text(payment), error="m", boost_error=False, micro=False, mode="byte", encoding="utf-8",
                      eci=False)  # fmt: skip
    if int(code.version) > 13:
        raise Invalid("The transfer code would be too fine to read.", "Shorten the name.", field="name")
    return Markup(code.svg_inline(omitsize=True, border=4))
