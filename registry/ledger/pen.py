"""Writing into the book: one writer at a time, each row chained to the one before, balances and limits kept with it."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update
from sqlmodel import Session, SQLModel

from registry.ledger.rules import Totals, chained, check_limits, gave, moment, received
from registry.ledger.schemas import AccountName, Entry
from registry.ledger.tables import LedgerAccount, LedgerBalance, LedgerHead, LedgerHold, LedgerTransfer
from registry.stores.clock import database_now

HOLDS_AT_ONCE = 500
_WRITING = "brickyard_writes"  # what stores.db.transaction() says of its connection


def _table(model: type[SQLModel]) -> Any:
    return model.__table__  # type: ignore[attr-defined]


ACCOUNT, BALANCE, HEAD = _table(LedgerAccount), _table(LedgerBalance), _table(LedgerHead)
HOLD, TRANSFER = _table(LedgerHold), _table(LedgerTransfer)
# Made once: building a statement takes longer than running it.
_READ_HEAD = select(HEAD).with_for_update()
_MOVE_HEAD = update(HEAD).values({name: bindparam(name) for name in ("seq", "hash", "recorded_at")})
_DUE = select(HOLD.c.seq).where(HOLD.c.expires_at <= bindparam("now")).order_by(HOLD.c.seq).limit(HOLDS_AT_ONCE)
_ACCOUNTS = (
    select(ACCOUNT, BALANCE)
    .join(BALANCE, BALANCE.c.account_id == ACCOUNT.c.id)
    .where(
        ACCOUNT.c.owner_kind.in_(bindparam("kinds", expanding=True)),
        ACCOUNT.c.owner_id.in_(bindparam("owners", expanding=True)),
        ACCOUNT.c.role.in_(bindparam("roles", expanding=True)),
    )
)
_WRITE_TRANSFERS = insert(TRANSFER)
_WRITE_BALANCES = (
    update(BALANCE)
    .where(BALANCE.c.account_id == bindparam("of"))
    .values({name: bindparam(name) for name in
             ("debits_minor", "credits_minor", "pending_debits_minor", "pending_credits_minor")})
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Draft:
    """A transfer before it has its place in the chain."""

    kind: str
    debit: AccountName
    credit: AccountName
    amount: int
    key: str
    purpose: str
    released: int = 0
    pending_seq: int | None = None
    reverses_seq: int | None = None
    expires_at: dt.datetime | None = None
    effective_at: dt.datetime | None = None
    by_id: int | None = None


@dataclass(slots=True)
class _Known:
    id: int
    totals: Totals


class Pen:
    """The right to write, held from now to the end of the transaction. Holds that are due expire first.

    Raises: RuntimeError outside stores.db.transaction(), where SQLite would let two write at once.
    """

    def __init__(self, session: Session) -> None:
        session.flush()  # what the caller has added may be named by transfers
        connection = session.connection()
        if connection.dialect.name == "sqlite" and not connection.get_execution_options().get(_WRITING):
            raise RuntimeError("The book is written in stores.db.transaction() alone.")
        self.session = session
        self._run = connection.execute  # quicker than the session's, which looks for objects first
        head = self._run(_READ_HEAD).one()
        self.seq: int = head.seq
        self.hash: str = head.hash
        self.now = max(database_now(session), head.recorded_at)  # a clock set back does not turn the book's order round
        self._known: dict[AccountName, _Known] = {}
        self._expire_due()

    def _expire_due(self) -> None:
        due = self._run(_DUE, {"now": self.now}).scalars().all()
        if due:
            self.write([
                Draft("expired", held.debit, held.credit, 0, f":expired:{held.seq}", "Time ran out",
                      released=held.amount_minor, pending_seq=held.seq)
                for held in entries(self.session, TRANSFER.c.seq.in_(due))
            ], together=False)  # fmt: skip

    def look_up(self, names: Iterable[AccountName]) -> None:
        """Read accounts that will be asked for, in one go."""
        wanted = set(names) - self._known.keys()
        if not wanted:
            return
        rows = self._run(_ACCOUNTS, {
            "kinds": list({name.kind for name in wanted}), "owners": list({name.id for name in wanted}),
            "roles": list({name.role for name in wanted}),
        })  # fmt: skip
        for row in rows:
            name = name_of(row.owner_kind, row.owner_id, row.role, row.currency)
            if name in wanted:
                self._known[name] = _Known(row.id, totals_of(row))

    def knows(self, name: AccountName) -> bool:
        """Whether an account is open."""
        self.look_up([name])
        return name in self._known

    def totals(self, name: AccountName) -> Totals:
        """What an open account comes to, with what this pen has written."""
        self.look_up([name])
        return self._known[name].totals

    def number(self, name: AccountName) -> int:
        """The id of an open account."""
        self.look_up([name])
        return self._known[name].id

    def forget(self, name: AccountName) -> None:
        """Look an account up again the next time: its limits have changed."""
        self._known.pop(name, None)

    def write(self, drafts: Sequence[Draft], *, together: bool = True) -> list[Entry]:
        """Add transfers at the end of the chain, all or none. Raises: Conflict where a limit would be passed."""
        self.look_up(name for draft in drafts for name in (draft.debit, draft.credit))
        written: list[Entry] = []
        rows: list[dict[str, Any]] = []
        touched: set[AccountName] = set()
        first = self.seq + 1
        for draft in drafts:
            entry = self._entry(draft, first if together else self.seq + 1)
            giver, taker = self._known[draft.debit], self._known[draft.credit]
            after = (
                gave(giver.totals, draft.kind, draft.amount, draft.released),
                received(taker.totals, draft.kind, draft.amount, draft.released),
            )
            for name, totals in zip((draft.debit, draft.credit), after, strict=True):
                check_limits(str(name), totals)
            giver.totals, taker.totals = after
            touched |= {draft.debit, draft.credit}
            rows.append(entry.model_dump(exclude={"debit", "credit"}) | {"debit_id": giver.id, "credit_id": taker.id})
            written.append(entry)
            self.seq, self.hash = entry.seq, entry.hash
        self._run(_WRITE_TRANSFERS, rows)
        changes = []
        for name in sorted(touched, key=lambda name: self._known[name].id):
            totals = self._known[name].totals
            changes.append({
                "of": self._known[name].id, "debits_minor": totals.debits, "credits_minor": totals.credits,
                "pending_debits_minor": totals.pending_debits, "pending_credits_minor": totals.pending_credits,
            })  # fmt: skip
        self._run(_WRITE_BALANCES, changes)
        held = [{"seq": entry.seq, "expires_at": entry.expires_at} for entry in written if entry.kind == "pending"]
        if held:
            self._run(insert(HOLD), held)
        ended = [entry.pending_seq for entry in written if entry.pending_seq is not None]
        if ended:
            self._run(delete(HOLD).where(HOLD.c.seq.in_(ended)))
        self._run(_MOVE_HEAD, {"seq": self.seq, "hash": self.hash, "recorded_at": self.now})
        return written

    def _entry(self, draft: Draft, entry_seq: int) -> Entry:
        entry = Entry.model_construct(
            seq=self.seq + 1, entry_seq=entry_seq, kind=draft.kind, debit=draft.debit, credit=draft.credit,
            amount_minor=draft.amount, released_minor=draft.released, currency=draft.debit.currency,
            pending_seq=draft.pending_seq, reverses_seq=draft.reverses_seq, expires_at=draft.expires_at,
            recorded_at=self.now, effective_at=draft.effective_at or self.now, purpose=draft.purpose, by_id=draft.by_id,
            key=draft.key, hash="",
        )  # fmt: skip
        entry.hash = hash_of(self.hash, entry)
        return entry


def hash_of(before: str, entry: Entry) -> str:
    """The hash of a transfer in its place in the chain; its accounts go in by name, not by number."""
    return chained(
        before, entry.seq, entry.entry_seq, entry.kind, str(entry.debit), str(entry.credit), entry.amount_minor,
        entry.released_minor, entry.pending_seq, entry.reverses_seq, moment(entry.expires_at),
        moment(entry.recorded_at), moment(entry.effective_at), entry.purpose, entry.by_id, entry.key,
    )  # fmt: skip


def totals_of(row: Any) -> Totals:
    """A row of balances as the rules take it."""
    return Totals(
        row.debits_minor, row.credits_minor, row.pending_debits_minor, row.pending_credits_minor,
        row.lowest_minor, row.highest_minor,
    )  # fmt: skip


_GIVER, _TAKER = ACCOUNT.alias("giver"), ACCOUNT.alias("taker")
_SIDES = ("owner_kind", "owner_id", "role")
_PLAIN = tuple(name for name in Entry.model_fields if name not in ("debit", "credit"))
ENTRIES = (
    select(
        *(TRANSFER.c[name] for name in _PLAIN),
        *(_GIVER.c[name].label(f"debit_{name}") for name in _SIDES),
        *(_TAKER.c[name].label(f"credit_{name}") for name in _SIDES),
    )
    .join_from(TRANSFER, _GIVER, TRANSFER.c.debit_id == _GIVER.c.id)
    .join(_TAKER, TRANSFER.c.credit_id == _TAKER.c.id)
    .order_by(TRANSFER.c.seq)
)


@functools.lru_cache(maxsize=100_000)
def name_of(kind: str, owner: str, role: str, currency: str) -> AccountName:
    """The name of an account of the book; one object each, as a book of a million transfers has few accounts."""
    return AccountName.model_construct(kind=kind, id=owner, role=role, currency=currency)


def entry_of(row: Any) -> Entry:
    """A row of ENTRIES as an entry."""
    values = tuple(row)
    plain = dict(zip(_PLAIN, values, strict=False))
    currency = plain["currency"]
    debit, credit = name_of(*values[-6:-3], currency), name_of(*values[-3:], currency)
    return Entry.model_construct(None, debit=debit, credit=credit, **plain)


_BY_KEY = ENTRIES.where(TRANSFER.c.key.in_(bindparam("keys", expanding=True)))


def by_key(session: Session, keys: Sequence[str]) -> dict[str, Entry]:
    """key -> the transfer that has it, of those that are there."""
    return {row.key: entry_of(row) for row in session.connection().execute(_BY_KEY, {"keys": list(keys)})}


def entries(session: Session, *where: Any, limit: int | None = None) -> list[Entry]:
    """The transfers of which all of `where` is true, in their order."""
    return [entry_of(row) for row in session.connection().execute(ENTRIES.where(*where).limit(limit))]
