"""The book's promises, kept inside a transaction of whoever writes.

1. A transfer is one row of two accounts of one currency: it can't be unbalanced.
2. Rows are never changed or removed; corrections are new transfers (`reverse`).
3. The same key with the same body answers the same; with another body it is a Conflict.
4. A pending transfer is settled (perhaps in part), voided or expired exactly once; pending amounts count
   against limits.
5. Limits hold whoever else writes: the head of the chain is locked from the first call to the end of the transaction.
6. Sharing out (`rules.share_out`) conserves every unit.
7. The hashes of the rows are a chain (`checking`).

Take your own feature's row locks first and write into the book last: then no two transactions wait for each other.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import insert, select, update
from sqlmodel import Session

from registry.errors import Conflict, Invalid, NotFound
from registry.ledger.money import check_own_code, iso_currency
from registry.ledger.pen import ACCOUNT, BALANCE, HOLD, TRANSFER, Draft, Pen, by_key, entries
from registry.ledger.rules import Totals, chained, check_limits, moment
from registry.ledger.schemas import TRANSFERS_PER_ENTRY, AccountName, Currency, Entry, Transfer
from registry.ledger.tables import LedgerCurrency, LedgerLimit
from registry.stores.clock import database_now


def open_currency(session: Session, code: str, *, exponent: int, name: str, community: str) -> Currency:
    """A community's own currency, of 4 to 12 capital letters. Raises: Invalid; Conflict if it is another."""
    check_own_code(code)
    if not 0 <= exponent <= 6 or not name.strip() or not community:
        raise Invalid(
            f"{code} needs a name, a community and 0 to 6 decimals.", "Say all three.", field="currency"
        )  # fmt: skip
    pen = Pen(session)
    wanted = Currency(code=code, exponent=exponent, name=name.strip()[:80], community=community)
    row = session.get(LedgerCurrency, code)
    if row is None:
        session.add(LedgerCurrency(**wanted.model_dump(), opened_at=pen.now))
        session.flush()
        return wanted
    if Currency.model_validate(row, from_attributes=True) != wanted:
        raise Conflict(f"There is a currency {code} already, and it is another.", "Choose another code.")
    return wanted


def _need_currency(pen: Pen, code: str) -> None:
    if pen.session.get(LedgerCurrency, code) is None:
        if len(code) != 3:
            raise NotFound(f"There is no currency {code[:20]} here.", "The community that issues it opens it first.")
        pen.session.add(LedgerCurrency(**iso_currency(code).model_dump(), opened_at=pen.now))
        pen.session.flush()


def open_account(
    session: Session, name: AccountName, *, lowest_minor: int | None = None, highest_minor: int | None = None,
    why: str = "Opened", by_id: int | None = None,
) -> None:  # fmt: skip
    """An account, made unless it is there with these limits. Limits: None is none; lowest 0 means it never owes.

    Raises: Invalid; Conflict if it is there with other limits.
    """
    pen = Pen(session)
    if pen.knows(name):
        totals = pen.totals(name)
        if (totals.lowest, totals.highest) != (lowest_minor, highest_minor):
            raise Conflict(f"{name} is open with other limits.", "Change them with set_limits, and say why.")
        return
    _check_bounds(name, lowest_minor, highest_minor)
    _need_currency(pen, name.currency)
    row = {"owner_kind": name.kind, "owner_id": name.id, "role": name.role, "currency": name.currency}
    number = session.execute(insert(ACCOUNT).values(**row, opened_at=pen.now).returning(ACCOUNT.c.id)).scalar_one()
    session.execute(insert(BALANCE).values(
        account_id=number, debits_minor=0, credits_minor=0, pending_debits_minor=0, pending_credits_minor=0,
    ))  # fmt: skip
    _write_limits(pen, name, lowest_minor, highest_minor, why, by_id)


def set_limits(
    session: Session, name: AccountName, *, lowest_minor: int | None, highest_minor: int | None, why: str,
    by_id: int | None,
) -> None:  # fmt: skip
    """Other limits for an account, with the reason kept.

    Raises: NotFound, Invalid; Conflict if the balance lies outside them now.
    """
    pen = Pen(session)
    _need_accounts(pen, [name])
    _check_bounds(name, lowest_minor, highest_minor)
    was = pen.totals(name)
    if (was.lowest, was.highest) == (lowest_minor, highest_minor):
        return
    check_limits(str(name), Totals(was.debits, was.credits, was.pending_debits, was.pending_credits,
                                   lowest_minor, highest_minor))  # fmt: skip
    _write_limits(pen, name, lowest_minor, highest_minor, why, by_id)


def _check_bounds(name: AccountName, lowest: int | None, highest: int | None) -> None:
    if (lowest or 0) > 0 or (highest or 0) < 0:
        raise Invalid(
            f"The limits of {name} leave out zero, where every account begins.",
            "Give a lowest balance of zero or below, and a highest of zero or above.",
            field="limits",
        )


def _write_limits(
    pen: Pen, name: AccountName, lowest: int | None, highest: int | None, why: str, by_id: int | None
) -> None:
    if not why.strip() or not why.isprintable():
        raise Invalid("Limits are set for a reason.", "Say it in one line.", field="why")
    why = why.strip()[:200]
    pen.forget(name)
    number = pen.number(name)
    pen.session.execute(insert(LedgerLimit).values(
        account_id=number, after_seq=pen.seq, lowest_minor=lowest, highest_minor=highest, why=why, by_id=by_id,
        set_at=pen.now, hash=limit_hash(pen.hash, pen.seq, name, lowest, highest, why, by_id, pen.now),
    ))  # fmt: skip
    pen.session.execute(
        update(BALANCE).where(BALANCE.c.account_id == number).values(lowest_minor=lowest, highest_minor=highest)
    )
    pen.forget(name)


def limit_hash(
    before: str, after_seq: int, name: AccountName, lowest: int | None, highest: int | None, why: str,
    by_id: int | None, at: dt.datetime,
) -> str:  # fmt: skip
    """The hash of a change of limits, tied to the transfer it came after."""
    return chained(before, "limits", after_seq, str(name), lowest, highest, why, by_id, moment(at))


def post(session: Session, transfer: Transfer) -> Entry:
    """Record a transfer, or hold its amount if it is pending.

    Raises: NotFound without one of the accounts; Invalid; Conflict for a limit, or a key that another body has.
    """
    return post_all(session, [transfer])[0]


def post_all(session: Session, transfers: Sequence[Transfer]) -> list[Entry]:
    """Record transfers that belong together, all or none, in this order. Raises: as `post`."""
    if not 0 < len(transfers) <= TRANSFERS_PER_ENTRY:
        raise Invalid(f"{len(transfers)} transfers can't be booked together.", f"Give 1 to {TRANSFERS_PER_ENTRY}.")
    for transfer in transfers:
        _check(transfer)
    if len({transfer.key for transfer in transfers}) != len(transfers):
        raise Invalid("A key comes twice among transfers booked together.", "Give each its own.", field="key")
    pen = Pen(session)
    known = by_key(session, [transfer.key for transfer in transfers])
    if known:
        if len(known) != len(transfers) or not all(_same(known[each.key], each) for each in transfers) \
                or len({entry.entry_seq for entry in known.values()}) != 1:  # fmt: skip
            _refuse_key(next(iter(known)))
        return [known[transfer.key] for transfer in transfers]
    _need_accounts(pen, [name for transfer in transfers for name in (transfer.debit, transfer.credit)])
    for transfer in transfers:
        if transfer.expires_at is not None and transfer.expires_at <= pen.now:
            raise Invalid("What is held would expire at once.", "Give a time to come.", field="expires_at")
    return pen.write([
        Draft(
            "pending" if each.pending else "posted", each.debit, each.credit, each.amount_minor, each.key, each.purpose,
            expires_at=_utc(each.expires_at), effective_at=_utc(each.effective_at), by_id=each.by_id,
        )
        for each in transfers
    ])  # fmt: skip


def _check(transfer: Transfer) -> None:
    if transfer.debit.currency != transfer.credit.currency:
        raise Invalid(
            f"{transfer.debit} and {transfer.credit} hold different currencies.", "Move one currency at a time.",
            field="currency",
        )  # fmt: skip
    if transfer.debit == transfer.credit:
        raise Invalid(f"{transfer.debit} can't pay itself.", "Name two accounts.", field="credit")
    if transfer.expires_at is not None and not transfer.pending:
        raise Invalid("Only what is pending expires.", "Leave the time out.", field="expires_at")


def _need_accounts(pen: Pen, names: Sequence[AccountName]) -> None:
    pen.look_up(names)
    for name in names:
        if not pen.knows(name):
            raise NotFound(f"There is no account {name}.", "Open it first.")


def settle(
    session: Session, pending_seq: int, *, key: str, purpose: str, amount_minor: int | None = None,
    effective_at: dt.datetime | None = None, by_id: int | None = None,
) -> Entry:  # fmt: skip
    """Make a pending transfer true, wholly or in part; the rest is let go. Raises: NotFound, Invalid, Conflict."""
    return _end(session, "settled", pending_seq, key, purpose, amount_minor, effective_at, by_id)


def void(session: Session, pending_seq: int, *, key: str, purpose: str, by_id: int | None = None) -> Entry:
    """Let go of what a pending transfer holds. Raises: NotFound, Conflict."""
    return _end(session, "voided", pending_seq, key, purpose, 0, None, by_id)


def _end(
    session: Session, kind: str, pending_seq: int, key: str, purpose: str, amount: int | None,
    effective_at: dt.datetime | None, by_id: int | None,
) -> Entry:  # fmt: skip
    pen = Pen(session)
    held = _entry(session, pending_seq)
    if held.kind != "pending":
        raise Invalid(f"Transfer {pending_seq} was never pending.", "Reverse it instead.", field="pending_seq")
    amount = held.amount_minor if amount is None else amount
    wish = Transfer(debit=held.debit, credit=held.credit, amount_minor=amount or 1, key=key, purpose=purpose,
                    effective_at=effective_at, by_id=by_id)  # fmt: skip
    known = by_key(session, [key]).get(key)
    if known is not None:
        same = (known.kind, known.pending_seq, known.amount_minor) == (kind, pending_seq, amount)
        if not same or known.purpose != purpose or known.by_id != by_id or not _same_moment(known, wish):
            _refuse_key(key)
        return known
    if amount > held.amount_minor:
        raise Invalid(
            f"Transfer {pending_seq} holds {held.amount_minor}, less than {amount}.", "Settle that much at most.",
            field="amount",
        )  # fmt: skip
    if session.execute(select(HOLD.c.seq).where(HOLD.c.seq == pending_seq)).first() is None:
        ended = entries(session, TRANSFER.c.pending_seq == pending_seq)[0]
        raise Conflict(f"Transfer {pending_seq} is {ended.kind} already.", "What ends, ends once.")
    if kind == "settled" and held.expires_at is not None and held.expires_at <= pen.now:
        raise Conflict(f"The time of transfer {pending_seq} has run out.", "Record it anew.")
    return pen.write([
        Draft(kind, held.debit, held.credit, amount, key, purpose, released=held.amount_minor, pending_seq=pending_seq,
              effective_at=_utc(effective_at), by_id=by_id)
    ])[0]  # fmt: skip


def has_due(session: Session) -> bool:
    """Whether anything is held past its time; takes no lock."""
    due = select(HOLD.c.seq).where(HOLD.c.expires_at <= database_now(session)).limit(1)
    return session.execute(due).first() is not None


def expire_due(session: Session) -> None:
    """Let go of what is held past its time, by the database's clock; every writer does so before it writes."""
    Pen(session)


def reverse(
    session: Session, seq: int, *, key: str, purpose: str, effective_at: dt.datetime | None = None,
    by_id: int | None = None,
) -> Entry:  # fmt: skip
    """Book a transfer back, once. Raises: NotFound, Invalid; Conflict if it was reversed already, or for a limit."""
    pen = Pen(session)
    wrong = _entry(session, seq)
    if wrong.kind not in ("posted", "settled"):
        raise Invalid(f"Transfer {seq} is {wrong.kind}: nothing was moved.", "Void what is pending.", field="seq")
    wish = Transfer(debit=wrong.credit, credit=wrong.debit, amount_minor=wrong.amount_minor, key=key, purpose=purpose,
                    effective_at=effective_at, by_id=by_id)  # fmt: skip
    known = by_key(session, [key]).get(key)
    if known is not None:
        if not _same(known, wish, seq):
            _refuse_key(key)
        return known
    already = entries(session, TRANSFER.c.reverses_seq == seq)
    if already:
        raise Conflict(f"Transfer {seq} was booked back already, by transfer {already[0].seq}.", "Once is enough.")
    return pen.write([
        Draft("posted", wish.debit, wish.credit, wish.amount_minor, key, purpose, reverses_seq=seq,
              effective_at=_utc(effective_at), by_id=by_id)
    ])[0]  # fmt: skip


def _entry(session: Session, seq: int) -> Entry:
    found = entries(session, TRANSFER.c.seq == seq)
    if not found:
        raise NotFound(f"There is no transfer {seq}.", "Look at its number again.")
    return found[0]


def _same(entry: Entry, wish: Transfer, reverses_seq: int | None = None) -> bool:
    """Whether a row is what a wish of the same key asks for."""
    kind = "pending" if wish.pending else "posted"
    return (
        (entry.kind, entry.debit, entry.credit, entry.amount_minor, entry.purpose, entry.by_id)
        == (kind, wish.debit, wish.credit, wish.amount_minor, wish.purpose, wish.by_id)
        and entry.expires_at == wish.expires_at
        and entry.reverses_seq == reverses_seq
        and _same_moment(entry, wish)
    )


def _same_moment(entry: Entry, wish: Transfer) -> bool:
    return entry.effective_at == (wish.effective_at or entry.recorded_at)


def _refuse_key(key: str) -> None:
    raise Conflict(
        f"The key {key} was used for something else.",
        "Take a new key for a new wish; the same for the same.",
        field="key",
    )


def _utc(at: dt.datetime | None) -> dt.datetime | None:
    return at.astimezone(dt.UTC) if at else None
