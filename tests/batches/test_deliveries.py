"""Deliveries on each database: who gets what, what buyers say, what workshops answer, photos, orders of one buyer."""

from __future__ import annotations

import io
import json
import threading
from pathlib import Path

import pytest
from batch_support import Market, an_offer, begun
from click.testing import CliRunner
from PIL import Image
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import select
from unit_support import a_photo

from registry.batches import deliveries, delivery_queries, orders, queries, quoting, service, unit_queries, units
from registry.batches.batch_schemas import BatchQuery, CountWish
from registry.batches.schemas import Change
from registry.batches.tables import Quote
from registry.batches.unit_schemas import Answer, NumberWish, OrderWish, ShipWish
from registry.batches.unit_tables import DeliveryUnit
from registry.cli import main
from registry.errors import Conflict, Forbidden, Invalid, NotFound, RegistryError


def ready(market: Market, units_: int, buyers: tuple[str, ...] = ("ada",)) -> int:
    """A batch whose units T1, T2, ... are tested."""
    number, olga = begun(market, units_, buyers), market.people["olga"]
    units.number(market.stores, olga, number, NumberWish(pattern="T{number}"))
    for stage in ("made", "assembled", "tested"):
        service.count(market.stores, olga, number, CountWish(stage=stage, good=units_))
    return number


def send(market: Market, number: int, *serials: str, to: int = 1) -> int:
    wish = ShipWish(reservation=to, serials=list(serials), carrier="Post", tracking="RR 12")
    return deliveries.ship(market.stores, market.people["olga"], number, wish)


def say(
    market: Market, who: str, delivery: int, action: str, *serials: str, words: str = "", photo: bytes = b""
) -> None:
    wish = Answer.model_validate({"action": action, "serials": serials, "words": words})
    deliveries.answer(market.stores, market.people[who], delivery, wish, photo)


def state(market: Market, number: int, serial: str) -> str:
    with market.stores.db.reading() as session:
        return units.find(session, number, serial).state


def test_sent_received_faulty_answered(market: Market) -> None:
    market.person("ben")
    number = ready(market, 4, ("ada", "ben"))
    with pytest.raises(Forbidden):
        deliveries.ship(market.stores, market.people["vera"], number, ShipWish(reservation=1, serials=["T1"]))
    first = send(market, number, "T1", "T2")
    with pytest.raises(Conflict, match="is for 2; it has 2 already"):
        send(market, number, "T3")
    with pytest.raises(Conflict, match="belongs to somebody else"):
        send(market, number, "T1", to=2)
    with market.stores.db.reading() as session:
        assert service.counted(session, number)["shipped"].good == 2, "a delivery is a count"
        view = delivery_queries.get_delivery(session, first, market.people["ada"])
        assert (view.side, view.carrier, view.tracking, len(view.units)) == ("buyer", "Post", "RR 12", 2)
        for stranger in (None, market.people["ben"], market.people["sam"]):
            with pytest.raises(NotFound):
                delivery_queries.get_delivery(session, first, stranger)
    say(market, "ada", first, "accept", "T1")
    with pytest.raises(Invalid, match="Words are missing on T2"):
        say(market, "ada", first, "report", "T2")
    say(market, "ada", first, "report", "T2", words="does not start", photo=a_photo())
    with pytest.raises(Forbidden, match="workshop's to answer"):
        say(market, "ada", first, "refund", "T2")
    with pytest.raises(Forbidden, match="one who was sent it"):
        say(market, "olga", first, "accept", "T2")
    with pytest.raises(Forbidden):
        say(market, "vera", first, "repair", "T2")
    with pytest.raises(Invalid, match="Words are missing"):
        say(market, "olga", first, "refuse", "T2")
    say(market, "olga", first, "refuse", "T2", words="the fuse is blown")
    say(market, "ada", first, "disagree", "T2", words="it came so")
    say(market, "olga", first, "repair", "T2")
    again = send(market, number, "T2")
    with pytest.raises(Conflict, match="left again later"):
        say(market, "ada", first, "accept", "T2")
    say(market, "ada", again, "accept", "T2")
    with market.stores.db.reading() as session:
        assert service.counted(session, number)["shipped"].good == 2, "a repaired unit is not shipped twice"
        assert delivery_queries.get_delivery(session, first, market.people["olga"]).events[3].photo
        assert not [row for row in unit_queries.get_unit(session, number, "T2").events if row.action == "report"]
        assert unit_queries.get_unit(session, number, "T2").state == "shipped", "a fault is between its two sides"
        owned = delivery_queries.units_of(session, market.people["ada"])
        assert [unit.serial for unit in owned] == ["T2", "T1"] and owned[0].fabricator == "north"
        assert delivery_queries.delivered_unit(session, market.people["ada"], "T1").design == market.design
        with pytest.raises(NotFound, match="not sent a unit T3"):
            delivery_queries.delivered_unit(session, market.people["ada"], "T3")


def test_replaced_and_refunded(market: Market) -> None:
    number = ready(market, 2)
    units.number(market.stores, market.people["olga"], number, NumberWish(pattern="T{number}", units=1))
    for stage in ("made", "assembled", "tested"):
        service.count(market.stores, market.people["olga"], number, CountWish(stage=stage, good=1))
    first = send(market, number, "T1", "T2")
    say(market, "ada", first, "report", "T1", "T2", words="wet")
    say(market, "olga", first, "replace", "T1")
    say(market, "olga", first, "refund", "T2")
    send(market, number, "T3")
    say(market, "ada", first, "settle", "T1")
    say(market, "ada", first, "settle", "T2")
    assert [state(market, number, name) for name in ("T1", "T2", "T3")] == ["replaced", "refunded", "shipped"]
    with market.stores.db.reading() as session:
        assert [unit.serial for unit in delivery_queries.units_of(session, market.people["ada"])] == ["T3"]


def test_photos_lose_their_place_and_foreign_files_are_refused(market: Market) -> None:
    number = ready(market, 1)
    sent = send(market, number, "T1")
    for content in (b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.4"):
        with pytest.raises(Invalid, match="no photo that can be read"):
            say(market, "ada", sent, "report", "T1", words="broken", photo=content)
    with pytest.raises(NotFound):
        say(market, "sam", sent, "report", "T1", words="broken", photo=a_photo())
    say(market, "ada", sent, "report", "T1", words="broken", photo=a_photo())
    with market.stores.db.reading() as session:
        event = delivery_queries.get_delivery(session, sent, market.people["ada"]).events[-1]
        number_of = int((event.photo or "").rpartition("/")[2].partition("-")[0])
        digest = delivery_queries.photo_digest(session, sent, number_of, 800, market.people["ada"])
        with pytest.raises(NotFound):
            delivery_queries.photo_digest(session, sent, number_of, 800, market.people["sam"])
    content = market.stores.blobs.read(digest)
    assert not Image.open(io.BytesIO(content)).getexif() and b"SecretCamera" not in content


def at_once(calls: list[object]) -> list[RegistryError]:
    """Run calls side by side. Returns: what was refused."""
    refused: list[RegistryError] = []
    gate = threading.Barrier(len(calls))

    def go(call: object) -> None:
        gate.wait()
        try:
            call()  # type: ignore[operator]
        except RegistryError as error:
            refused.append(error)

    threads = [threading.Thread(target=go, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return refused


def test_one_serial_is_sent_once(market: Market) -> None:
    market.person("ben")
    number = ready(market, 2, ("ada", "ben"))
    refused = at_once([lambda to=to: send(market, number, "T1", to=to) for to in (1, 2, 1, 2)])
    assert len(refused) == 3 and {type(error) for error in refused} == {Conflict}
    with market.stores.db.reading() as session:
        assert len(session.exec(select(DeliveryUnit)).all()) == 1
        assert service.counted(session, number)["shipped"].good == 1


def test_a_fault_is_answered_once(market: Market) -> None:
    number = ready(market, 1)
    sent = send(market, number, "T1")
    say(market, "ada", sent, "report", "T1", words="dead")
    refused = at_once([lambda does=does: say(market, "olga", sent, does, "T1") for does in ("repair", "refund")])
    assert len(refused) == 1 and isinstance(refused[0], Conflict)


def test_deliveries_are_sealed(market: Market) -> None:
    send(market, ready(market, 1), "T1")
    for table in ("delivery", "delivery_unit"):
        column = "carrier = 'x'" if table == "delivery" else "unit_id = 9"
        for change in (f"UPDATE {table} SET {column}", f"DELETE FROM {table}"):
            with pytest.raises(DBAPIError, match="only added to"), market.stores.db.transaction() as session:
                session.execute(text(change))


def test_an_accepted_quote_is_made_without_a_public_batch(market: Market) -> None:
    asked = market.ask("ada", "north", "south")
    with market.stores.db.reading() as session:
        quote = session.exec(select(Quote.id).where(Quote.fabricator_id == market.shops["north"])).one() or 0
    olga, ada = market.people["olga"], market.people["ada"]
    quoting.offer(market.stores, olga, quote, an_offer())
    with pytest.raises(Conflict, match="not accepted"):
        orders.begin(market.stores, ada, quote, OrderWish(units=10))
    quoting.change(market.stores, ada, quote, Change(action="accept", version=1))
    with pytest.raises(Invalid, match="12 were not asked for"):
        orders.begin(market.stores, olga, quote, OrderWish(units=12))
    with pytest.raises(Invalid, match="fewer than were offered"):
        orders.begin(market.stores, ada, quote, OrderWish(units=3))
    refused = at_once([lambda: orders.begin(market.stores, ada, quote, OrderWish(units=12))] * 3)
    assert len(refused) == 2 and "is being made already" in refused[0].message and asked
    with market.stores.db.reading() as session:
        assert queries.list_batches(session, BatchQuery()).total == 0, "it is nobody else's business"
        number = 1
        for reader in (None, market.people["sam"]):
            with pytest.raises(NotFound):
                queries.get_batch(session, number, reader)
        batch = queries.get_batch(session, number, ada)
        assert (batch.reserved, batch.price_now_minor, batch.state) == (12, 2000 + 5000 // 12, "filled")
    units.number(market.stores, olga, number, NumberWish(pattern="O{number}"))
    for stage in ("made", "assembled", "tested"):
        service.count(market.stores, olga, number, CountWish(stage=stage, good=12))
    sent = send(market, number, "O1", "O2")
    say(market, "ada", sent, "accept", "O1", "O2")
    with market.stores.db.reading() as session:
        for reader in (None, market.people["sam"]):
            with pytest.raises(NotFound):
                unit_queries.get_unit(session, number, "O1", reader)


def test_received_is_not_yet_accepted(market: Market) -> None:
    """Without serial numbers, the next tested units leave, all that the reservation waits for."""
    market.person("ben")
    number = ready(market, 4, ("ada", "ben"))
    first = send(market, number, to=2)
    with market.stores.db.reading() as session:
        sent = delivery_queries.get_delivery(session, first, market.people["ben"])
    assert [unit.serial for unit in sent.units] == ["T1", "T2"]
    with pytest.raises(Invalid, match="Number 2 has all its units"):
        send(market, number, to=2)
    with pytest.raises(Forbidden):
        say(market, "olga", first, "receive", "T1")
    say(market, "ben", first, "receive", "T1", "T2")
    with pytest.raises(Conflict, match="T1 is received: 'receive' can't follow"):
        say(market, "ben", first, "receive", "T1")
    with market.stores.db.reading() as session:
        assert unit_queries.get_unit(session, number, "T1", None).state == "shipped", "what a stranger sees"
    say(market, "ben", first, "accept", "T1")
    say(market, "ben", first, "report", "T2", words="a dent")
    assert (state(market, number, "T1"), state(market, number, "T2")) == ("delivered", "faulty")


def test_deliveries_from_a_shell(market: Market, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    number, olga = begun(market, 2), market.people["olga"]
    monkeypatch.setenv("BRICKYARD_DATA", str(market.stores.settings.data))
    monkeypatch.setenv("BRICKYARD_DATABASE_URL", market.stores.settings.database_url)
    photo = tmp_path / "dent.jpg"
    photo.write_bytes(a_photo())

    def run(*words: str) -> str:
        done = CliRunner().invoke(main, list(words))
        assert done.exit_code == 0, done.output
        return done.stdout

    assert "2 units have a number now: T1 to T2." in run("batches", "number", str(number), "--pattern", "T{number}",
                                                         "--as", "olga")  # fmt: skip
    for stage in ("made", "assembled", "tested"):
        service.count(market.stores, olga, number, CountWish(stage=stage, good=2))
    made = json.loads(run("deliveries", "ship", str(number), "1", "--carrier", "Cart", "--as", "olga", "--json"))
    assert [unit["serial"] for unit in made["units"]] == ["T1", "T2"] and made["carrier"] == "Cart"
    delivery = str(made["id"])
    run("deliveries", "answer", delivery, "receive", "T1", "T2", "--as", "ada")
    run("deliveries", "answer", delivery, "report", "T2", "--words", "a dent", "--photo", str(photo), "--as", "ada")
    shown = run("deliveries", "show", delivery, "--as", "olga")
    assert "Received: T1, T2" in shown and "Reported faulty: T2  a dent" in shown
    assert "1 note is kept with T1." in run("batches", "note", str(number), "T1", "Two years.", "--as", "olga")
    assert delivery in run("deliveries", "list", "--as", "ada")
    assert CliRunner().invoke(main, ["deliveries", "show", delivery, "--as", "sam"]).exit_code != 0
