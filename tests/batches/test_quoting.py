"""Requests and quotes: states that can't be jumped, one acceptance, every change kept."""

from __future__ import annotations

import datetime as dt
import multiprocessing
import threading
from collections.abc import Callable

import pytest
from batch_support import Market, an_offer
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import col, select

from registry.batches import quote_queries, quoting, rules
from registry.batches.schemas import Change, Word
from registry.batches.tables import Quote, QuoteEvent
from registry.errors import Conflict, Forbidden, Invalid, NotFound, RegistryError
from registry.settings import Settings
from registry.stores.stores import open_stores

ACCEPT = Change(action="accept", version=1)


def quotes_of(market: Market, number: int) -> dict[str, int]:
    with market.stores.db.reading() as session:
        found = quote_queries.get_request(session, number, market.people["ada"])
    return {quote.fabricator: quote.id for quote in found.quotes}


def state(market: Market, quote_id: int) -> str:
    with market.stores.db.reading() as session:
        return quote_queries.get_quote(session, quote_id).state


def answered(market: Market) -> tuple[int, dict[str, int]]:
    number = market.ask("ada", "north", "south")
    quotes = quotes_of(market, number)
    quoting.offer(market.stores, market.people["olga"], quotes["north"], an_offer())
    quoting.offer(market.stores, market.people["sam"], quotes["south"], an_offer())
    return number, quotes


def test_from_asking_to_accepting(market: Market) -> None:
    number, quotes = answered(market)
    quoting.offer(market.stores, market.people["olga"], quotes["north"], an_offer(lead_days=7, why="A free week"))
    quoting.write(market.stores, market.people["ada"], quotes["north"], Word(text="Is transport by rail?"))
    with pytest.raises(Conflict, match="version 2 counts now"):
        quoting.change(market.stores, market.people["ada"], quotes["north"], ACCEPT)
    quoting.change(market.stores, market.people["ada"], quotes["north"], Change(action="accept", version=2))
    with market.stores.db.reading() as session:
        request = quote_queries.get_request(session, number, market.people["ada"])
        quote = quote_queries.get_quote(session, quotes["north"])
        lost = quote_queries.get_quote(session, quotes["south"])
    assert (request.state, request.accepted_quote) == ("closed", quotes["north"])
    assert [offer.lead_days for offer in quote.offers] == [14, 7]
    assert [(event.action, event.became, event.by) for event in quote.events] == [
        ("ask", "requested", "ada"), ("offer", "quoted", "olga"), ("revise", "revised", "olga"),
        ("accept", "accepted", "ada"),
    ]  # fmt: skip
    assert lost.state == "declined" and lost.events[-1].why == "The buyer has accepted another quote."
    assert quote.messages[0].text == "Is transport by rail?"


def test_only_the_two_sides_see_a_quote_and_a_viewer_does_not_act(market: Market) -> None:
    number, quotes = answered(market)
    stranger = market.person("eve")
    with market.stores.db.reading() as session:
        assert [
            quote.fabricator for quote in quote_queries.get_request(session, number, market.people["sam"]).quotes
        ] == ["south"]
        with pytest.raises(NotFound):
            quote_queries.get_request(session, number, stranger)
    with pytest.raises(NotFound):
        quoting.change(market.stores, stranger, quotes["north"], ACCEPT)
    with pytest.raises(Forbidden, match="you are a viewer there"):
        quoting.offer(market.stores, market.people["vera"], quotes["north"], an_offer())
    with pytest.raises(Conflict):  # the fabricator can't accept for the buyer
        quoting.change(market.stores, market.people["olga"], quotes["north"], ACCEPT)


def test_another_currency_has_to_be_meant(market: Market) -> None:
    quotes = quotes_of(market, market.ask("ada", "north"))
    for currency, fault in (("USD", "reckons in EUR"), ("XYZ", "no currency"), ("€", "no currency")):
        with pytest.raises(Invalid, match=fault):
            quoting.offer(market.stores, market.people["olga"], quotes["north"], an_offer(currency=currency))
    quoting.offer(market.stores, market.people["olga"], quotes["north"], an_offer(currency="usd", other_currency=True))
    with market.stores.db.reading() as session:
        offer = quote_queries.get_quote(session, quotes["north"]).offer
    assert offer and offer.currency == "USD"


def test_an_offer_expires_by_the_calendar(market: Market) -> None:
    quotes = quotes_of(market, market.ask("ada", "north"))
    quoting.offer(market.stores, market.people["olga"], quotes["north"], an_offer())
    with market.stores.db.transaction() as session:
        row = session.get_one(Quote, quotes["north"])
        row.valid_until = dt.date(2020, 2, 29)
        session.add(row)
    with pytest.raises(Conflict, match="is expired: 'accept' can't follow"):
        quoting.change(market.stores, market.people["ada"], quotes["north"], ACCEPT)
    assert quoting.expire_due(market.stores) == 1 and quoting.expire_due(market.stores) == 0
    with market.stores.db.reading() as session:
        last = quote_queries.get_quote(session, quotes["north"]).events[-1]
    assert (last.became, last.by, last.why) == ("expired", "", "It was valid until 29 February 2020.")


def test_nothing_follows_on_an_end(market: Market) -> None:
    number, quotes = answered(market)
    quoting.call_off(market.stores, market.people["ada"], number, "Out of money")
    assert {state(market, quote) for quote in quotes.values()} == {"withdrawn"}
    for act in (
        lambda: quoting.change(market.stores, market.people["ada"], quotes["north"], ACCEPT),
        lambda: quoting.offer(market.stores, market.people["olga"], quotes["north"], an_offer()),
        lambda: quoting.call_off(market.stores, market.people["ada"], number),
    ):
        with pytest.raises(Conflict):
            act()


def test_every_pair_that_the_table_does_not_name_is_refused() -> None:
    states = {was for was, _ in rules.QUOTE_STEPS} | {after for after, _ in rules.QUOTE_STEPS.values()}
    wanted = {action for _, action in rules.QUOTE_STEPS}
    for was in states:
        for action in wanted:
            for actor in ("buyer", "fabricator", "registry"):
                after, who = rules.QUOTE_STEPS.get((was, action), ("", ""))
                if who == actor:
                    assert rules.step(rules.QUOTE_STEPS, "It", was, action, actor) == after
                else:
                    with pytest.raises(Conflict):
                        rules.step(rules.QUOTE_STEPS, "It", was, action, actor)


def test_the_past_can_not_be_changed(market: Market) -> None:
    answered(market)
    for statement in ("UPDATE quote_event SET why = 'x'", "DELETE FROM quote_version", "DELETE FROM quote_event"):
        with pytest.raises(DBAPIError, match="only added to"), market.stores.db.transaction() as session:
            session.execute(text(statement))


def together(acts: list[Callable[[], None]]) -> list[str]:
    """Run acts at once, each in a thread. Returns: 'done' or the fault's kind, by act."""
    told = [""] * len(acts)
    gate = threading.Barrier(len(acts))

    def run(place: int) -> None:
        gate.wait()
        try:
            acts[place]()
            told[place] = "done"
        except RegistryError as error:
            told[place] = type(error).__name__

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return told


def accepted(market: Market, number: int) -> list[str]:
    with market.stores.db.reading() as session:
        return list(
            session.exec(
                select(Quote.state)
                .join(QuoteEvent, col(QuoteEvent.quote_id) == col(Quote.id))
                .where(Quote.request_id == number, QuoteEvent.action == "accept")
            )
        )


def test_two_acceptances_at_once_one_holds(market: Market) -> None:
    for _ in range(5):
        number, quotes = answered(market)
        acts = [
            lambda quote=quote: quoting.change(market.stores, market.people["ada"], quote, ACCEPT)
            for quote in [*quotes.values()] * 4
        ]
        told = together(acts)
        assert sorted(told) == ["Conflict"] * 7 + ["done"]
        assert accepted(market, number) == ["accepted"]


def _accept_elsewhere(settings: Settings, account_id: int, quote_id: int, gate: object, told: object) -> None:
    stores = open_stores(settings)
    gate.wait()  # type: ignore[attr-defined]
    try:
        quoting.change(stores, account_id, quote_id, ACCEPT)
        told.put("done")  # type: ignore[attr-defined]
    except RegistryError as error:
        told.put(type(error).__name__)  # type: ignore[attr-defined]
    stores.close()


def test_two_processes_accept_at_once_one_holds(market: Market) -> None:
    number, quotes = answered(market)
    start = multiprocessing.get_context("spawn")
    gate, told = start.Barrier(2), start.Queue()
    workers = [
        start.Process(target=_accept_elsewhere, args=(market.stores.settings, market.people["ada"], quote, gate, told))
        for quote in quotes.values()
    ]
    for worker in workers:
        worker.start()
    answers = sorted(told.get(timeout=60) for _ in workers)
    for worker in workers:
        worker.join()
    assert answers == ["Conflict", "done"] and accepted(market, number) == ["accepted"]
