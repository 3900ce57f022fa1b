"""A bank's file, whatever its form, as statements of one account that add up."""

from __future__ import annotations

from registry import limits
from registry.errors import Invalid, TooLarge
from registry.lending.bank import camt, csv_file, mt940_file
from registry.lending.bank.schemas import BankStatement, CsvMapping, Form
from registry.lending.bank.values import check_count, checked


def form_of(content: bytes) -> Form:
    """Which form a file has, by its beginning; what is neither XML nor MT940 is a table."""
    head = content[:200].lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").replace(b"\0", b"")
    if head.startswith(b"<"):
        return "camt.053"
    return "mt940" if mt940_file.looks_like_it(content) else "csv"


def read(
    content: bytes, iban: str, currency: str, mapping: CsvMapping | None = None, closing_minor: int | None = None
) -> list[BankStatement]:  # fmt: skip
    """The statements of a file, the oldest first; all of them good, or none. Raises: Invalid, TooLarge."""
    if len(content) > limits.STATEMENT_BYTES:
        raise TooLarge("The file is larger than 1 MiB.", "Take statements of a shorter time.", field="file")
    if not content.strip():
        raise Invalid("The file is empty.", "Choose the bank's statement.", field="file")
    form = form_of(content)
    if form == "csv":
        if mapping is None:
            raise Invalid("For a table, it must be said which column means what.", "Fill in the columns below.",
                          field="mapping")  # fmt: skip
        found = csv_file.read(content, mapping, iban, currency, closing_minor)
    else:
        found = camt.read(content) if form == "camt.053" else mt940_file.read(content)
    check_count(sum(len(each.lines) for each in found))
    several = len(found) > 1
    for at, each in enumerate(found, 1):
        checked(each, iban, currency, f"Statement {each.number or at}" if several else "The statement")
    # Whichever way round a bank writes them; those of one day stay in the order of the file.
    return sorted(found, key=lambda each: (each.until, each.since))
