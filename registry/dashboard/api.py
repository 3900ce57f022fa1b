"""JSON of the dashboard: all its numbers, and what its people do there."""

from __future__ import annotations

from flask import Blueprint

from registry.batches import quoting
from registry.batches import service as batches
from registry.batches.schemas import Word
from registry.dashboard import buying, inbox, overview, prices, queries, service, threads
from registry.dashboard.price_schemas import PriceWish
from registry.dashboard.schemas import (
    BuyQuery,
    ClosedWish,
    CountedWish,
    Dashboard,
    Done,
    Inbox,
    InboxQuery,
    MachineWish,
    MoveWish,
    PaymentWish,
    PlanWish,
    ThreadView,
    ToBuy,
    WordList,
    WordWish,
)
from registry.web import people
from registry.web.context import stores
from registry.web.openapi import operation

blueprint = Blueprint("dashboard_api", __name__)
_HERE = "/fabricators/<slug>/dashboard"
_NUMBER = "<int(max=2147483647):number>"
_WORDS = f"/batches/{_NUMBER}/messages"


@operation(blueprint, "GET", _HERE, answers={200: Dashboard}, account=True)
def read_dashboard(slug: str) -> Dashboard:
    """All numbers of a fabricator's dashboard, for its own people."""
    person = people.required()
    batches.settle_due(stores())
    quoting.expire_due(stores())
    with stores().db.reading() as session:
        fabricator, role = service.enter(session, slug, person.id)
        return overview.dashboard(stores(), session, fabricator, person.id, role)


@operation(blueprint, "GET", f"{_HERE}/buy", query=BuyQuery, answers={200: ToBuy}, account=True)
def read_to_buy(slug: str, query: BuyQuery) -> ToBuy:
    """What to buy over all jobs: for those that must begin this week or next, or for all."""
    person = people.required()
    batches.settle_due(stores())
    with stores().db.reading() as session:
        fabricator, _ = service.enter(session, slug, person.id)
        day = queries.today(session)
        jobs = queries.list_jobs(session, fabricator, day)
        return buying.to_buy(stores(), session, fabricator, jobs, day, query.when)


@operation(blueprint, "POST", f"{_HERE}/moves", body=MoveWish, answers={200: Done}, faults=(409,), account=True)
def move_job(slug: str, body: MoveWish) -> Done:
    """Move a job on; the same key with the same wish moves it once."""
    return service.move(stores(), people.required().id, slug, body)


@operation(blueprint, "POST", f"{_HERE}/counts", body=CountedWish, answers={200: Done}, faults=(409,), account=True)
def count_job_units(slug: str, body: CountedWish) -> Done:
    """Add what was counted of a job; the same key with the same numbers adds them once."""
    return service.count(stores(), people.required().id, slug, body)


@operation(blueprint, "GET", f"{_HERE}/inbox", query=InboxQuery, answers={200: Inbox}, account=True)
def read_inbox(slug: str, query: InboxQuery) -> Inbox:
    """The threads of the inbox, as unread as they are for who asks."""
    person = people.required()
    with stores().db.reading() as session:
        fabricator, _ = service.enter(session, slug, person.id)
        own = fabricator.id or 0
        return Inbox(
            counts=inbox.counts(session, own, person.id), items=inbox.items(session, own, person.id, query.only)
        )


@operation(blueprint, "GET", f"{_HERE}/inbox/<thread>", answers={200: ThreadView}, account=True)
def read_thread(slug: str, thread: str) -> ThreadView:
    """A thread; reading it here leaves it unread."""
    person, found = people.required(), inbox.parse_thread(thread)
    with stores().db.reading() as session:
        fabricator, _ = service.enter(session, slug, person.id)
        return threads.view(threads.open_thread(session, fabricator, found), found)


@operation(blueprint, "POST", f"{_HERE}/inbox/<thread>/read", answers={200: Done}, account=True)
def read_it(slug: str, thread: str) -> Done:
    """Say that one has read a thread."""
    person, found = people.required(), inbox.parse_thread(thread)
    with stores().db.reading() as session:
        fabricator, _ = service.enter(session, slug, person.id)
        buyer = threads.allowed(session, fabricator, found)
    news = service.mark_read(stores(), person.id, found, buyer)
    return Done(said="Read.", repeated=not news)


@operation(blueprint, "GET", _WORDS, answers={200: WordList}, account=True)
def read_words(number: int) -> WordList:
    """What I and those who make a batch that I reserved of have said."""
    with stores().db.reading() as session:
        found = service.words_with_makers(session, people.required().id, number)
    return WordList(items=found, total=len(found))


@operation(blueprint, "POST", _WORDS, body=Word, answers={201: Done}, account=True)
def write_words(number: int, body: Word) -> tuple[Done, int]:
    """Write to those who make a batch that I reserved of."""
    return service.ask_about(stores(), people.required().id, number, body.text), 201


@operation(blueprint, "POST", f"{_HERE}/closed", body=ClosedWish, answers={200: Done}, faults=(409,), account=True)
def set_day(slug: str, body: ClosedWish) -> Done:
    """Close a day, or open it again."""
    return service.set_day(stores(), people.required().id, slug, body)


@operation(blueprint, "POST", f"{_HERE}/messages", body=WordWish, answers={200: Done}, faults=(409,), account=True)
def answer_thread(slug: str, body: WordWish) -> Done:
    """Write in a thread of the inbox; the same key with the same words sends them once."""
    return service.answer(stores(), people.required().id, slug, body)


@operation(
    blueprint, "POST", f"{_HERE}/machines/{_NUMBER}", body=MachineWish, answers={200: Done}, faults=(409,), account=True
)
def set_machine(slug: str, number: int, body: MachineWish) -> Done:
    """Say whether a machine is free; the same key with the same status sets it once."""
    return service.set_machine(stores(), people.required().id, slug, number, body)


@operation(blueprint, "POST", f"{_HERE}/payments", body=PaymentWish, answers={200: Done}, faults=(409,), account=True)
def see_payment(slug: str, body: PaymentWish) -> Done:
    """Record money that was seen for a reservation or an accepted quote, or given back."""
    return service.see_payment(stores(), people.required().id, slug, body)


@operation(blueprint, "POST", f"{_HERE}/jobs/{_NUMBER}/plan", body=PlanWish, answers={200: Done}, account=True)
def plan_job(slug: str, number: int, body: PlanWish) -> Done:
    """Say how long a job takes, and when it is promised."""
    return service.plan_job(stores(), people.required().id, slug, number, body)


@operation(blueprint, "POST", f"{_HERE}/prices", body=PriceWish, answers={200: Done}, account=True)
def keep_part_price(slug: str, body: PriceWish) -> Done:
    """Keep what a part costs at a vendor from a quantity on, for the lists of what to buy."""
    return prices.keep_price(stores(), people.required().id, slug, body)
