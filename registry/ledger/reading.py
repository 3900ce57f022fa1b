"""Who may read which account. Campaigns, funds, communities and the outside are open books; a person's accounts are
their own; other features say who reads those of fabricators."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from sqlalchemy import and_, false, func, or_, select
from sqlmodel import Session

from registry.errors import NotFound
from registry.ledger import queries
from registry.ledger.pen import ACCOUNT, BALANCE
from registry.ledger.schemas import AccountList, AccountName, AccountQuery, AccountView, Statement, StatementQuery

OPEN_KINDS = ("campaign", "fund", "community", "external")
HOOK = "ledger.owns"  # (session, account's id) -> (kind, id) of other owners whose accounts they may read
Owners = Callable[[Session, int], Iterable[tuple[str, str]]]


@dataclass(frozen=True)
class Reader:
    """Somebody who reads: whose accounts are theirs. Stewards see every account."""

    owners: frozenset[tuple[str, str]] = frozenset()
    steward: bool = False

    def may(self, name: AccountName) -> bool:
        """Whether they may read an account."""
        return self.steward or name.kind in OPEN_KINDS or (name.kind, name.id) in self.owners


def reader_of(session: Session, account_id: int | None, steward: bool, hooks: Iterable[Owners] = ()) -> Reader:
    """What a logged-in person, or nobody, may read."""
    if account_id is None:
        return Reader()
    theirs = {("person", str(account_id))}
    for hook in hooks:
        theirs |= set(hook(session, account_id))
    return Reader(frozenset(theirs), steward)


def list_accounts(session: Session, query: AccountQuery, reader: Reader) -> AccountList:
    """Accounts that the reader may see, in the order of their opening; `next` is the rest of an address."""
    where = [
        column == wanted
        for column, wanted in (
            (ACCOUNT.c.owner_kind, query.kind), (ACCOUNT.c.owner_id, query.owner), (ACCOUNT.c.role, query.role),
            (ACCOUNT.c.currency, query.currency),
        )
        if wanted is not None
    ]  # fmt: skip
    if not reader.steward:
        theirs = [and_(ACCOUNT.c.owner_kind == kind, ACCOUNT.c.owner_id == owner) for kind, owner in reader.owners]
        where.append(or_(ACCOUNT.c.owner_kind.in_(OPEN_KINDS), *theirs, false()))
    total = session.execute(select(func.count()).select_from(ACCOUNT).where(*where)).scalar_one()
    rows = session.execute(
        select(ACCOUNT, BALANCE).join(BALANCE, BALANCE.c.account_id == ACCOUNT.c.id).where(*where)
        .order_by(ACCOUNT.c.id).offset((query.page - 1) * query.per_page).limit(query.per_page)
    )  # fmt: skip
    exponents = {code: each.exponent for code, each in queries.currencies(session).items()}
    found = [queries.balance_of(row) for row in rows]
    more = query.page * query.per_page < total
    kept = query.model_dump(exclude_none=True) | {"page": query.page + 1}
    return AccountList(
        items=[AccountView(**dict(each), exponent=exponents[each.account.currency]) for each in found],
        total=total,
        next="?" + urlencode(kept) if more else None,
    )


def read_statement(session: Session, name: AccountName, query: StatementQuery, reader: Reader) -> Statement:
    """An account's transfers; of other accounts that the reader may not see, only the kind is told.

    Raises: NotFound, also for accounts that are not theirs to read.
    """
    if not reader.may(name):
        raise NotFound(f"There is no account {name} that you may see.", "Log in as its owner.")
    told = queries.statement(session, name, since=query.since, until=query.until, after_seq=query.after, by=query.by)
    for line in told.lines:
        kind, owner, role, currency = line.other.split("/")
        if not reader.may(AccountName(kind=kind, id=owner, role=role, currency=currency)):  # type: ignore[arg-type]
            line.other = kind
    return told
