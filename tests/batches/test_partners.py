"""Batches that several fabricators make: shares of the stages, asked for, agreed to, counted apart."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from batch_support import PRICES, Market, begun, open_market
from click.testing import CliRunner
from sqlmodel import select
from unit_support import enter
from web_support import bearer, make_token, send

from app import create_app
from registry.batches import partners, queries, service, units
from registry.batches.batch_schemas import BatchDetail, BatchWish, CountWish, Move, PartnerAnswer, PartnerWish
from registry.batches.tables import BatchCount
from registry.batches.unit_schemas import NumberWish
from registry.cli import main
from registry.errors import Conflict, Forbidden, Invalid, NotFound
from registry.notices import collecting
from registry.notices.tables import Notice
from registry.stores.stores import Stores
from registry.values import utcnow


def seen(market: Market, number: int, handle: str = "") -> BatchDetail:
    with market.stores.db.reading() as session:
        return queries.get_batch(session, number, market.people[handle] if handle else None)


def ask(market: Market, number: int, *stages: str, shop: str = "south", by: str = "olga") -> None:
    wish = PartnerWish(fabricator=shop, stages=list(stages), does="by hand")
    partners.ask(market.stores, market.people[by], number, wish)


def answer(market: Market, number: int, by: str, action: str, why: str = "", shop: str = "south") -> None:
    wish = PartnerAnswer.model_validate({"action": action, "why": why})
    partners.answer(market.stores, market.people[by], number, shop, wish)


def test_a_share_is_asked_for_agreed_to_and_counted(market: Market) -> None:
    number = begun(market, 4)
    ask(market, number, "tested", "assembled")
    assert not seen(market, number).invitations and not seen(market, number, "ada").invitations
    assert [one.slug for one in seen(market, number, "sam").invitations] == ["south"]
    assert seen(market, number, "otto").invitations[0].stages == ["assembled", "tested"]
    with pytest.raises(Forbidden):  # not before it has agreed
        service.count(market.stores, market.people["sam"], number, CountWish(stage="assembled", good=1))
    with pytest.raises(Forbidden):
        answer(market, number, "olga", "agree")
    answer(market, number, "sam", "agree")
    batch = seen(market, number)
    assert [(one.slug, one.leads, one.stages) for one in batch.makers] == [
        ("north", True, []), ("south", False, ["assembled", "tested"]),
    ]  # fmt: skip
    assert [event.why for event in batch.events if event.action in ("invite", "join")] == [
        "South: assembled, tested (by hand)"
    ] * 2
    with pytest.raises(Forbidden, match="'Made' is not of it"):
        service.count(market.stores, market.people["sam"], number, CountWish(stage="made", good=4))
    service.count(market.stores, market.people["olga"], number, CountWish(stage="made", good=4))
    service.count(market.stores, market.people["sam"], number, CountWish(stage="assembled", good=3))
    service.count(market.stores, market.people["olga"], number, CountWish(stage="assembled", good=1))
    with market.stores.db.reading() as session:
        counted = session.exec(select(BatchCount.fabricator_id, BatchCount.good).order_by(BatchCount.id)).all()  # type: ignore[arg-type]
    north, south = market.shops["north"], market.shops["south"]
    assert counted == [(north, 4), (south, 3), (north, 1)]
    with pytest.raises(Forbidden):  # moving on is for who leads
        service.move(market.stores, market.people["sam"], number, Move(action="materials"))
    units.number(market.stores, market.people["sam"], number, NumberWish())
    with pytest.raises(Conflict, match="has counted units"):
        answer(market, number, "sam", "leave")


def test_a_draft_waits_for_those_it_asks(market: Market) -> None:
    wish = BatchWish(
        design=market.design, fabricators=["north", "south"], currency="EUR", prices=PRICES, units_min=10,
        units_max=20, deadline_at=utcnow().replace(year=utcnow().year + 1),
    )  # fmt: skip
    number = service.plan(market.stores, market.people["olga"], wish)
    assert seen(market, number, "sam").invitations[0].stages == []
    with pytest.raises(Conflict, match="South has not said yet"):
        service.move(market.stores, market.people["olga"], number, Move(action="open"))
    with pytest.raises(Conflict, match="was asked already"):
        ask(market, number, "made")
    answer(market, number, "sam", "decline", "no time")
    with pytest.raises(NotFound):  # what it declined, it no longer sees
        seen(market, number, "sam")
    service.move(market.stores, market.people["olga"], number, Move(action="open"))
    assert [event.action for event in seen(market, number).events] == ["plan", "decline a share", "open"]
    ask(market, number, "tested")
    answer(market, number, "otto", "take back")
    with pytest.raises(NotFound, match="not being asked"):
        answer(market, number, "sam", "agree")


def test_what_can_not_be_asked(market: Market) -> None:
    number = market.batch("olga", "north")
    with pytest.raises(Invalid, match="no stage gilded"):
        ask(market, number, "gilded")
    with pytest.raises(Invalid, match="No stage is named"):
        ask(market, number)
    with pytest.raises(NotFound, match="no fabricator called east"):
        ask(market, number, "made", shop="east")
    with pytest.raises(Conflict, match="makes this batch already"):
        ask(market, number, "made", shop="North")
    with pytest.raises(Forbidden):
        ask(market, number, "made", by="vera")
    with pytest.raises(Conflict, match="leads this batch"):
        answer(market, number, "olga", "leave", shop="north")
    service.move(market.stores, market.people["olga"], number, Move(action="cancel", why="no"))
    with pytest.raises(Conflict, match="nobody can join"):
        ask(market, number, "made")


def test_pages_json_and_commands_of_shares(stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    market = open_market(stores, tmp_path / "thing")
    app = create_app(stores=stores)
    number = market.batch("olga", "north")
    lead, partner, stranger = (
        enter(app, market, "lena", "north", "operator"), enter(app, market, "paul", "south", "operator"),
        enter(app, market, "stan"),
    )  # fmt: skip
    collecting.collect(stores)  # tells of what is new from here on
    here = f"/batches/{number}"
    assert "Ask another workshop" in lead.get(here).text and "Ask another" not in stranger.get(here).text
    kept = send(lead, f"{here}/makers", fabricator="nobody at all", stages="made", does="cut")
    assert kept.status_code == 404 and 'value="nobody at all"' in kept.text and 'value="cut"' in kept.text
    assert send(lead, f"{here}/makers", fabricator="South", stages="tested").status_code == 303
    assert ">Agree<" in partner.get(here).text and "is asked to make" not in stranger.get(here).text
    assert send(stranger, f"{here}/makers/south", action="agree").status_code == 403
    collecting.collect(stores)
    with stores.db.reading() as session:
        told = session.exec(select(Notice).where(Notice.source == "batch.invitation")).all()
    assert {row.account_id for row in told} == {market.people["sam"], market.people["paul"]}
    assert "asks you to make a share of batch" in told[0].title and "Your share: tested." in told[0].text
    answered = partner.post(
        f"/api/v1{here}/makers/south", json={"action": "agree"}, headers=bearer(make_token(partner))
    )
    assert answered.status_code == 200 and answered.json["makers"][1]["stages"] == ["tested"]
    assert "Who makes it" in stranger.get(here).text
    counting = partner.get(here).text
    assert '<option value="tested"' in counting or "Count at" not in counting  # it still fills
    monkeypatch.setenv("BRICKYARD_DATA", str(stores.settings.data))
    if stores.settings.database_url.startswith("postgresql"):
        monkeypatch.setenv("BRICKYARD_DATABASE_URL", stores.settings.database_url)
    run = CliRunner()
    left = run.invoke(main, ["batches", "answer", str(number), "south", "leave", "--as", "paul", "--json"])
    assert left.exit_code == 0 and len(json.loads(left.stdout)["makers"]) == 1
    asked = run.invoke(main, ["batches", "ask", str(number), "south", "--stage", "made", "--as", "lena", "--json"])
    assert asked.exit_code == 0 and json.loads(asked.stdout)["invitations"][0]["stages"] == ["made"]
