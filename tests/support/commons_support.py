"""A fund with money in it, and people who may speak: ada maintains the bench, ben built it, cyd is named."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from reports_support import Bench, open_bench
from sqlalchemy import update
from sqlmodel import col

from registry.commons import queries, service
from registry.commons.schemas import GiftWish, NamedWish, ProposalView, ProposalWish
from registry.commons.tables import CommonsProposal
from registry.stores.stores import Stores
from registry.values import utcnow


def wish(key: str = "k1", **changes: object) -> ProposalWish:
    values: dict[str, object] = {
        "kind": "prototype", "title": "Two planks of ash", "text": "To try the back.", "payee": "Sawmill Ghent",
        "currency": "EUR", "amount_minor": 60_00, "days": 14, "things_only": True, "key": key,
    }  # fmt: skip
    return ProposalWish.model_validate(values | changes)


def gift(key: str = "g1", amount_minor: int = 100_00) -> GiftWish:
    return GiftWish(
        amount_minor=amount_minor, currency="EUR", seen_on=utcnow().date(), reference="Statement 3", key=key
    )


def open_fund(stores: Stores, folder: Path) -> Bench:
    bench = open_bench(stores, folder)
    bench.report("ben")
    service.record_gift(stores, bench.person("ada"), bench.slug, gift())
    bench.person("cyd")
    told = NamedWish(handle="cyd", why="Drew the cushion")
    service.name_person(stores, bench.person("ada"), bench.slug, told)
    return bench


def later(stores: Stores, number: int, days: int) -> None:
    """Let days pass for a proposal."""
    with stores.db.transaction() as session:
        row = session.get_one(CommonsProposal, number)
        back = {name: getattr(row, name) - dt.timedelta(days=days) for name in ("opened_at", "ends_at", "changed_at")}
        session.execute(update(CommonsProposal).where(col(CommonsProposal.id) == number).values(**back))


def read(stores: Stores, number: int) -> ProposalView:
    service.settle(stores, number)
    with stores.db.reading() as session:
        return queries.get_proposal(session, number)
