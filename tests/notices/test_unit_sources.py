"""Deliveries, faults, answers, notes and orders are told to the other side, units of one delivery together."""

from __future__ import annotations

from batch_support import Market, an_offer, begun
from sqlmodel import col, select

from registry.batches import deliveries, orders, quoting, service, units
from registry.batches.batch_schemas import CountWish
from registry.batches.schemas import Change
from registry.batches.tables import Quote
from registry.batches.unit_schemas import Answer, NoteWish, NumberWish, OrderWish, ShipWish
from registry.notices import dates
from registry.notices.collecting import collect
from registry.notices.tables import CalendarFeed, Notice


def told(market: Market, handle: str, after: int = 0) -> list[tuple[str, str, str]]:
    with market.stores.db.reading() as session:
        rows = select(Notice).where(Notice.account_id == market.people[handle]).order_by(col(Notice.id))
        return [(row.title, row.text, row.link) for row in session.exec(rows)][after:]


def test_deliveries_faults_and_answers(market: Market) -> None:
    stores, people = market.stores, market.people
    number = begun(market, 10, ("ada",))
    units.number(stores, people["olga"], number, NumberWish(pattern="T{number}"))
    for stage in ("made", "assembled", "tested"):
        service.count(stores, people["olga"], number, CountWish(stage=stage, good=10))
    collect(stores)
    known = {handle: len(told(market, handle)) for handle in ("ada", "olga", "otto", "vera")}
    wish = ShipWish(reservation=1, serials=["T1", "T2", "T3"], carrier="Post", tracking="RR\n12")
    delivery = deliveries.ship(stores, people["olga"], number, wish)

    def say(who: str, action: str, *serials: str, words: str = "") -> None:
        answer = Answer.model_validate({"action": action, "serials": serials, "words": words})
        deliveries.answer(stores, people[who], delivery, answer)

    say("ada", "accept", "T1", "T2")
    say("ada", "report", "T3", words="Does not start.")
    say("olga", "repair", "T3", words="Send it back.")
    units.note(stores, people["ada"], number, "T1", NoteWish(text="Fan is loud."))
    collect(stores)
    collect(stores)
    there = f"/deliveries/{delivery}"
    assert told(market, "ada", known["ada"]) == [
        (f"North has sent you 3 units of batch {number}",
         "Thing main. With Post, RR 12. Say on its page how it arrived.", there),
        (f"North repairs T3 of batch {number}",
         "Thing main. In their words: Send it back. Say on its page whether that settles it.", there),
    ]  # fmt: skip
    assert told(market, "olga", known["olga"]) == [
        (f"ada has accepted 2 units of batch {number}", "Thing main.", there),
        (f"ada has found a fault in T3 of batch {number}", "Thing main. In their words: Does not start.", there),
        (f"ada has left a note on T1 of batch {number}", "Fan is loud.", f"/batches/{number}/units/T1"),
    ]
    assert len(told(market, "otto", known["otto"])) == 3, "he hears what the buyer says, not what olga answers"
    assert told(market, "vera") == []


def test_an_order_is_called_an_order(sqlite_market: Market) -> None:
    market = sqlite_market
    stores, people = market.stores, market.people
    market.ask("ada", "north")
    with stores.db.reading() as session:
        quote = session.exec(select(Quote.id)).one() or 0
    quoting.offer(stores, people["olga"], quote, an_offer())
    quoting.change(stores, people["ada"], quote, Change(action="accept", version=1))
    collect(stores)
    known = {handle: len(told(market, handle)) for handle in ("ada", "olga", "otto")}
    number = orders.begin(stores, people["olga"], quote, OrderWish(units=10))
    collect(stores)
    assert [title for title, _, _ in told(market, "ada", known["ada"])] == [
        f"North begins your order {number}: 10 units of Thing main"
    ]
    assert [title for title, _, _ in told(market, "otto", known["otto"])] == [
        f"Order {number} is yours to make: 10 units of Thing main"
    ], "and of no reservation beside it"
    assert told(market, "olga", known["olga"]) == []
    with stores.db.reading() as session:
        _, entries = dates.dates_of(session, CalendarFeed(secret="x", account_id=people["ada"], scope="me"))
    assert not [entry for entry in entries if "closes" in entry.title]
