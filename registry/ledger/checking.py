"""The whole book worked out anew from its transfers: chain, balances, limits, what is held."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import groupby

from sqlalchemy import select
from sqlmodel import Session

from registry.ledger import queries
from registry.ledger.book import limit_hash
from registry.ledger.pen import ACCOUNT, HOLD, TRANSFER, hash_of, name_of
from registry.ledger.rules import FIRST_HASH, Totals, gave, received
from registry.ledger.schemas import AccountName, CheckReport, Entry, Fault
from registry.ledger.tables import LedgerLimit

FAULTS_SHOWN = 100
_LIMIT = LedgerLimit.__table__  # type: ignore[attr-defined]


@dataclass(slots=True)
class _Held:
    debit: AccountName
    credit: AccountName
    amount: int


@dataclass
class _Check:
    accounts: dict[AccountName, Totals] = field(default_factory=dict)
    held: dict[int, _Held] = field(default_factory=dict)
    totals: Counter[str] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)
    more_faults: int = 0
    seq: int = 0
    hash: str = FIRST_HASH

    def fault(self, what: str, seq: int | None = None) -> None:
        if len(self.faults) < FAULTS_SHOWN:
            self.faults.append(Fault(what=what, seq=seq))
        else:
            self.more_faults += 1


def check(session: Session, published: tuple[int, str] | None = None) -> CheckReport:
    """Recompute everything in one pass. Memory: that of the accounts and holds, not of the transfers.

    published: a head that was told to somebody (number, hash), which the chain then has to contain.
    """
    queries.see_one_state(session)
    found = _Check()
    if published and published[0] == 0 and published[1] != FIRST_HASH:
        found.fault("The published head is not where this chain begins.", 0)
    limits = _limits(session, found)
    last_at = None
    for entry in queries.stream(session):
        if entry.seq != found.seq + 1:
            found.fault(f"After transfer {found.seq} comes {entry.seq}.", entry.seq)
        if hash_of(found.hash, entry) != entry.hash:
            found.fault(f"The hash of transfer {entry.seq} is not that of its row after the row before.", entry.seq)
        if published and entry.seq == published[0] and entry.hash != published[1]:
            found.fault(f"Transfer {entry.seq} is not the one whose hash was published.", entry.seq)
        if last_at is not None and entry.recorded_at < last_at:
            found.fault(f"Transfer {entry.seq} was recorded before the one before it.", entry.seq)
        _set_limits(found, limits, found.seq)
        last_at = entry.recorded_at
        _apply(found, entry)
        found.seq, found.hash = entry.seq, entry.hash
    _set_limits(found, limits, None)
    if published and published[0] > found.seq:
        found.fault(f"Transfer {published[0]} was published, but the chain ends at {found.seq}.", found.seq)
    head = queries.head(session)
    if (head.seq, head.hash) != (found.seq, found.hash):
        found.fault(f"The head says {head.seq}, the chain ends at {found.seq}, or its hash differs.", found.seq)
    _compare(session, found)
    return CheckReport(
        ok=not found.faults, transfers=found.seq, accounts=len(found.accounts), held=len(found.held), head=head,
        totals=dict(sorted(found.totals.items())), faults=found.faults, more_faults=found.more_faults,
    )  # fmt: skip


_Change = tuple[AccountName, int | None, int | None]


def _limits(session: Session, found: _Check) -> dict[int, list[_Change]]:
    """number of a transfer -> changes of limits after it; their hashes are checked against the chain on the way."""
    changes: dict[int, list[_Change]] = {}
    rows = session.execute(
        select(_LIMIT, *(ACCOUNT.c[name] for name in ("owner_kind", "owner_id", "role", "currency")),
               TRANSFER.c.hash.label("before"))
        .join(ACCOUNT, ACCOUNT.c.id == _LIMIT.c.account_id)
        .outerjoin(TRANSFER, TRANSFER.c.seq == _LIMIT.c.after_seq)
        .order_by(_LIMIT.c.id)
    )  # fmt: skip
    for row in rows:
        name = name_of(row.owner_kind, row.owner_id, row.role, row.currency)
        before = FIRST_HASH if row.after_seq == 0 else row.before or ""
        if row.hash != limit_hash(before, row.after_seq, name, row.lowest_minor, row.highest_minor, row.why, row.by_id,
                                  row.set_at):  # fmt: skip
            found.fault(f"The limits of {name} set after transfer {row.after_seq} are not what was written.")
        changes.setdefault(row.after_seq, []).append((name, row.lowest_minor, row.highest_minor))
    return changes


def _set_limits(found: _Check, changes: dict[int, list[_Change]], after_seq: int | None) -> None:
    due = [after_seq] if after_seq is not None else sorted(changes)
    for seq in due:
        if after_seq is None and seq > found.seq:
            found.fault(f"Limits were set after transfer {seq}, which is not there.", seq)
        for name, lowest, highest in changes.pop(seq, ()):
            was = found.accounts.get(name, Totals())
            now = Totals(was.debits, was.credits, was.pending_debits, was.pending_credits, lowest, highest)
            found.accounts[name] = now
            if not now.within():
                found.fault(f"The limits of {name} left out its balance when they were set, after {seq}.", seq)


def _apply(found: _Check, entry: Entry) -> None:
    kind, amount, released = entry.kind, entry.amount_minor, entry.released_minor
    if kind == "pending":
        found.held[entry.seq] = _Held(entry.debit, entry.credit, amount)
    elif entry.pending_seq is not None:
        held = found.held.pop(entry.pending_seq, None)
        if held is None:
            found.fault(f"Transfer {entry.seq} ends {entry.pending_seq}, which is not held.", entry.seq)
        elif (held.debit, held.credit, held.amount) != (entry.debit, entry.credit, released):
            found.fault(f"Transfer {entry.seq} ends {entry.pending_seq}, but is not like it.", entry.seq)
    for name, after in ((entry.debit, gave), (entry.credit, received)):
        if name not in found.accounts:
            found.fault(f"{name} has a transfer, {entry.seq}, but was not open then.", entry.seq)
        totals = after(found.accounts.get(name, Totals()), kind, amount, released)
        found.accounts[name] = totals
        if not totals.within():
            found.fault(f"Transfer {entry.seq} takes {name} out of its limits.", entry.seq)
    found.totals[entry.debit.currency] += amount if kind in ("posted", "settled") else 0


def _compare(session: Session, found: _Check) -> None:
    """What is kept at hand against what was worked out."""
    kept = queries.balances(session)
    for balance in kept:
        is_ = Totals(
            balance.debits_minor, balance.credits_minor, balance.pending_debits_minor, balance.pending_credits_minor,
            balance.lowest_minor, balance.highest_minor,
        )  # fmt: skip
        should = found.accounts.get(balance.account)
        if is_ != should:
            was = should.balance if should else "unknown"
            found.fault(f"{balance.account} says {is_.balance} or its limits or holds differ; its transfers say {was}.")
    missing = found.accounts.keys() - {balance.account for balance in kept}
    for name in sorted(missing, key=str):
        found.fault(f"{name} has transfers or limits but no balance.")
    if {*session.execute(select(HOLD.c.seq)).scalars()} != found.held.keys():
        found.fault("What is listed as held is not what the transfers leave held.")
    by_currency = sorted(((name.currency, totals.balance) for name, totals in found.accounts.items()))
    for code, group in groupby(by_currency, key=lambda pair: pair[0]):
        if (off := sum(amount for _, amount in group)) != 0:
            found.fault(f"All balances in {code} come to {off}, and should to nothing.")
