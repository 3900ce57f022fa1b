"""Statements as tables: each bank has columns of its own, a mapping says which is which."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re

from registry.errors import Invalid
from registry.lending.bank.schemas import DATE_FORMS, BankLine, BankStatement, CsvMapping
from registry.lending.bank.values import check_count, known_iban, minor_of, reference, words

CELL_CHARS = 4_000
_IN, _OUT = {"H", "C", "CR", "+", "CRDT", "HABEN", "CREDIT"}, {"S", "D", "DR", "-", "DBIT", "SOLL", "DEBIT"}


class _Row:
    def __init__(self, cells: list[str], places: dict[str, int], number: int) -> None:
        self.cells, self.places, self.where = cells, places, f"Row {number}"

    def get(self, name: str) -> str:
        at = self.places.get(name, -1)
        return self.cells[at].strip() if 0 <= at < len(self.cells) else ""


def first_lines(content: bytes) -> tuple[str, str]:
    """How a table begins, for who must say what its columns mean, and the encoding that it seems to have."""
    head = content[:4_000]
    encoding = "utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        encoding = "cp1252"
        text = content.decode(encoding, "replace")
    return "\n".join(line[:400] for line in text[:4_000].splitlines()[:8]), encoding


def likely_delimiter(text: str) -> str:
    """What seems to stand between the columns."""
    found = max(";,\t|", key=text.count)
    return "tab" if found == "\t" else found


def rows_of(content: bytes, mapping: CsvMapping) -> list[list[str]]:
    """The table's cells from the row of titles on; empty rows left out. Raises: Invalid."""
    try:
        text = content.decode("utf-8-sig" if mapping.encoding == "utf-8" else mapping.encoding)
    except UnicodeError as error:
        raise Invalid(f"The file is not written in {mapping.encoding}.", "Choose another encoding.",
                      field="encoding") from error  # fmt: skip
    delimiter = "\t" if mapping.delimiter == "tab" else mapping.delimiter
    lines = io.StringIO(text, newline="")
    for _ in range(mapping.skip_rows):
        lines.readline()
    try:
        rows = [row for row in csv.reader(lines, delimiter=delimiter, strict=True) if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise Invalid(f"The table can't be read: {error}.", "Choose another separator.", field="file") from error
    check_count(max(len(rows) - 1, 0))
    if any(len(cell) > CELL_CHARS for row in rows for cell in row):
        raise Invalid("A cell of the table is far too long.", "Choose another separator.", field="file")
    return rows


def read(
    content: bytes, mapping: CsvMapping, account: str, currency: str, closing_minor: int | None = None
) -> list[BankStatement]:  # fmt: skip
    """The table as one statement of an account; its balance is in a column, or said by who brings it. Raises: Invalid.

    Rows may go forwards or backwards in time: the balances tell which.
    """
    rows = rows_of(content, mapping)
    if len(rows) < 2:
        raise Invalid("The table holds no booking.", "Look at the lines to skip, and at the separator.", field="file")
    places = _places(rows[0], mapping)
    found = [_Row(cells, places, mapping.skip_rows + at) for at, cells in enumerate(rows[1:], 2)]
    lines: list[BankLine] = []
    for row in found:
        if (own := row.get("account")) and known_iban(own) != account and known_iban(own):
            raise Invalid(f"{row.where} is of another account: {own[:40]}.", f"This campaign's account is {account}.",
                          field="file")  # fmt: skip
        if row.get("currency") and row.get("currency").upper() != currency:
            raise Invalid(f"{row.where} is in {row.get('currency')[:12]}, this account in {currency}.",
                          "Nothing of the file was taken.", field="file")  # fmt: skip
        lines.append(_line(row, mapping, currency))
    opening, closing, lines = _balances(found, lines, mapping, currency, closing_minor)
    moving = [line for line in lines if line.amount_minor]
    days = [line.booked_on for line in lines]
    return [BankStatement(
        form="csv", account=account, currency=currency, opening_minor=opening, closing_minor=closing, since=min(days),
        until=max(days), lines=moving,
        findings=["Bookings of 0 were left out. They move nothing."] if len(moving) < len(lines) else [],
    )]  # fmt: skip


def _places(titles: list[str], mapping: CsvMapping) -> dict[str, int]:
    known = {title.strip().casefold(): at for at, title in reversed(list(enumerate(titles)))}
    places: dict[str, int] = {}
    for name, wanted in mapping.model_dump().items():
        if name in ("encoding", "delimiter", "skip_rows", "date_form", "decimal") or not wanted:
            continue
        at = known.get(wanted.strip().casefold())
        if at is None and wanted.isascii() and wanted.isdigit() and 1 <= int(wanted) <= len(titles):
            at = int(wanted) - 1
        if at is None:
            shown = ", ".join(title.strip()[:30] for title in titles[:20])
            raise Invalid(f"The table has no column {wanted[:40]!r}.", f"It has: {shown}.", field=name)
        places[name] = at
    return places


def _line(row: _Row, mapping: CsvMapping, currency: str) -> BankLine:
    booked = _day(row, "booked_on", mapping)
    return BankLine(
        booked_on=booked, valued_on=_day(row, "valued_on", mapping) if row.get("valued_on") else booked,
        amount_minor=_amount(row, mapping, currency), bank_reference=reference(row.get("reference")),
        name=words(row.get("name"), 140), iban=known_iban(row.get("iban")),
        text=words(f"{row.get('text')} {row.get('text_more')}"), end_to_end=reference(row.get("end_to_end")),
    )  # fmt: skip


def _day(row: _Row, name: str, mapping: CsvMapping) -> dt.date:
    try:
        return dt.datetime.strptime(row.get(name), DATE_FORMS[mapping.date_form]).date()  # noqa: DTZ007
    except ValueError as error:
        raise Invalid(f"{row.where}: {row.get(name)[:40] or 'nothing'} is no day like {mapping.date_form}.",
                      "Choose the form of the dates, and the right column.", field="date_form") from error  # fmt: skip


def _number(text: str, row: _Row, mapping: CsvMapping, currency: str) -> int:
    """'1.234,56-' in cents. Signs of thousands must stand where they belong, or the decimal sign was mistaken."""
    plain = re.sub(r"[\s' ]", "", text).replace("−", "-")
    plain = plain.removesuffix(currency).removesuffix("€").removeprefix("€")
    if plain.endswith(("-", "+")):
        plain = plain[-1] + plain[:-1]
    thousands = "." if mapping.decimal == "," else ","
    digits = rf"[+-]?(?:[0-9]+|[0-9]{{1,3}}(?:{re.escape(thousands)}[0-9]{{3}})+)"
    if not re.fullmatch(rf"{digits}(?:{re.escape(mapping.decimal)}[0-9]+)?", plain):
        raise Invalid(f"{row.where}: {text[:40] or 'nothing'} is no amount with the decimal sign {mapping.decimal}",
                      "Nothing of the file was taken. Choose the decimal sign, and the right column.",
                      field="decimal")  # fmt: skip
    return minor_of(plain.replace(thousands, "").replace(mapping.decimal, "."), currency, row.where)


def _amount(row: _Row, mapping: CsvMapping, currency: str) -> int:
    if not mapping.amount:
        paid_in, paid_out = row.get("paid_in"), row.get("paid_out")
        if bool(paid_in) == bool(paid_out):
            came, went = (_number(each, row, mapping, currency) if each else 0 for each in (paid_in, paid_out))
            if not (paid_in and paid_out) or (came and went):
                raise Invalid(f"{row.where} says neither or both of money in and money out.",
                              "Look at the two columns.", field="paid_in")  # fmt: skip
            return came - abs(went)
        if paid_in:
            return _number(paid_in, row, mapping, currency)
        return -abs(_number(paid_out, row, mapping, currency))
    amount = _number(row.get("amount"), row, mapping, currency)
    if not mapping.direction:
        return amount
    way = row.get("direction").upper()
    if way not in _IN | _OUT:
        raise Invalid(f"{row.where}: {way[:20] or 'nothing'} says neither money in nor money out.",
                      "H or S, C or D, + or - are known.", field="direction")  # fmt: skip
    return -abs(amount) if way in _OUT else abs(amount)


def _balances(
    rows: list[_Row], lines: list[BankLine], mapping: CsvMapping, currency: str, closing_minor: int | None
) -> tuple[int, int, list[BankLine]]:  # fmt: skip
    """(opening, closing, the lines from the oldest to the newest). Raises: Invalid if the column does not add up."""
    backwards = lines[0].booked_on > lines[-1].booked_on
    if not mapping.balance:
        if closing_minor is None:
            raise Invalid("The table tells no balance.", "Name its column, or say the balance after the last booking.",
                          field="closing")  # fmt: skip
        total = sum(line.amount_minor for line in lines)
        return closing_minor - total, closing_minor, lines[::-1] if backwards else lines
    after = [_number(row.get("balance"), row, mapping, currency) for row in rows]
    for turned in dict.fromkeys((backwards, not backwards)):
        ordered, balances = (lines[::-1], after[::-1]) if turned else (lines, after)
        opening = balances[0] - ordered[0].amount_minor
        running, fits = opening, True
        for line, told in zip(ordered, balances, strict=True):
            running += line.amount_minor
            fits = fits and running == told
        if fits and closing_minor in (None, balances[-1]):
            return opening, balances[-1], ordered
    raise Invalid("The balances of the table don't follow from its bookings.",
                  "Nothing of the file was taken. Look at the columns, or take the file from the bank again.",
                  field="balance")  # fmt: skip
