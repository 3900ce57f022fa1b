"""What is read of the book: balances now and then, statements, the head of the chain."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from sqlalchemy import String, and_, case, cast, func, or_, select, union_all
from sqlmodel import Session

from registry.errors import NotFound
from registry.ledger.pen import ACCOUNT, BALANCE, ENTRIES, HEAD, HOLD, TRANSFER, entries, entry_of, name_of, totals_of
from registry.ledger.schemas import AccountName, Balance, Currency, Entry, Head, Statement, StatementLine
from registry.ledger.tables import LedgerCurrency

Clock = Literal["recorded_at", "effective_at"]
LINES = 500
_TOGETHER = 2_000  # rows fetched at once where a whole book is read
_TRUE = ("posted", "settled")


def head(session: Session) -> Head:
    """The end of the chain."""
    row = session.execute(select(HEAD)).one()
    return Head(seq=row.seq, hash=row.hash, recorded_at=row.recorded_at)


def currency(session: Session, code: str) -> Currency:
    """A currency that the book has used. Raises: NotFound."""
    row = session.get(LedgerCurrency, code)
    if row is None:
        raise NotFound(f"The book holds no {code[:20]}.", "Look at its accounts.")
    return Currency.model_validate(row, from_attributes=True)


def currencies(session: Session) -> dict[str, Currency]:
    """Every currency of the book, by its code."""
    rows = session.execute(select(LedgerCurrency).order_by(LedgerCurrency.code)).scalars()
    return {row.code: Currency.model_validate(row, from_attributes=True) for row in rows}


def _is(name: AccountName) -> Any:
    return and_(ACCOUNT.c.owner_kind == name.kind, ACCOUNT.c.owner_id == name.id, ACCOUNT.c.role == name.role,
                ACCOUNT.c.currency == name.currency)  # fmt: skip


def balances(
    session: Session, *, kind: str | None = None, owner_id: str | None = None, role: str | None = None,
    currency: str | None = None, after_id: int = 0, limit: int | None = None,
) -> list[Balance]:  # fmt: skip
    """Accounts with what they come to now, in the order of their opening."""
    query = select(ACCOUNT, BALANCE).join(BALANCE, BALANCE.c.account_id == ACCOUNT.c.id).order_by(ACCOUNT.c.id)
    for column, wanted in (
        (ACCOUNT.c.owner_kind, kind), (ACCOUNT.c.owner_id, owner_id), (ACCOUNT.c.role, role),
        (ACCOUNT.c.currency, currency),
    ):  # fmt: skip
        if wanted is not None:
            query = query.where(column == wanted)
    return [balance_of(row) for row in session.connection().execute(query.where(ACCOUNT.c.id > after_id).limit(limit))]


def balance_of(row: Any) -> Balance:
    """A row of accounts beside balances as it is told."""
    totals = totals_of(row)
    return Balance(
        account=name_of(row.owner_kind, row.owner_id, row.role, row.currency),
        balance_minor=totals.balance, debits_minor=totals.debits, credits_minor=totals.credits,
        pending_debits_minor=totals.pending_debits, pending_credits_minor=totals.pending_credits,
        lowest_minor=totals.lowest, highest_minor=totals.highest, available_minor=totals.available,
    )  # fmt: skip


def balance(session: Session, name: AccountName) -> Balance:
    """An account and what it comes to now. Raises: NotFound."""
    row = session.execute(
        select(ACCOUNT, BALANCE).join(BALANCE, BALANCE.c.account_id == ACCOUNT.c.id).where(_is(name))
    ).first()
    if row is None:
        raise NotFound(f"There is no account {name}.", "brickyard ledger show lists them.")
    return balance_of(row)


def _number(session: Session, name: AccountName) -> int:
    found: int | None = session.execute(select(ACCOUNT.c.id).where(_is(name))).scalar_one_or_none()
    if found is None:
        raise NotFound(f"There is no account {name}.", "brickyard ledger show lists them.")
    return found


def balance_at(session: Session, name: AccountName, until: dt.datetime, by: Clock = "recorded_at") -> int:
    """What an account came to at a time, that moment counted in. Raises: NotFound."""
    return _sum(session, _number(session, name), TRANSFER.c[by] <= until)


def _sum(session: Session, number: int, *where: Any) -> int:
    amount = case((TRANSFER.c.credit_id == number, TRANSFER.c.amount_minor), else_=-TRANSFER.c.amount_minor)
    found = session.execute(
        select(func.sum(amount)).where(
            or_(TRANSFER.c.debit_id == number, TRANSFER.c.credit_id == number), TRANSFER.c.kind.in_(_TRUE), *where
        )
    ).scalar_one()
    return int(found or 0)


def balances_at(
    session: Session, until: dt.datetime, by: Clock = "recorded_at", *, kind: str | None = None
) -> dict[AccountName, int]:
    """What every account, or those of a kind of owner, came to at a time, that moment counted in; zeros left out."""
    counted = (TRANSFER.c.kind.in_(_TRUE), TRANSFER.c[by] <= until)
    sides = union_all(
        select(TRANSFER.c.debit_id.label("id"), (-TRANSFER.c.amount_minor).label("amount")).where(*counted),
        select(TRANSFER.c.credit_id.label("id"), TRANSFER.c.amount_minor.label("amount")).where(*counted),
    ).subquery()
    total = func.sum(sides.c.amount)
    query = select(ACCOUNT, total.label("balance")).join(sides, sides.c.id == ACCOUNT.c.id).group_by(*ACCOUNT.c)
    if kind is not None:
        query = query.where(ACCOUNT.c.owner_kind == kind)
    rows = session.execute(query.having(total != 0).order_by(ACCOUNT.c.id))
    return {name_of(row.owner_kind, row.owner_id, row.role, row.currency): int(row.balance) for row in rows}


def statement(
    session: Session, name: AccountName, *, since: dt.datetime | None = None, until: dt.datetime | None = None,
    after_seq: int = 0, limit: int = LINES, by: Clock = "recorded_at",
) -> Statement:  # fmt: skip
    """An account's transfers from `since` (counted in) to `until` (not), in the order they were recorded.

    A further part begins after `after_seq`. Raises: NotFound.
    """
    number = _number(session, name)
    clock = TRANSFER.c[by]
    within: list[Any] = [clock >= since] if since else []
    if until:
        within.append(clock < until)
    opening = _sum(session, number, clock < since) if since else 0
    if after_seq:
        opening += _sum(session, number, *within, TRANSFER.c.seq <= after_seq)
    found = entries(
        session, or_(TRANSFER.c.debit_id == number, TRANSFER.c.credit_id == number), TRANSFER.c.kind.in_(_TRUE),
        TRANSFER.c.seq > after_seq, *within, limit=limit + 1,
    )  # fmt: skip
    running = opening
    lines = []
    for entry in found[:limit]:
        gives = entry.debit == name
        running += -entry.amount_minor if gives else entry.amount_minor
        lines.append(StatementLine(
            seq=entry.seq, entry_seq=entry.entry_seq, recorded_at=entry.recorded_at, effective_at=entry.effective_at,
            other=str(entry.credit if gives else entry.debit), balance_minor=running, purpose=entry.purpose,
            amount_minor=-entry.amount_minor if gives else entry.amount_minor,
        ))  # fmt: skip
    more = lines[-1].seq if len(found) > limit else None
    return Statement(account=name, since=since, until=until, opening_minor=opening, closing_minor=running, lines=lines,
                     next_seq=more)  # fmt: skip


def monthly(session: Session) -> list[tuple[str, AccountName, AccountName, int]]:
    """(month of the effective day in UTC, giver, taker, sum) of all that has moved."""
    at = TRANSFER.c.effective_at
    on_sqlite = session.get_bind().dialect.name == "sqlite"
    month = func.substr(cast(at, String), 1, 7) if on_sqlite else func.to_char(func.timezone("UTC", at), "YYYY-MM")
    sides = select(month.label("month"), TRANSFER.c.debit_id, TRANSFER.c.credit_id, TRANSFER.c.amount_minor).where(
        TRANSFER.c.kind.in_(_TRUE)
    ).subquery()  # fmt: skip
    keys = (sides.c.month, sides.c.debit_id, sides.c.credit_id)
    summed = select(*keys, func.sum(sides.c.amount_minor).label("amount")).group_by(*keys).order_by(*keys)
    names = {
        row.id: name_of(row.owner_kind, row.owner_id, row.role, row.currency)
        for row in session.execute(select(ACCOUNT))
    }
    return [(row.month, names[row.debit_id], names[row.credit_id], int(row.amount)) for row in session.execute(summed)]


def first_credits(session: Session, kind: str, currency: str) -> dict[AccountName, int]:
    """account -> the first transfer that it received, of the accounts of a kind of owner."""
    first = func.min(TRANSFER.c.seq)
    query = (
        select(ACCOUNT, first.label("first"))
        .join(TRANSFER, TRANSFER.c.credit_id == ACCOUNT.c.id)
        .where(ACCOUNT.c.owner_kind == kind, ACCOUNT.c.currency == currency, TRANSFER.c.kind.in_(_TRUE))
        .group_by(*ACCOUNT.c)
    )
    return {
        name_of(row.owner_kind, row.owner_id, row.role, row.currency): int(row.first) for row in session.execute(query)
    }


def exchanged(session: Session, name: AccountName) -> dict[AccountName, int]:
    """other account -> what it gave to this one, less what it took; empty for an account that was never opened."""
    number = session.execute(select(ACCOUNT.c.id).where(_is(name))).scalar_one_or_none()
    if number is None:
        return {}
    sides = union_all(
        select(TRANSFER.c.debit_id.label("id"), TRANSFER.c.amount_minor.label("amount"))
        .where(TRANSFER.c.credit_id == number, TRANSFER.c.kind.in_(_TRUE)),
        select(TRANSFER.c.credit_id.label("id"), (-TRANSFER.c.amount_minor).label("amount"))
        .where(TRANSFER.c.debit_id == number, TRANSFER.c.kind.in_(_TRUE)),
    ).subquery()  # fmt: skip
    query = (
        select(ACCOUNT, func.sum(sides.c.amount).label("given"))
        .join(sides, sides.c.id == ACCOUNT.c.id).group_by(*ACCOUNT.c).order_by(ACCOUNT.c.id)
    )  # fmt: skip
    return {
        name_of(row.owner_kind, row.owner_id, row.role, row.currency): int(row.given) for row in session.execute(query)
    }


def moved_between(session: Session, since: dt.datetime, until: dt.datetime, currency: str) -> Iterator[Entry]:
    """What moved in a currency with an effective time from `since` (counted in) to `until` (not), in recorded order."""
    at = TRANSFER.c.effective_at
    where = (TRANSFER.c.kind.in_(_TRUE), TRANSFER.c.currency == currency, at >= since, at < until)
    for row in stream_rows(session, ENTRIES.where(*where)):
        yield entry_of(row)


def transfers(session: Session, *, seqs: Sequence[int] = (), keys: Sequence[str] = ()) -> list[Entry]:
    """Transfers by number or by key, in their order."""
    return entries(session, or_(TRANSFER.c.seq.in_(seqs), TRANSFER.c.key.in_(keys)))


def together(session: Session, seq: int) -> list[Entry]:
    """A transfer with those that were booked together with it, in their order; none if it is not there."""
    entry = select(TRANSFER.c.entry_seq).where(TRANSFER.c.seq == seq).scalar_subquery()
    return entries(session, TRANSFER.c.entry_seq == entry)


def end_of(session: Session, pending_seq: int) -> Entry | None:
    """What became of a pending transfer; None while it is held."""
    found = entries(session, TRANSFER.c.pending_seq == pending_seq)
    return found[0] if found else None


def held(session: Session, name: AccountName | None = None) -> list[Entry]:
    """Pending transfers that have not ended, of one account or of all."""
    where = [TRANSFER.c.seq.in_(select(HOLD.c.seq))]
    if name is not None:
        number = _number(session, name)
        where.append(or_(TRANSFER.c.debit_id == number, TRANSFER.c.credit_id == number))
    return entries(session, *where)


def see_one_state(session: Session) -> None:
    """Read the book as it is at this moment, however long it takes and whoever writes. To be called first."""
    if session.get_bind().dialect.name == "sqlite" or session.info.get("sees_one_state"):
        return  # a transaction of SQLite sees one state anyway
    session.info["sees_one_state"] = True
    session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


def stream(session: Session, after_seq: int = 0) -> Iterator[Entry]:
    """Every transfer in its order, a few thousand in memory at a time."""
    for row in stream_rows(session, ENTRIES.where(TRANSFER.c.seq > after_seq)):
        yield entry_of(row)


def stream_rows(session: Session, query: Any) -> Iterator[Any]:
    """The rows of a query, a few thousand in memory at a time."""
    result = session.connection().execution_options(stream_results=True, yield_per=_TOGETHER).execute(query)
    try:
        yield from result
    finally:
        result.close()
