"""Designers hear of reports, writers of what stewards do with theirs, both sides of what official makers agree."""

from __future__ import annotations

from batch_support import Market
from sqlmodel import col, select

from registry.accounts.tables import Account
from registry.batches import origin
from registry.batches.origin_schemas import OfficialAnswer, OfficialWish
from registry.designs.tables import Design
from registry.notices.collecting import collect
from registry.notices.tables import Notice
from registry.reports import service
from registry.reports.schemas import ReportWish, StateWish


def told(market: Market, handle: str) -> list[tuple[str, str, str]]:
    with market.stores.db.reading() as session:
        rows = select(Notice).where(Notice.account_id == market.people[handle]).order_by(col(Notice.id))
        return [(row.title, row.text, row.kind) for row in session.exec(rows)]


def test_reports_and_official_makers(market: Market) -> None:
    stores, people = market.stores, market.people
    with stores.db.transaction() as session:
        design = session.exec(select(Design)).one()
        design.owner_id = people["ada"]
        session.get_one(Account, people["vera"]).is_steward = True
        session.add(design)
    wish = ReportWish(outcome="changed", units=2, country="FR", town="Lyon", words="Oak instead of pine.\nFine.")
    report = service.report(stores, people["sam"], market.design, "", wish)
    service.report(stores, people["ada"], market.design, "", wish)
    collect(stores)
    assert told(market, "ada") == [
        ("sam has built Thing main: works with changes",
         "2 units. In their words: Oak instead of pine. Fine.", "designs"),
    ]  # fmt: skip
    service.revise(stores, people["sam"], report, wish.model_copy(update={"outcome": "works", "why": "sanded"}))
    collect(stores)
    assert told(market, "ada")[1][0] == "sam has reworded a report on Thing main: works"
    service.change_state(stores, people["vera"], report, StateWish(action="hide", why="spam"))
    collect(stores)
    assert told(market, "sam") == [("Your report on Thing main is hidden", "In their words: spam", "deliveries")]
    terms = OfficialWish(fabricator="north", mark="The brick on the lid", currency="EUR")
    naming = origin.name_official(stores, people["ada"], market.design, terms)
    collect(stores)
    offered = "The maintainers of Thing offer North to be an official maker"
    assert [title for title, _, _ in told(market, "otto")] == [offered] and told(market, "olga") == [], "owners answer"
    origin.answer(stores, people["otto"], naming, OfficialAnswer(action="accept", terms=1))
    origin.answer(stores, people["otto"], naming, OfficialAnswer(action="end", why="too busy"))
    collect(stores)
    assert told(market, "ada")[2:] == [
        ("North is an official maker of Thing now", "Your terms were accepted.", "designs"),
        ("North is no official maker of Thing any more", "In their words: too busy", "designs"),
    ]
    assert len(told(market, "otto")) == 1
