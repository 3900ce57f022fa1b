"""The book in the files of other programs: beancount, hledger, CSV, JSON; a piece at a time, however long it is.

A balance of the book is credits less debits. Plain-text accounting writes debits as positive: there, balances have the
other sign. Only what has moved is exported to those programs; CSV and JSON have pending amounts and hashes too.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from sqlmodel import Session

from registry.ledger import queries
from registry.ledger.money import plain
from registry.ledger.schemas import AccountName, Currency, Entry

Format = Literal["beancount", "hledger", "csv", "json"]
FORMATS: tuple[Format, ...] = ("beancount", "hledger", "csv", "json")
_MOVED = ("posted", "settled")
_SAYS = (
    "Debits are positive, credits negative, as is usual here: what an account holds for its owner stands below zero."
)


@dataclass(frozen=True)
class Choice:
    """Which part of the book, and how much of it is told.

    only: the transfers to be told of; None is the whole book, whose balances are then those that the book keeps.
    alias: the name that an account is given. told: whether keys and who entered a transfer are told. say: what a
    transfer is for, instead of its own words.
    """

    only: Callable[[Entry], bool] | None = None
    alias: Callable[[AccountName], AccountName] = lambda name: name
    told: bool = True
    say: Callable[[Entry], str] | None = None


@dataclass
class _Frame:
    """What has to be known before the first transfer is written."""

    currencies: dict[str, Currency]
    balances: dict[AccountName, int] = field(default_factory=lambda: defaultdict(int))
    first: dt.date = dt.date.max
    last: dt.date = dt.date.min


def export(session: Session, form: Format, choice: Choice | None = None) -> Iterator[str]:
    """Pieces of the file, in their order, of one state of the book. The session must be new."""
    queries.see_one_state(session)
    choice = choice or Choice()
    writers = {"beancount": _beancount, "hledger": _hledger, "csv": _csv, "json": _json}
    return writers[form](session, choice)


def _chosen(session: Session, choice: Choice) -> Iterator[Entry]:
    for entry in queries.stream(session):
        if choice.only is None or choice.only(entry):
            hidden: dict[str, object] = {} if choice.told else {"key": "", "by_id": None}
            if choice.say is not None:
                hidden["purpose"] = choice.say(entry)
            yield entry.model_copy(
                update={"debit": choice.alias(entry.debit), "credit": choice.alias(entry.credit)} | hidden
            )


def _frame(session: Session, choice: Choice) -> _Frame:
    frame = _Frame(queries.currencies(session))
    for entry in _chosen(session, choice):
        day = _day(entry)
        frame.first, frame.last = min(frame.first, day), max(frame.last, day)
        if choice.only is not None and entry.kind in _MOVED:
            frame.balances[entry.debit] -= entry.amount_minor
            frame.balances[entry.credit] += entry.amount_minor
    if choice.only is None:
        for each in queries.balances(session):
            frame.balances[choice.alias(each.account)] += each.balance_minor
    return frame


def _day(entry: Entry) -> dt.date:
    return entry.effective_at.astimezone(dt.UTC).date()


def path_of(name: AccountName) -> str:
    """An account as plain-text accounting names it: Liabilities:Person:7:Paid."""
    root = "Assets" if name.kind == "external" else "Liabilities"
    return ":".join([root, *(part[:1].upper() + part[1:] for part in (name.kind, name.id, name.role))])


def _sides(entry: Entry, exponent: int) -> Iterable[tuple[str, str]]:
    amount = plain(entry.amount_minor, exponent)
    return (path_of(entry.debit), amount), (path_of(entry.credit), f"-{amount}")


def _currencies_of(frame: _Frame) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for name in sorted(frame.balances, key=str):
        found[path_of(name)].append(name.currency)
    return found


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _beancount(session: Session, choice: Choice) -> Iterator[str]:
    frame = _frame(session, choice)
    yield f';; The book of a Brickyard. {_SAYS}\noption "title" "Brickyard"\n\n'
    if not frame.balances:
        return
    first = min(frame.first, dt.date(2026, 1, 1))
    for code in sorted({name.currency for name in frame.balances}):
        yield f"{first} commodity {code}\n  name: {_quoted(frame.currencies[code].name)}\n"
    for path, codes in _currencies_of(frame).items():
        yield f"{first} open {path} {','.join(codes)}\n"
    yield "\n"
    for entry in _chosen(session, choice):
        if entry.kind not in _MOVED:
            continue
        yield f"{_day(entry)} * {_quoted(entry.purpose)} ^entry-{entry.entry_seq}\n  seq: {entry.seq}\n"
        if entry.key:
            yield f"  key: {_quoted(entry.key)}\n"
        for path, amount in _sides(entry, frame.currencies[entry.currency].exponent):
            yield f"  {path}  {amount} {entry.currency}\n"
    yield "\n"
    after = max(frame.last, first) + dt.timedelta(days=1)
    for name, balance in sorted(frame.balances.items(), key=lambda pair: str(pair[0])):
        amount = plain(-balance, frame.currencies[name.currency].exponent)
        # To the last unit: beancount lets a balance be off by one of its last digit unless told.
        yield f"{after} balance {path_of(name)}  {amount} ~ 0 {name.currency}\n"


def _hledger(session: Session, choice: Choice) -> Iterator[str]:
    frame = _frame(session, choice)
    yield f"; The book of a Brickyard. {_SAYS}\ndecimal-mark .\n\n"
    for code in sorted({name.currency for name in frame.balances}):
        yield f"commodity 1000.{'0' * frame.currencies[code].exponent} {code}\n"
    for path in _currencies_of(frame):
        yield f"account {path}\n"
    yield "\n"
    for entry in _chosen(session, choice):
        if entry.kind not in _MOVED:
            continue
        purpose = entry.purpose.replace(";", ",").replace("|", "/")  # begin a comment, part payee and note
        yield f"{_day(entry)} * ({entry.seq}) {purpose}\n"
        for path, amount in _sides(entry, frame.currencies[entry.currency].exponent):
            yield f"    {path}  {amount} {entry.currency}\n"
    if not frame.balances:
        return
    yield f"\n{max(frame.last, dt.date(2026, 1, 1)) + dt.timedelta(days=1)} * Balances\n"
    for name, balance in sorted(frame.balances.items(), key=lambda pair: str(pair[0])):
        amount = plain(-balance, frame.currencies[name.currency].exponent)
        yield f"    {path_of(name)}  0 {name.currency} = {amount} {name.currency}\n"


COLUMNS = (
    "number", "entry", "kind", "recorded_at", "effective_at", "debit", "credit", "amount", "released", "currency",
    "ends", "reverses", "expires_at", "purpose", "by", "key", "hash",
)  # fmt: skip


def cell(value: object) -> str:
    """A cell that no spreadsheet takes for a formula."""
    text = "" if value is None else value.isoformat() if isinstance(value, dt.datetime) else str(value)
    return "'" + text if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _csv(session: Session, choice: Choice) -> Iterator[str]:
    exponents = {code: each.exponent for code, each in queries.currencies(session).items()}
    page = io.StringIO()
    writer = csv.writer(page, lineterminator="\n")
    writer.writerow(COLUMNS)
    for entry in _chosen(session, choice):
        exponent = exponents[entry.currency]
        released = plain(entry.released_minor, exponent) if entry.released_minor else ""
        writer.writerow(map(cell, (
            entry.seq, entry.entry_seq, entry.kind, entry.recorded_at, entry.effective_at, entry.debit, entry.credit,
            plain(entry.amount_minor, exponent), released, entry.currency, entry.pending_seq, entry.reverses_seq,
            entry.expires_at, entry.purpose, entry.by_id, entry.key, entry.hash,
        )))  # fmt: skip
        if page.tell() > 60_000:
            yield page.getvalue()
            page.seek(0)
            page.truncate()
    yield page.getvalue()


def _json(session: Session, choice: Choice) -> Iterator[str]:
    frame = _frame(session, choice)
    accounts = [
        {"account": str(name), **name.model_dump(), "balance_minor": balance}
        for name, balance in sorted(frame.balances.items(), key=lambda pair: str(pair[0]))
    ]
    opening = {
        "head": queries.head(session).model_dump(mode="json"),
        "currencies": [each.model_dump() for each in frame.currencies.values()],
        "accounts": accounts,
    }
    yield json.dumps(opening, ensure_ascii=False, indent=1)[:-2] + ',\n "transfers": ['
    between = "\n"
    for entry in _chosen(session, choice):
        row = entry.model_dump(mode="json") | {"debit": str(entry.debit), "credit": str(entry.credit)}
        yield between + json.dumps(row, ensure_ascii=False)
        between = ",\n"
    yield "\n]}\n"
