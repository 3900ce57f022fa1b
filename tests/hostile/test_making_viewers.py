"""A viewer who posts an operator's action: every route by which a workshop acts, found by walking the URL map."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path
from typing import Any

import pytest
from batch_support import Market, an_offer, begun
from community_support import open_community
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import text
from sqlmodel import SQLModel
from unit_support import enter
from web_support import bearer, form_token, make_token

from app import create_app
from registry.batches import deliveries, origin, partners, quoting, service, units
from registry.batches.batch_schemas import CountWish, PartnerWish
from registry.batches.origin_schemas import OfficialWish
from registry.batches.schemas import Change
from registry.batches.unit_schemas import Answer, NumberWish, ShipWish
from registry.designs.tables import Design
from registry.fabricators import service as fabricators
from registry.fabricators.schemas import MachineIn
from registry.stores.stores import Stores
from registry.values import utcnow

ROOMS = ("/fabricators", "/batches", "/quotes", "/requests", "/deliveries", "/designs/<slug>/official")

# Acts of a buyer, of a design's maintainers, or of anybody: a viewer of a workshop may do them like everyone.
NOT_THE_WORKSHOPS = {
    "fabricators.create_fabricator", "fabricators_api.create_fabricator", "keeping_api.import_fabricator_file",
    "fabricators_transfer.import_fabricator", "quotes.ask", "batches_api.ask_for_quotes", "quotes.call_off",
    "calling_api.call_off_request", "batches.reserve", "batches_api.reserve_units", "batches.cancel_reservation",
    "batches_api.cancel_reservation", "dashboard_slots.write_about", "dashboard_api.write_words",
    "officials.name_official",
    "officials_api.offer_terms", "dashboard_api.read_it", "units_api.report_fault", "community_api.pay_batch_part",
}  # fmt: skip


def photo() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (60, 40), "peru").save(out, "JPEG")
    return out.getvalue()


class World:
    """A workshop with one of everything that its people act on."""

    def __init__(self, market: Market) -> None:
        self.market, stores, people = market, market.stores, market.people
        olga = people["olga"]
        self.batch = begun(market, 2)
        units.number(stores, olga, self.batch, NumberWish(pattern="T{number}"))
        for stage in ("made", "assembled", "tested"):
            service.count(stores, olga, self.batch, CountWish(stage=stage, good=2))
        wish = ShipWish(reservation=1, serials=["T1"])
        self.delivery = deliveries.ship(stores, olga, self.batch, wish)
        faulty = Answer(action="report", serials=["T1"], words="bent")
        deliveries.answer(stores, people["ada"], self.delivery, faulty)
        partners.ask(stores, olga, self.batch, PartnerWish(fabricator="south", stages=["tested"]))
        self.priced = market.batch("olga", "north")  # its price may come in the community's money in part
        self.asked, self.offered, self.accepted = (self.quote(offered) for offered in (0, 1, 2))
        laser = MachineIn(name="Laser", process="laser cutting")
        self.machine = fabricators.add_machine(stores, people["otto"], "north", laser)
        self.picture = fabricators.add_picture(stores, people["otto"], "north", photo(), "The shop")
        with stores.db.transaction() as session:
            from registry.designs.queries import find_design

            row = session.get_one(Design, find_design(session, market.design).id)
            row.owner_id = people["ada"]
            session.add(row)
        self.naming = origin.name_official(
            stores, people["ada"], market.design, OfficialWish(fabricator="north", checks="Each is tested.")
        )

    def quote(self, far: int) -> int:
        number = self.market.ask("ada", "north", quantities=(10,))
        with self.market.stores.db.engine.connect() as connection:
            asked = text("SELECT id FROM quote WHERE request_id = :number")
            quote = int(connection.execute(asked, {"number": number}).scalar_one())
        if far:
            quoting.offer(self.market.stores, self.market.people["olga"], quote, an_offer())
        if far > 1:
            accept = Change(action="accept", version=1)
            quoting.change(self.market.stores, self.market.people["ada"], quote, accept)
        return quote

    def acts(self) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
        """Endpoint -> (what its address names, what is sent), as it would be right for an owner."""
        north, job = {"slug": "north"}, {"number": self.batch}
        day, soon = str(utcnow().date() + dt.timedelta(days=9)), str(utcnow() + dt.timedelta(days=9))
        offer = an_offer().model_dump(mode="json")
        form_offer = {
            "currency": "EUR", "quantity-1": "10", "price-1": "20", "setup": "5", "lead_days": "3", "valid_until": day,
        }  # fmt: skip
        plan = {
            "design": self.market.design, "fabricators": ["north"], "currency": "EUR", "units_min": 1, "units_max": 5,
            "deadline_at": soon, "prices": [{"quantity": 1, "unit_minor": 2000}],
        }  # fmt: skip
        form_plan = {
            "design": self.market.design, "fabricators": "north", "currency": "EUR", "units_min": "1", "units_max": "5",
            "deadline_at": soon, "quantity-1": "1", "price-1": "20",
        }  # fmt: skip
        laser = {"name": "Laser", "process": "laser_cutting"}
        machine, picture = {"number": self.machine}, {"number": self.picture}
        words, thread = {"text": "Hello"}, {"thread": f"quote-{self.asked}"}
        move, moved = {"job": self.batch, "action": "materials"}, {"move": f"{self.batch}:filled:materials"}
        paid = {"job": self.batch, "place": 1, "amount_minor": 100, "currency": "EUR"}
        answer, ship = {"action": "repair", "serials": ["T1"]}, {"reservation": 1, "serials": ["T2"]}
        found: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
            "dashboard.move_job": (north, moved), "dashboard_api.move_job": (north, move),
            "dashboard.count_units": (north | job, {"stage": "materials", "good": "1"}),
            "dashboard_api.count_job_units": (north, {"job": self.batch, "stage": "materials", "good": 1}),
            "dashboard.plan_job": (north | job, {"hours": "3"}),
            "dashboard_api.plan_job": (north | job, {"work_minutes": 3}),
            "dashboard.answer_thread": (north | thread, words),
            "dashboard_api.answer_thread": (north, thread | words),
            "dashboard.close_day": (north, {"day": day}), "dashboard_api.set_day": (north, {"day": day}),
            "dashboard.set_machine": (north | machine, {"status": "busy"}),
            "dashboard_api.set_machine": (north | machine, {"status": "busy"}),
            "dashboard.see_payment": (
                north, {"job": str(self.batch), "place": "1", "amount": "1", "currency": "EUR"},
            ),
            "dashboard_api.see_payment": (north, paid),
            "fabricators.edit_fabricator": (north, {"name": "North"}),
            "keeping_api.describe_fabricator": (north, {"name": "North"}),
            "fabricators.edit_machine": (north | machine, laser | {"do": "save"}),
            "keeping_api.add_fabricator_machine": (north, laser),
            "keeping_api.describe_machine": (north | machine, laser),
            "fabricators.set_member": (north, {"handle": "sam", "role": "viewer"}),
            "keeping_api.change_member": (north, {"handle": "sam", "role": "viewer"}),
            "fabricators.add_picture": (north, {}), "keeping_api.add_fabricator_picture": (north, {}),
            "quotes.offer": ({"quote_id": self.asked}, form_offer),
            "batches_api.make_offer": ({"quote_id": self.asked}, offer),
            "quotes.write_message": ({"quote_id": self.asked}, words),
            "batches_api.write_message": ({"quote_id": self.asked}, words),
            "quotes.change_quote": ({"quote_id": self.offered}, {"action": "withdraw", "version": "1", "why": "ill"}),
            "batches_api.change_quote": (
                {"quote_id": self.offered}, {"action": "withdraw", "version": 1, "why": "ill"},
            ),
            "batch_units.begin_order": ({"quote_id": self.accepted}, {"units": "10"}),
            "units_api.order_quote": ({"quote_id": self.accepted}, {"units": 10}),
            "batches.plan": ({}, form_plan), "batches_api.plan_batch": ({}, plan),
            "batches.move_batch": (job, {"action": "materials"}),
            "batches_api.move_batch": (job, {"action": "materials"}),
            "batches.count": (job, {"stage": "materials", "good": "1"}),
            "batches_api.count_units": (job, {"stage": "materials", "good": 1}),
            "batch_units.give_numbers": (job, {"units": "3"}), "units_api.number_units": (job, {"units": 3}),
            "batch_units.count_named": (job, {"stage": "tested", "what": "not-good", "serials": "T2", "why": "no"}),
            "batch_units.keep_note": (job | {"serial": "T1"}, words),
            "units_api.keep_unit_note": (job | {"serial": "T1"}, words),
            "deliveries.ship": (job, {"reservation": "1", "serials": "T2"}), "units_api.ship_units": (job, ship),
            "deliveries.answer": ({"delivery_id": self.delivery}, {"action": "repair", "serials": "T1"}),
            "units_api.answer_delivery": ({"delivery_id": self.delivery}, answer),
            "officials.answer_official": (
                {"slug": self.market.design, "number": self.naming}, {"action": "accept", "terms": "1"},
            ),
            "officials_api.answer_terms": (
                {"slug": self.market.design, "number": self.naming}, {"action": "accept", "terms": 1},
            ),
            "partners.ask_partner": (job, {"fabricator": "south", "stages": "assembled"}),
            "partners.ask_for_share": (job, {"fabricator": "south", "stages": ["assembled"]}),
            "partners.answer_partner": (job | {"slug": "south"}, {"action": "take back"}),
            "partners.answer_for_share": (job | {"slug": "south"}, {"action": "take back"}),
            "dashboard.keep_part_price": (north, {"mpn": "X1", "price": "1", "currency": "EUR", "vendor": "Shop"}),
            "dashboard_api.keep_part_price": (
                north, {"mpn": "X1", "price_minor": 100, "currency": "EUR", "vendor": "Shop"},
            ),
            "community_api.set_batch_part": ({"number": self.priced}, {"share_bp": 500}),
            "lending_bank.set_payout": (north, {"name": "North", "iban": "DE89370400440532013000", "bic": ""}),
            # last, for they take away what others need
            "fabricators.remove_picture": (north | picture, {}),
            "keeping_api.remove_fabricator_picture": (north | picture, {}),
            "fabricators.remove_machine": (north | machine, {}),
            "keeping_api.remove_fabricator_machine": (north | machine, {}),
        }  # fmt: skip
        return found

    def counts(self) -> dict[str, tuple[int, str]]:
        """Every table but those of logging in: how much it holds, and all of it."""
        tables = set(SQLModel.metadata.tables) - {"account", "login_session", "token"}
        with self.market.stores.db.engine.connect() as connection:
            rows = {name: connection.execute(text(f"SELECT * FROM {name}")).all() for name in tables}
        return {name: (len(found), repr(sorted(map(repr, found)))) for name, found in rows.items()}


def walked(app: Flask) -> dict[str, list[tuple[str, str]]]:
    """Endpoint -> (method, rule) of all that changes something in the rooms of making."""
    found: dict[str, list[tuple[str, str]]] = {}
    for rule in app.url_map.iter_rules():
        place = rule.rule.removeprefix("/api/v1")
        for method in sorted((rule.methods or set()) & {"POST", "PUT", "PATCH", "DELETE"}):
            if any(place == room or place.startswith(room + "/") for room in ROOMS):
                found.setdefault(rule.endpoint, []).append((method, rule.rule))
    return found


def ask(app: Flask, client: FlaskClient, token: dict[str, str], endpoint: str, method: str, acts: Any) -> Any:
    named, sent = acts[endpoint]
    with app.test_request_context():
        address = app.url_map.bind("").build(endpoint, named, method=method)
    pictured = {"photo": (io.BytesIO(photo()), "a.jpg")} if "picture" in endpoint and method == "POST" else {}
    if address.startswith("/api/"):
        if pictured:
            return app.test_client().open(address, method=method, headers=token, data=pictured)
        return app.test_client().open(address, method=method, headers=token, json=sent)
    data = {"csrf_token": form_token(client, "/account"), **sent, **pictured}
    return client.open(address, method=method, data=data)


@pytest.fixture
def site(sqlite_stores: Stores, tmp_path: Path) -> tuple[Flask, World]:
    return create_app(stores=sqlite_stores), World(open_community(sqlite_stores, tmp_path / "thing"))


def test_a_viewer_who_posts_an_operators_action_is_told_so_by_every_route(site: tuple[Flask, World]) -> None:
    app, world = site
    routes, acts = walked(app), world.acts()
    forgotten = set(routes) - set(acts) - NOT_THE_WORKSHOPS
    assert not forgotten, f"say who may do these, here: {sorted(forgotten)}"
    assert set(acts) <= set(routes) and NOT_THE_WORKSHOPS <= set(routes), "these are no routes any more"
    looker, owner = (
        enter(app, world.market, who, "north", part) for who, part in (("vio", "viewer"), ("own", "owner"))
    )
    tokens = [bearer(make_token(client)) for client in (looker, owner)]
    before = world.counts()
    for endpoint in acts:
        for method, _ in routes[endpoint]:
            told = ask(app, looker, tokens[0], endpoint, method, acts)
            assert told.status_code == 403, (endpoint, told.status_code, told.text[-600:])
            assert "you are a viewer there" in told.text or "for the owners of the fabricator" in told.text, endpoint
    after = world.counts()
    assert {name for name in before if before[name] != after[name]} == set(), "a viewer changed something"
    for endpoint in acts:  # the same from an owner is never refused for who it is
        for method, _ in routes[endpoint]:
            told = ask(app, owner, tokens[1], endpoint, method, acts)
            assert told.status_code not in (401, 403, 405, 500), (endpoint, told.text[-600:])
