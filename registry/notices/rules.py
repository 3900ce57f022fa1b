"""Who is told of what, and in which words: pure decisions."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from registry.errors import Invalid
from registry.web.formats import plural

How = Literal["each", "daily", "none"]
HOWS: dict[str, str] = {"each": "At once", "daily": "Once a day", "none": "Never"}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of notice that people choose about. `usual`: how it comes by mail until they choose."""

    name: str
    label: str
    about: str
    usual: How


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("quotes", "Quotes you asked for", "offered, revised, refused, withdrawn, run out; money seen", "each"),
        Kind("requests", "Requests to your workshop", "new ones; accepted, declined, called off, run out", "each"),
        Kind("messages", "Messages", "between you and the other side", "each"),
        Kind(
            "batches",
            "Batches you reserved in",
            "deadline near, filled or released, each stage, money seen",
            "each",
        ),
        Kind("making", "Batches your workshop makes", "filled or released, moved on by somebody else", "each"),
        Kind("reservations", "Reservations at your workshop", "who reserved how many units", "daily"),
        Kind("deliveries", "Deliveries and your reports", "sent, accepted, faulty, answered; notes on a unit", "each"),
        Kind("loans", "Loans", "pledges paid, lapsing, sent back; what becomes of a loan; words of its makers", "each"),
        Kind("designs", "Your designs", "builds that failed, batches opened, reports of those who built one", "daily"),
    )
}


@dataclass(frozen=True, slots=True)
class Telling:
    """What is told to an audience of an event: buyer, shop, reserved, owner, asker, ..."""

    audience: str
    kind: str
    title: str
    text: str = ""


def line(text: str, chars: int = 160) -> str:
    """A text as one line of visible characters, cut at a word: fit for a header of a mail."""
    shown = "".join(char if char.isprintable() else " " for char in text)
    shown = " ".join(shown.split())
    return shown if len(shown) <= chars else shown[: chars - 1].rsplit(" ", 1)[0].rstrip(",.;: ") + "…"


def plain(text: str) -> str:
    """A text as lines of visible characters: what turns writing round or ends a text is left out."""
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join("".join(char for char in part if char.isprintable()) for part in lines)


def _sentences(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def _why(why: str) -> str:
    return f"In their words: {line(why, 400)}" if why.strip() else ""


# --- quotes


@dataclass(frozen=True, slots=True)
class QuoteFact:
    """A change of a quote, with what is told of it. `price` is written out; `things` is the design with its version."""

    action: str
    things: str
    shop: str
    buyer: str
    request: int
    quantities: tuple[int, ...] = ()
    price: str = ""
    valid_until: dt.date | None = None
    place: str = ""
    wanted_by: dt.date | None = None
    why: str = ""


def day_words(day: dt.date) -> str:
    """A day as people write it."""
    return f"{day:%-d %B %Y}"


def of_quote(fact: QuoteFact) -> list[Telling]:
    """Who hears of a change of a quote."""
    why = _why(fact.why)
    valid = f"It holds until {day_words(fact.valid_until)}." if fact.valid_until else ""
    priced = f"{fact.price}." if fact.price else ""

    def buyer(title: str, *text: str) -> Telling:
        return Telling("buyer", "quotes", title, _sentences(*text))

    def shop(title: str, *text: str) -> Telling:
        return Telling("shop", "requests", title, _sentences(*text))

    told = {
        "ask": [shop(f"{fact.buyer} asks {fact.shop} for a quote on {fact.things}", _asked(fact))],
        "offer": [buyer(f"{fact.shop} has quoted {fact.things}", priced, valid)],
        "revise": [buyer(f"{fact.shop} has revised its quote on {fact.things}", priced, valid, why)],
        "refuse": [buyer(f"{fact.shop} does not quote {fact.things}", why)],
        "withdraw": [buyer(f"{fact.shop} has withdrawn its quote on {fact.things}", why)],
        "accept": [shop(f"{fact.buyer} has accepted the quote of {fact.shop} on {fact.things}", priced, why)],
        "decline": [shop(f"{fact.buyer} has declined the quote of {fact.shop} on {fact.things}", why)],
        "lose": [
            shop(f"{fact.buyer} has accepted another quote on {fact.things}", f"The quote of {fact.shop} is closed.")
        ],
        "call off": [shop(f"{fact.buyer} has called off request {fact.request} for {fact.things}", why)],
        "expire": [
            buyer(f"The quote of {fact.shop} on {fact.things} has run out", "Ask the workshop if you still want it."),
            shop(f"The quote of {fact.shop} on {fact.things} has run out", f"{fact.buyer} did not answer in time."),
        ],
    }  # fmt: skip
    return told.get(fact.action, [])


def _asked(fact: QuoteFact) -> str:
    numbers = ", ".join(map(str, fact.quantities))
    return _sentences(
        f"Quantities: {numbers}." if numbers else "",
        f"Needed by {day_words(fact.wanted_by)}." if fact.wanted_by else "",
        f"To be delivered to {line(fact.place)}." if fact.place.strip() else "",
    )


def of_message(side: str, by: str, shop: str, things: str, text: str) -> list[Telling]:
    """The other side hears of a message."""
    if side == "buyer":
        return [Telling("shop", "messages", f"{by} has written about the quote on {things}", line(text, 400))]
    return [Telling("buyer", "messages", f"{shop} has written about its quote on {things}", line(text, 400))]


def of_quote_near(shop: str, things: str, valid_until: dt.date) -> list[Telling]:
    """The buyer hears that an offer runs out soon."""
    title = f"The quote of {shop} on {things} runs out on {day_words(valid_until)}"
    return [Telling("buyer", "quotes", title, "Accept it, decline it, or ask for more time.")]


# --- batches


@dataclass(frozen=True, slots=True)
class BatchFact:
    """A change of a batch, with what is told of it."""

    number: int
    action: str
    things: str
    shop: str
    reserved: int
    units_min: int
    units_max: int
    deadline_at: dt.datetime
    why: str = ""
    noun: str = "batch"

    @property
    def name(self) -> str:
        """batch 7, or order 7."""
        return f"{self.noun} {self.number}"


_STAGE_TITLES = {
    "materials": "The materials of {0} are bought",
    "made": "The parts of {0} are made",
    "assembled": "{0} is assembled",
    "tested": "{0} is tested",
    "shipped": "{0} is shipped",
}


_SHARE_TITLES = {
    "join": "Another workshop makes a share of",
    "decline a share": "A workshop declines a share of",
    "leave": "A workshop no longer makes a share of",
}


def of_batch(fact: BatchFact) -> list[Telling]:
    """Who hears of a change of a batch: those who reserved, those who make it, whose design it is."""
    why, things, name = _why(fact.why), fact.things, fact.name.capitalize()
    if fact.action == "order":
        units = f"{plural(fact.reserved, 'unit')} of {things}"
        return [Telling("reserved", "quotes", f"{fact.shop} begins your {fact.name}: {units}"),
                Telling("shop", "making", f"{name} is yours to make: {units}", "Its quote was accepted.")]  # fmt: skip
    if fact.action == "open":
        text = f"{fact.shop} makes {fact.units_min} to {fact.units_max}. It fills until {moment(fact.deadline_at)}."
        title = f"{name} of {things} is open for reservations"
        return [Telling("owner", "designs", title, text), Telling("quoted", "quotes", title, text)]
    if fact.action in ("fill", "begin early"):
        sold = f"{plural(fact.reserved, 'unit')} of {things} are reserved, {fact.units_min} were needed."
        title = f"{name} of {things} is filled and will be made"
        return [Telling("reserved", "batches", title, f"{sold} {fact.shop} begins."),
                Telling("shop", "making", title, f"{sold} It is yours to make.")]  # fmt: skip
    if fact.action == "release":
        title = f"{name} of {things} did not fill and is released"
        text = f"{fact.reserved} of {fact.units_min} units were reserved in time. Nobody owes anything."
        return [Telling("released", "batches", title, text), Telling("shop", "making", title, text)]
    if fact.action == "cancel":
        title = f"{name} of {things} is cancelled"
        return [Telling("released", "batches", title, _sentences(why, "Your units are free, you owe nothing.")),
                Telling("shop", "making", title, why)]  # fmt: skip
    if fact.action in _SHARE_TITLES:  # `why` begins with whose share it is
        return [Telling("shop", "making", f"{_SHARE_TITLES[fact.action]} {fact.name} ({things})", line(fact.why, 400))]
    if fact.action in _STAGE_TITLES:
        told = _STAGE_TITLES[fact.action].format(fact.name)
        title = f"{told[0].upper()}{told[1:]} ({things})"
        more = "Look out for yours, and say on its page how it arrived." if fact.action == "shipped" else ""
        return [Telling("reserved", "batches", title, _sentences(why, more)), Telling("shop", "making", title, why)]
    return []


def of_invitation(fact: BatchFact, stages: str) -> list[Telling]:
    """A workshop hears that another asks it to make a share of a batch."""
    title = f"{fact.shop} asks you to make a share of {fact.name} ({fact.things})"
    return [Telling("asked", "making", title, _sentences(f"Your share: {stages}.", _why(fact.why), "Answer there."))]


def moment(at: dt.datetime) -> str:
    """A moment in UTC as people write it."""
    return f"{at.astimezone(dt.UTC):%-d %B %Y, %H:%M} UTC"


def of_batch_near(fact: BatchFact) -> list[Telling]:
    """Those who reserved, and the workshop, hear that the deadline is near."""
    missing = fact.units_min - fact.reserved
    state = f"{plural(missing, 'unit')} are missing still." if missing > 0 else "Enough is reserved: it will be made."
    text = f"{fact.reserved} of {fact.units_max} units are reserved, {fact.units_min} needed. {state}"
    title = f"Batch {fact.number} of {fact.things} closes on {moment(fact.deadline_at)}"
    return [Telling("reserved", "batches", title, f"{text} You may give your units back until then."),
            Telling("shop", "making", title, text)]  # fmt: skip


def of_reservation(fact: BatchFact, who: str, units: int) -> list[Telling]:
    """The workshop hears of a reservation; by name only where the name is public."""
    title = f"{who or 'Somebody'} reserved {plural(units, 'unit')} of batch {fact.number}"
    return [Telling("shop", "reservations", title, f"{fact.things}: {fact.reserved} of {fact.units_max} are reserved.")]


def of_batch_word(audience: str, by: str, batch: int, things: str, text: str) -> Telling:
    """Somebody has written about a batch."""
    return Telling(audience, "messages", f"{by} has written about batch {batch} of {things}", line(text, 400))


@dataclass(frozen=True, slots=True)
class UnitFact:
    """What happened to units that were delivered. `units` is a serial number, or how many."""

    action: str
    units: str
    batch: str
    things: str
    shop: str
    buyer: str
    words: str = ""


_ANSWERS = {
    "repair": "{0} repairs {1}", "replace": "{0} replaces {1}", "refund": "{0} gives the money for {1} back",
    "refuse": "{0} sees no fault of its own in {1}",
}  # fmt: skip


def of_units(fact: UnitFact) -> list[Telling]:
    """The workshop hears what the buyer says of what was delivered, and the buyer hears its answer."""
    told = {
        "receive": f"{fact.buyer} has received {fact.units} of {fact.batch}",
        "accept": f"{fact.buyer} has accepted {fact.units} of {fact.batch}",
        "report": f"{fact.buyer} has found a fault in {fact.units} of {fact.batch}",
        "settle": f"{fact.buyer} has settled {fact.units} of {fact.batch}",
        "disagree": f"{fact.buyer} does not accept the answer on {fact.units} of {fact.batch}",
    }
    if fact.action in told:
        return [Telling("shop", "deliveries", told[fact.action], _sentences(f"{fact.things}.", _why(fact.words)))]
    if fact.action in _ANSWERS:
        title = _ANSWERS[fact.action].format(fact.shop, f"{fact.units} of {fact.batch}")
        more = "Say on its page whether that settles it."
        return [Telling("buyer", "deliveries", title, _sentences(f"{fact.things}.", _why(fact.words), more))]
    return []


def of_delivery(fact: UnitFact, carrier: str, tracking: str) -> list[Telling]:
    """The buyer hears that something is on its way."""
    how = f"With {line(carrier, 80)}{f', {line(tracking, 80)}' if tracking else ''}." if carrier or tracking else ""
    title = f"{fact.shop} has sent you {fact.units} of {fact.batch}"
    more = "Say on its page how it arrived."
    return [Telling("buyer", "deliveries", title, _sentences(f"{fact.things}.", how, _why(fact.words), more))]


def of_unit_note(side: str, by: str, serial: str, batch: str, text: str) -> list[Telling]:
    """The other side hears of a note that is kept with a serial number."""
    audience = "shop" if side == "buyer" else "buyer"
    return [Telling(audience, "deliveries", f"{by} has left a note on {serial} of {batch}", line(text, 400))]


def of_payment(kind: str, shop: str, amount: str, about: str, seen_on: dt.date, why: str, *, back: bool) -> Telling:
    """Money was seen, or given back."""
    title = f"{shop} has given {amount} back for {about}" if back else f"{shop} has seen {amount} for {about}"
    return Telling("buyer", kind, title, _sentences(f"On {day_words(seen_on)}.", _why(why)))


def is_near(created_at: dt.datetime, deadline_at: dt.datetime, now: dt.datetime) -> bool:
    """Whether a reminder is due: a day before, for what began two days before or earlier."""
    return deadline_at - dt.timedelta(days=1) <= now < deadline_at and deadline_at - created_at >= dt.timedelta(days=2)


# --- designs


def of_build(things: str, message: str) -> list[Telling]:
    """A designer hears that a version could not be built whole."""
    text = f"{line(message, 400)} " if message.strip() else ""
    return [Telling("owner", "designs", f"{things} could not be built",
                    f"{text}Its page says which file, which tool, and what you can do.")]  # fmt: skip


def of_report(by: str, things: str, outcome: str, units: int, words: str, *, revised: bool) -> list[Telling]:
    """A designer hears that somebody built a version."""
    title = (
        f"{by} {'has reworded a report on' if revised else 'has built'} {things}: {outcome[:1].lower()}{outcome[1:]}"
    )
    text = _sentences(f"{plural(units, 'unit')}.", f"In their words: {line(words, 400)}" if words.strip() else "")
    return [Telling("owner", "designs", title, text)]


def of_report_state(action: str, things: str, why: str) -> list[Telling]:
    """Who wrote a report hears what stewards do with it."""
    if action not in ("hidden", "shown again"):
        return []
    return [Telling("writer", "deliveries", f"Your report on {things} is {action}", _why(why))]


def of_official(action: str, design: str, shop: str, why: str) -> list[Telling]:
    """Both sides hear what is offered and answered: whoever did it is left out by the reader."""
    told = {
        "offer": [("shop", f"The maintainers of {design} offer {shop} to be an official maker", "Read the terms.")],
        "accept": [("owner", f"{shop} is an official maker of {design} now", "Your terms were accepted.")],
        "decline": [("owner", f"{shop} has declined the terms for {design}", "")],
        "end": [(side, f"{shop} is no official maker of {design} any more", "") for side in ("owner", "shop")],
    }
    kinds = {"owner": "designs", "shop": "requests"}
    return [
        Telling(side, kinds[side], title, _sentences(text, _why(why))) for side, title, text in told.get(action, [])
    ]


# --- what people choose


def how_for(kind: str, chosen: dict[str, str]) -> str:
    """How a kind comes by mail to somebody who has chosen so."""
    return chosen.get(kind, KINDS[kind].usual)


def check_choice(kind: str, how: str) -> None:
    """Raises: Invalid."""
    if kind not in KINDS:
        raise Invalid(f"There is no kind of notice called {kind[:40]}.", f"It is one of {', '.join(KINDS)}.",
                      field="kind")  # fmt: skip
    if how not in HOWS:
        raise Invalid(f"{how[:40] or 'Nothing'} is no choice.", "It is each, daily or none.", field=kind)
