"""Who is told of what: once each, whoever reads, and nobody of what they did themselves."""

from __future__ import annotations

import dataclasses
import datetime as dt
import threading
from collections import Counter

from batch_support import Market, an_offer
from sqlmodel import col, select

from registry.batches import quoting
from registry.batches import service as batches
from registry.batches.batch_schemas import CountWish, Move, ReservationWish
from registry.batches.schemas import Change, Word
from registry.batches.tables import Batch, QuoteVersion
from registry.builds.tables import Build
from registry.designs.tables import Design, Revision
from registry.notices import collecting, making_sources, rules, service, sources
from registry.notices.collecting import collect
from registry.notices.tables import Notice, NoticeCursor, NoticeMail
from registry.values import utcnow


def titles(market: Market, handle: str) -> list[str]:
    with market.stores.db.reading() as session:
        rows = select(Notice).where(Notice.account_id == market.people[handle]).order_by(col(Notice.id))
        return [row.title for row in session.exec(rows)]


def quote_of(market: Market, request: int, shop: str) -> int:
    with market.stores.db.reading() as session:
        from registry.batches.tables import Quote

        rows = select(Quote.id).where(Quote.request_id == request, Quote.fabricator_id == market.shops[shop])
        return session.exec(rows).one() or 0


def test_a_request_through_to_acceptance(market: Market) -> None:
    stores, people = market.stores, market.people
    request = market.ask("ada", "north", "south")
    assert collect(stores) == 3, "owner and operator of north, owner of south"
    for handle in ("olga", "otto"):
        assert titles(market, handle) == ["ada asks North for a quote on Thing main"]
    assert titles(market, "sam") == ["ada asks South for a quote on Thing main"]
    assert titles(market, "vera") == [], "a viewer only looks"
    quote = quote_of(market, request, "north")
    quoting.offer(stores, people["olga"], quote, an_offer())
    quoting.write(stores, people["ada"], quote, Word(text="Zinc\nor paint?"))
    collect(stores)
    assert titles(market, "ada") == ["North has quoted Thing main"]
    with stores.db.reading() as session:
        told = session.exec(select(Notice).where(Notice.account_id == people["ada"])).one()
        assert told.text.startswith("20.00 EUR each from 10, 15.00 EUR each from 50. It holds until ")
        assert told.link == f"/quotes/{quote}" and told.kind == "quotes" and told.read_at is None
    assert titles(market, "olga")[-1] == "ada has written about the quote on Thing main"
    quoting.change(stores, people["ada"], quote, Change(action="accept", version=1))
    collect(stores)
    assert titles(market, "olga")[-1] == "ada has accepted the quote of North on Thing main"
    assert titles(market, "sam")[-1] == "ada has accepted another quote on Thing main"
    assert len(titles(market, "ada")) == 1, "nobody is told what they did themselves"
    assert collect(stores) == 0, "nothing is told twice"


def test_a_batch_from_reservation_to_shipping(market: Market) -> None:
    stores, people = market.stores, market.people
    number = market.batch("olga", "north", least=10, most=20)
    batches.reserve(stores, people["ada"], number, ReservationWish(units=15, key="a", named=True))
    batches.reserve(stores, people["sam"], number, ReservationWish(units=5, key="b"))
    collect(stores)
    assert titles(market, "olga") == [
        f"ada reserved 15 units of batch {number}", f"Somebody reserved 5 units of batch {number}"
    ]  # fmt: skip
    batches.move(stores, people["olga"], number, Move(action="begin early"))
    batches.move(stores, people["olga"], number, Move(action="materials"))
    for stage in ("made", "assembled", "tested", "shipped"):
        batches.count(stores, people["olga"], number, CountWish(stage=stage, good=20))
        batches.move(stores, people["olga"], number, Move(action=stage, why="late" if stage == "made" else ""))
    collect(stores)
    assert titles(market, "ada") == [
        f"Batch {number} of Thing main is filled and will be made",
        f"The materials of batch {number} are bought (Thing main)",
        f"The parts of batch {number} are made (Thing main)",
        f"Batch {number} is assembled (Thing main)",
        f"Batch {number} is tested (Thing main)",
        f"Batch {number} is shipped (Thing main)",
    ]
    assert len(titles(market, "olga")) == 2, "she moved it herself"
    assert len([title for title in titles(market, "otto") if "batch" in title.lower()]) == 8, "he hears of her moves"


def test_what_the_calendar_does(market: Market) -> None:
    stores, people = market.stores, market.people
    number = market.batch("olga", "north", least=10, most=20, in_s=72 * 3600)
    batches.reserve(stores, people["ada"], number, ReservationWish(units=3, key="a"))
    request = market.ask("ada", "south")
    quote = quote_of(market, request, "south")
    soon = utcnow().date() + dt.timedelta(days=1)
    quoting.offer(stores, people["sam"], quote, an_offer(valid_until=soon))
    collect(stores)
    assert not [title for title in titles(market, "ada") if "closes" in title or "runs out" in title]
    with stores.db.transaction() as session:  # three days go by
        batch = session.get_one(Batch, number)
        batch.created_at -= dt.timedelta(days=3)
        batch.deadline_at = utcnow() + dt.timedelta(hours=20)
        session.add(batch)
    collect(stores)
    collect(stores)
    near = [title for title in titles(market, "ada") if title.startswith(f"Batch {number} of Thing main closes on")]
    assert len(near) == 1, "reminded once"
    assert not [title for title in titles(market, "ada") if "runs out" in title], "an offer for a day needs none"
    with stores.db.transaction() as session:
        batch = session.get_one(Batch, number)
        batch.deadline_at = utcnow() - dt.timedelta(seconds=1)
        session.add(batch)
    batches.settle_due(stores)
    collect(stores)
    assert titles(market, "ada")[-1] == f"Batch {number} of Thing main did not fill and is released"


def test_an_offer_that_runs_out_soon(sqlite_market: Market) -> None:
    market = sqlite_market
    stores = market.stores
    quote = quote_of(market, market.ask("ada", "south"), "south")
    quoting.offer(stores, market.people["sam"], quote, an_offer(valid_until=utcnow().date() + dt.timedelta(days=5)))
    offer = {}
    with stores.db.reading() as session:
        offer = session.exec(select(QuoteVersion)).one().model_dump()
        later = dt.datetime.combine(offer["valid_until"], dt.time(12), dt.UTC)
        found = list(making_sources._quotes_near(session, later))
    assert [telling.title for item in found for telling in item.tellings] == [
        f"The quote of South on Thing main runs out on {rules.day_words(offer['valid_until'])}"
    ]
    assert found[0].recipients().keys() == {market.people["ada"]}


def test_a_designer_hears_of_a_build_that_failed(market: Market) -> None:
    with market.stores.db.transaction() as session:
        design = session.exec(select(Design)).one()
        design.owner_id = market.people["ada"]
        revision = session.exec(select(Revision)).first()
        assert revision and revision.id and design.id
        session.add(design)
        session.exec(select(Build)).all()
        session.add(Build(design_id=design.id, revision_id=revision.id, state="failed", finished_at=utcnow(),
                          message="1 of 2 targets\nfailed."))  # fmt: skip
        waiting = session.exec(select(Build).where(Build.state == "queued")).all()
        for row in waiting:
            row.state = "done"
    collect(market.stores)
    collect(market.stores)
    assert titles(market, "ada") == ["Thing main could not be built"]


def test_two_workers_read_at_once(market: Market) -> None:
    """Whoever reads an event, each person hears of it once."""
    for _ in range(12):
        market.ask("ada", "north", "south")
    start = threading.Barrier(4)

    def work() -> None:
        start.wait()
        for _ in range(4):
            collect(market.stores)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    collect(market.stores)
    with market.stores.db.reading() as session:
        rows = session.exec(select(Notice.source, Notice.event_id, Notice.account_id)).all()
    assert len(rows) == 36 and set(Counter(rows).values()) == {1}


def test_events_that_become_visible_late_are_told(market: Market) -> None:
    """PostgreSQL gives numbers before it commits: an event with a lower number may appear after a higher one."""
    cursor = NoticeCursor(source="x", last_id=4)
    now = utcnow()
    collecting._move(cursor, [5, 8], now)
    assert cursor.last_id == 8 and [gap[0] for gap in cursor.gaps] == [6, 7]
    collecting._move(cursor, [6, 9], now + dt.timedelta(minutes=9))
    assert cursor.last_id == 9 and [gap[0] for gap in cursor.gaps] == [7]
    collecting._move(cursor, [10], now + dt.timedelta(minutes=11))
    assert cursor.gaps == [], "what was rolled back is waited for no longer"
    collecting._move(cursor, [2_000_000_000], now)
    assert cursor.last_id == 2_000_000_000 and len(cursor.gaps) == 1_000, "a restored database may begin anywhere"
    if market.stores.db.on_sqlite:
        return  # one writer at a time: the numbers come in order
    slow, told = market.stores.db.engine.connect(), market.stores.db.engine.connect()
    quote = quote_of(market, market.ask("ada", "north"), "north")
    collect(market.stores)
    insert = (
        "INSERT INTO quote_message (quote_id, account_id, side, text, sent_at) "
        f"VALUES ({quote}, {market.people['ada']}, 'buyer', '{{}}', now())"
    )
    slow.exec_driver_sql(insert.format("first"))
    told.exec_driver_sql(insert.format("second"))
    told.commit()
    assert collect(market.stores) == 2
    slow.commit()
    assert collect(market.stores) == 2, "the late one is told, too"
    slow.close()
    told.close()
    assert collect(market.stores) == 0


def test_an_event_that_cannot_be_told_does_not_silence_the_others(sqlite_market: Market) -> None:
    market = sqlite_market
    events = next(source for source in sources.all_sources() if source.name == "quote")
    assert isinstance(events, sources.Events)

    def broken(session: object, row: object) -> None:
        raise ZeroDivisionError

    first = market.ask("ada", "north")
    sources.add(dataclasses.replace(events, tell=broken))
    try:
        assert collect(market.stores) == 0
    finally:
        sources.add(events)
    market.ask("ada", "south")
    assert collect(market.stores) == 1 and titles(market, "sam") and not titles(market, "otto") and first


def test_what_is_older_than_a_year_is_forgotten(market: Market) -> None:
    market.ask("ada", "north")
    collect(market.stores)
    with market.stores.db.transaction() as session:
        old = session.exec(select(Notice).where(Notice.account_id == market.people["otto"])).one()
        old.created_at -= dt.timedelta(days=366)
        for place in range(2):
            session.add(NoticeMail(account_id=1, state="sent", due_at=utcnow(),
                                   created_at=utcnow() - dt.timedelta(days=366 * place)))  # fmt: skip
    service.forget_old(market.stores)
    assert titles(market, "otto") == [] and len(titles(market, "olga")) == 1
    with market.stores.db.reading() as session:
        assert len(session.exec(select(NoticeMail)).all()) == 1
    assert collect(market.stores) == 0, "it is not told anew"


def test_another_features_source_is_read(sqlite_market: Market) -> None:
    market = sqlite_market

    class Bell:
        """Rings once."""

    def ring(session: object, now: dt.datetime) -> list[sources.Told]:
        del session
        telling = rules.Telling("all", "designs", "A bell\nrang")
        return [sources.Told(1, now, "/", [telling], {"all": {market.people["ada"]}})]

    sources.add(sources.Look("bell", ring))
    try:
        assert collect(market.stores) == 1
        assert collect(market.stores) == 0
        assert titles(market, "ada") == ["A bell rang"]
    finally:
        sources._sources.pop("bell")


def test_what_is_old_when_notices_begin_is_not_told(sqlite_market: Market) -> None:
    market = sqlite_market
    market.ask("ada", "north")
    collect(market.stores)
    with market.stores.db.transaction() as session:
        for row in session.exec(select(NoticeCursor)).all():
            session.delete(row)
        for notice in session.exec(select(Notice)).all():
            session.delete(notice)
    later = utcnow() + dt.timedelta(days=2)
    events = next(source for source in sources.all_sources() if source.name == "quote")
    assert isinstance(events, sources.Events)
    with market.stores.db.reading() as session:
        newest = session.exec(select(events.table).where(events.table.at < later)).all()
    assert newest and collect(market.stores) == 2, "what is younger than a day is told"
