"""What people send wrongly to workshops, by forms and JSON: a clear sentence, what was typed kept, nothing lost."""

from __future__ import annotations

import datetime as dt
import io
import json
import threading
from pathlib import Path

import pytest
from batch_support import Market, an_offer, begun, open_market
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import text
from unit_support import a_photo, enter
from web_support import bearer, form_token, make_token, send

from app import create_app
from registry.accounts.pages import COOKIE
from registry.batches import deliveries, quoting, service, units
from registry.batches.batch_schemas import CountWish
from registry.batches.tables import Batch
from registry.batches.unit_schemas import NumberWish, ShipWish
from registry.stores.stores import Stores
from registry.values import utcnow

JPEG_50_MB = b"\xff\xd8" + b"0" * 50_000_000
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"


@pytest.fixture
def site(stores: Stores, tmp_path: Path) -> tuple[Flask, Market]:
    return create_app(stores=stores), open_market(stores, tmp_path / "thing")


@pytest.fixture
def quick(sqlite_stores: Stores, tmp_path: Path) -> tuple[Flask, Market]:
    return create_app(stores=sqlite_stores), open_market(sqlite_stores, tmp_path / "thing")


def one(market: Market, statement: str, **values: object) -> object:
    with market.stores.db.engine.connect() as connection:
        return connection.execute(text(statement), values).scalar()


def test_two_acceptances_of_one_quote_at_once_one_holds(site: tuple[Flask, Market]) -> None:
    app, market = site
    buyer = enter(app, market, "bea")
    page = send(buyer, "/requests", design=market.design, fabricators="north", quantities="10", place="Lyon").location
    quote = int(str(one(market, "SELECT id FROM quote")))
    quoting.offer(market.stores, market.people["olga"], quote, an_offer())
    data = {"csrf_token": form_token(buyer, page), "action": "accept", "version": "1"}
    cookies = {
        name: kept.value for name in (COOKIE, app.config["SESSION_COOKIE_NAME"]) if (kept := buyer.get_cookie(name))
    }
    gate, told = threading.Barrier(2), []

    def accept() -> None:
        window = app.test_client()  # another window of the same browser
        for name in cookies:
            window.set_cookie(name, cookies[name])
        gate.wait()
        told.append(window.post(f"/quotes/{quote}/change", data=data))

    windows = [threading.Thread(target=accept) for _ in range(2)]
    for window in windows:
        window.start()
    for window in windows:
        window.join()
    assert sorted(answer.status_code for answer in told) == [303, 409]
    refused = next(answer.text for answer in told if answer.status_code == 409)
    assert "North was accepted before" in refused
    assert one(market, "SELECT COUNT(*) FROM quote_event WHERE became = 'accepted'") == 1


def test_a_reservation_beyond_the_maximum_and_one_after_the_deadline_leave_the_queue_as_it_was(
    quick: tuple[Flask, Market],
) -> None:
    app, market = quick
    number = market.batch("olga", "north", least=10, most=20)
    buyer = enter(app, market, "bea")
    here, token = f"/batches/{number}", bearer(make_token(buyer))
    assert send(buyer, f"{here}/reservations", here, units="15", key="a").status_code == 303
    beyond = send(buyer, f"{here}/reservations", here, units="6", key="b")
    assert beyond.status_code == 409 and "Only 5 of its 20 units are left" in beyond.text and 'value="6"' in beyond.text
    wish = {"units": 6, "key": "c"}
    told = app.test_client().post(f"/api/v1{here}/reservations", json=wish, headers=token)
    assert told.status_code == 409 and "Only 5 of its 20 units are left" in told.get_json()["detail"]
    for units_, sentence in (("0", "1"), ("-3", "1"), ("a few", "not a whole number"), ("999999999999", "")):
        wrong = send(buyer, f"{here}/reservations", here, units=units_, key="d")
        assert wrong.status_code == 422 and sentence in wrong.text and f'value="{units_}"' in wrong.text, units_
    open_form = form_token(buyer, here)
    with market.stores.db.transaction() as session:  # the deadline passes while the form is open
        row = session.get_one(Batch, number)
        row.deadline_at = utcnow() - dt.timedelta(seconds=1)
        session.add(row)
    late = buyer.post(f"{here}/reservations", data={"csrf_token": open_form, "units": "2", "key": "e"})
    assert late.status_code == 409 and "deadline has passed" in late.text
    told = app.test_client().post(f"/api/v1{here}/reservations", json={"units": 2, "key": "f"}, headers=token)
    assert told.status_code == 409 and "deadline has passed" in told.get_json()["detail"]
    assert one(market, "SELECT SUM(units) FROM reservation") == 15


def test_a_reservation_sent_twice_with_one_key_is_one(site: tuple[Flask, Market]) -> None:
    app, market = site
    number = market.batch("olga", "north")
    buyer = enter(app, market, "bea")
    here, token = f"/batches/{number}", bearer(make_token(buyer))
    data = {"csrf_token": form_token(buyer, here), "units": "3", "key": "one"}
    assert [buyer.post(f"{here}/reservations", data=data).status_code for _ in range(2)] == [303, 303]
    same = [
        app.test_client().post(f"/api/v1{here}/reservations", json={"units": 3, "key": "one"}, headers=token)
        for _ in range(2)
    ]
    assert {answer.status_code for answer in same} <= {200, 201}
    other = app.test_client().post(f"/api/v1{here}/reservations", json={"units": 4, "key": "one"}, headers=token)
    assert other.status_code == 409 and "used for another reservation" in other.get_json()["detail"]
    assert one(market, "SELECT SUM(units) FROM reservation") == 3


def test_a_quote_in_another_currency_has_to_be_meant(quick: tuple[Flask, Market]) -> None:
    app, market = quick
    market.ask("ada", "north", quantities=(10,))
    worker = enter(app, market, "wim", "north", "operator")
    quote, token = int(str(one(market, "SELECT id FROM quote"))), bearer(make_token(worker))
    day = str(utcnow().date() + dt.timedelta(days=9))
    values = {
        "quantity-1": "10", "price-1": "20.00", "setup": "50", "lead_days": "14", "valid_until": day,
        "terms": "Half in advance",
    }  # fmt: skip
    here = f"/quotes/{quote}"
    for currency, sentence in (("USD", "reckons in EUR"), ("XYZ", "no currency"), ("", "currency")):
        told = send(worker, f"{here}/offer", here, currency=currency, **values)
        assert told.status_code == 422 and sentence in told.text, currency
        assert "Half in advance" in told.text and 'value="20.00"' in told.text, "what was typed is kept"
    wish = an_offer(currency="USD").model_dump(mode="json")
    told = app.test_client().post(f"/api/v1{here}/offers", json=wish, headers=token)
    assert told.status_code == 422 and "reckons in EUR" in told.get_json()["detail"]
    assert one(market, "SELECT state FROM quote") == "requested"
    assert send(worker, f"{here}/offer", here, currency="USD", other_currency="on", **values).status_code == 303
    assert one(market, "SELECT currency FROM quote_version") == "USD"


def test_a_machine_whose_minimum_exceeds_its_maximum_is_told_and_the_form_kept(quick: tuple[Flask, Market]) -> None:
    app, market = quick
    owner = enter(app, market, "own", "north", "owner")
    token, form = bearer(make_token(owner)), "/fabricators/north/machines/new?process=pcb_fabrication"
    typed = {
        "do": "save", "name": "Old line", "process": "pcb_fabrication", "p-thickness_mm_min": "2",
        "p-thickness_mm_max": "1",
    }  # fmt: skip
    told = send(owner, "/fabricators/north/machines/new", form, **typed)
    assert told.status_code == 422 and "is more than" in told.text
    assert all(value in told.text for value in ("Old line", 'value="2"', 'value="1"')), "what was typed is kept"
    steel = {"m-0": "steel", "m-0-min": "5", "m-0-max": "1"}
    told = send(owner, "/fabricators/north/machines/new", form, do="save", name="Saw", process="laser_cutting", **steel)
    assert told.status_code == 422 and "thicker than the thickest" in told.text and "Saw" in told.text
    wish = {
        "name": "Line", "process": "pcb_fabrication",
        "parameters": {"thickness_mm_min": 2, "thickness_mm_max": 1},
    }  # fmt: skip
    told = app.test_client().post("/api/v1/fabricators/north/machines", json=wish, headers=token)
    assert told.status_code == 422 and "is more than" in json.dumps(told.get_json())
    assert one(market, "SELECT COUNT(*) FROM machine") == 0


def places(app: Flask, market: Market) -> list[tuple[str, FlaskClient, str, dict[str, str]]]:
    """Every place that takes a photo: its address, who sends, the page of its form, what else is sent."""
    owner, buyer = enter(app, market, "own", "north", "owner"), enter(app, market, "bea")
    number, olga = begun(market, 1, ("bea",)), market.people["olga"]
    units.number(market.stores, olga, number, NumberWish(pattern="T{number}"))
    for stage in ("made", "assembled", "tested"):
        service.count(market.stores, olga, number, CountWish(stage=stage, good=1))
    sent = deliveries.ship(market.stores, olga, number, ShipWish(reservation=1, serials=["T1"]))
    label = str(one(market, "SELECT label FROM revision"))
    design = f"/designs/{market.design}/{label}"
    built = {"outcome": "works", "country": "BE", "words": "My typed words"}
    faulty = {"action": "report", "serials": "T1", "words": "My typed words"}
    return [
        ("/fabricators/north/pictures", owner, "/fabricators/north/edit", {"words": "My typed words"}),
        (f"/deliveries/{sent}/answers", buyer, f"/deliveries/{sent}", faulty),
        (f"{design}/reports", buyer, f"{design}/reports/new", built),
    ]


def test_photos_of_50_mb_svg_named_jpg_and_no_photos_are_refused_by_every_form(quick: tuple[Flask, Market]) -> None:
    app, market = quick
    forms = places(app, market)
    for address, client, page, typed in forms:
        token = form_token(client, page)
        for content, status, sentence in (
            (JPEG_50_MB, 413, "the most is 12"), (SVG, 422, "photo"), (b"GIF89a" + b"0" * 40, 422, "photo"),
            (a_photo()[:300], 422, "photo"), (b"%PDF-1.4", 422, "photo"),
        ):  # fmt: skip
            sent = {"csrf_token": token, **typed, "photo": (io.BytesIO(content), "a.jpg")}
            told = client.post(address, data=sent, headers={"Accept": "text/html"})
            assert told.status_code == status and sentence in told.text, (address, content[:9], told.status_code)
            assert "My typed words" in told.text, (address, content[:9], "what was typed is lost")
    for table in ("fabricator_picture", "build_report"):
        assert one(market, f"SELECT COUNT(*) FROM {table}") == 0
    assert one(market, "SELECT state FROM unit") == "shipped"


def test_photos_with_gps_data_are_kept_without_it_by_every_form(quick: tuple[Flask, Market]) -> None:
    app, market = quick
    for address, client, page, typed in places(app, market):
        sent = {"csrf_token": form_token(client, page), **typed, "photo": (io.BytesIO(a_photo()), "a.jpg")}
        done = client.post(address, data=sent)
        assert done.status_code == 303, (address, done.text[-500:])
    everything = [path for path in market.stores.settings.data.rglob("*") if path.is_file()]
    kept = [path for path in everything if path.read_bytes()[8:12] == b"WEBP"]
    assert len(kept) >= 3, "each form keeps its photo"
    for path in kept:
        assert not Image.open(path).getexif() and b"SecretCamera" not in path.read_bytes()
    assert not any(b"SecretCamera" in path.read_bytes() for path in everything), "the file as it came is kept nowhere"


OKW = {
    "name": 1920,
    "description": 7,
    "equipment": [
        {"equipment_type": "Laser_cutting", "name": 40, "laser_power": "80", "bed_size": 600, "quantity": 2.0},
        {"equipment_type": "Milling_machining", "maximum_spindle_speed": 24000.5, "axes": 2.5, "quantity": "many"},
        {"equipment_type": "Fused_filament_fabrication", "x_travel": 250.5, "nozzle_size": 1, "count": -3},
    ],
}


def test_okw_with_integers_where_numbers_belong_and_numbers_where_integers_belong(quick: tuple[Flask, Market]) -> None:
    app, market = quick
    owner = enter(app, market, "own")
    token, page = bearer(make_token(owner)), "/fabricators/import"
    text_ = json.dumps(OKW)
    looked = send(owner, page, page, text=text_)
    assert looked.status_code == 200 and "a whole number" in looked.text and "24000.5" in looked.text
    added = send(owner, page, page, text=text_, do="add")
    assert added.status_code == 303
    slug = added.location.split("/")[2]
    found = app.test_client().get(f"/api/v1/fabricators/{slug}").get_json()
    assert found["name"] == "1920"
    laser, mill, printer = found["machine_list"]
    assert (laser["count"], laser["parameters"]["power_w"]) == (2, 80)
    assert mill["parameters"] == {"spindle_rpm_max": 24000.5} and mill["count"] == 1
    assert printer["work_x_mm"] == 250.5
    back = app.test_client().get(f"/fabricators/{slug}/export.okw")
    assert back.status_code == 200 and "1920" in back.text and "24000.5" in back.text, "nothing is lost on its way out"
    told = app.test_client().post("/api/v1/fabricators/import", data=text_, headers=token)
    assert told.status_code == 201 and any("a whole number" in one for one in told.get_json()["findings"])
