"""Official fabricators: named under written terms, accepted, ended; and what that makes of batches."""

from __future__ import annotations

import hashlib
import re

import pytest
from batch_support import Market, open_market
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from web_support import bearer, make_token, send, sign_up

from registry.batches import origin
from registry.batches.origin_schemas import OfficialAnswer, OfficialWish
from registry.batches.queries import get_batch
from registry.errors import Conflict, Forbidden, Invalid, NotFound
from registry.stores.stores import Stores

WISH = OfficialWish(fabricator="north", mark="The brick on the lid", checks="Each unit under load",
                    contribution_minor=150, currency="EUR")  # fmt: skip


@pytest.fixture
def market(stores: Stores, tmp_path: object) -> Market:
    market = open_market(stores, tmp_path / "thing")  # type: ignore[operator]
    dora = market.person("dora")
    with stores.db.transaction() as session:
        session.execute(text("UPDATE design SET owner_id = :dora"), {"dora": dora})
    return market


def test_terms_are_kept_whole_and_hold_once_accepted(market: Market) -> None:
    stores, people = market.stores, market.people
    before = market.batch("olga", "north")
    with pytest.raises(Forbidden, match="whoever submitted it"):
        origin.name_official(stores, people["ada"], market.design, WISH)
    with pytest.raises(NotFound):
        origin.name_official(stores, people["dora"], market.design, WISH.model_copy(update={"fabricator": "east"}))
    with pytest.raises(Invalid, match="no conditions"):
        origin.name_official(stores, people["dora"], market.design, OfficialWish(fabricator="north"))
    number = origin.name_official(stores, people["dora"], market.design, WISH)
    for stranger in ("olga", "ada", "dora"):
        with pytest.raises(Forbidden):
            origin.answer(stores, people[stranger], number, OfficialAnswer(action="accept", terms=1))
    assert origin.name_official(stores, people["dora"], market.design, WISH) == number
    with pytest.raises(Conflict, match="newest"):
        origin.answer(stores, people["otto"], number, OfficialAnswer(action="accept", terms=1))
    origin.answer(stores, people["otto"], number, OfficialAnswer(action="accept", terms=2))
    during, other = market.batch("olga", "north"), market.batch("sam", "south")
    origin.answer(stores, people["otto"], number, OfficialAnswer(action="end", why="We move on"))
    after = market.batch("olga", "north")
    with stores.db.reading() as session:
        kinds = [get_batch(session, one).origin.kind for one in (before, during, other, after)]
        assert kinds == ["free", "official", "free", "free"]
        told = get_batch(session, during).origin
        assert told.terms == [2] and "1.50\u00a0EUR of each unit" in told.sentence
        assert "after the design" in get_batch(session, other).origin.sentence
        view = origin.officials_of(session, market.design)[0]
    assert view.state == "ended" and [event.action for event in view.events] == ["offer", "offer", "accept", "end"]
    assert view.terms[0].sha256 == hashlib.sha256(origin.canonical(WISH).encode()).hexdigest()
    for table in ("official_terms", "official_event", "batch_origin"):
        with pytest.raises(DBAPIError), stores.db.transaction() as session:
            session.execute(text(f"DELETE FROM {table}"))


def test_new_terms_leave_the_old_ones_in_force_until_accepted(market: Market) -> None:
    stores, people = market.stores, market.people
    number = origin.name_official(stores, people["dora"], market.design, WISH)
    origin.answer(stores, people["otto"], number, OfficialAnswer(action="accept", terms=1))
    origin.name_official(stores, people["dora"], market.design, WISH.model_copy(update={"contribution_minor": 300}))
    origin.answer(stores, people["otto"], number, OfficialAnswer(action="decline", terms=2))
    with stores.db.reading() as session:
        view = origin.officials_of(session, market.design, active=True)[0]
    assert view.accepted == 1 and view.held is not None and view.held.contribution_minor == 150


def test_pages_say_both_plainly(market: Market, client: FlaskClient) -> None:
    sign_up(client, "otis")
    with market.stores.db.transaction() as session:
        session.execute(text("UPDATE design SET owner_id = (SELECT id FROM account WHERE handle = 'otis')"))
        own = "account_id = (SELECT id FROM account WHERE handle = 'otis')"
        mine = text(f"UPDATE fabricator_member SET {own} WHERE role = 'owner' AND fabricator_id = :north")
        session.execute(mine, {"north": market.shops["north"]})
    page = f"/designs/{market.design}/official"
    wrong = send(client, page, page, fabricator="north", mark="Lid", contribution="-1", currency="EUR")
    assert wrong.status_code == 422 and "Lid" in wrong.text
    offered = re.findall(r'<option value="([^"]+)"></option>', client.get(page).text)
    assert "North" in offered, "names are offered, and taken"
    made = send(client, page, page, fabricator="nORTH", mark="Lid", contribution="1,50", currency="EUR")
    assert made.status_code == 303 and "Accept terms 1" in client.get(page).text
    assert "Waits for your answer" in client.get("/fabricators/north").text
    assert send(client, f"{page}/1", page, action="accept", terms="1").status_code == 303
    makers = client.get(f"/designs/{market.design}/main/makers").text
    assert "Official fabricators" in makers and "Everyone else may build it freely" in makers
    assert "named by its maintainers" in client.get(f"/designs/{market.design}").text
    batch = client.get(f"/batches/{market.batch('olga', 'north')}").text
    assert "Official" in batch and "named by the maintainers" in batch
    free = client.get(f"/batches/{market.batch('sam', 'south')}").text
    assert "A free build" in free and "own name" in free
    found = client.get(f"/api/v1{page}").json
    assert found is not None and found["items"][0]["accepted"] == 1
    token = make_token(client)
    ended = client.application.test_client().post(f"/api/v1{page}/1", json={"action": "end"}, headers=bearer(token))
    assert ended.status_code == 200 and ended.json is not None and ended.json["items"][0]["state"] == "ended"
