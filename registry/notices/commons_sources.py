"""Events of commons funds: whoever may speak hears of a proposal in time, and what became of it."""

from __future__ import annotations

from sqlmodel import Session

from registry.accounts.queries import handle_of
from registry.commons import people
from registry.commons.tables import CommonsEvent, CommonsNamed, CommonsProposal, CommonsVoice
from registry.designs.tables import Design
from registry.ledger.money import iso_currency
from registry.notices import rules, sources
from registry.notices.rules import Telling
from registry.notices.sources import Events, Told
from registry.web.formats import amount

_STEPS = {
    "agree": "agreed: hand in the proof when it is bought",
    "lapse": "lapsed, and its amount is free again",
    "doubt": "not paid yet: the proof is not enough",
    "pay": "paid",
}


def install() -> None:
    """Have notices made of them."""
    sources.add(Events("commons", CommonsEvent, _of_step))
    sources.add(Events("commons.voice", CommonsVoice, _of_voice))
    sources.add(Events("commons.named", CommonsNamed, _of_named))


def _proposal(session: Session, number: int) -> tuple[CommonsProposal, Design, str, str]:
    row = session.get_one(CommonsProposal, number)
    design = session.get_one(Design, row.design_id)
    return row, design, rules.line(row.title), f"/commons/{design.slug}/proposals/{number}"


def _of_step(session: Session, row: CommonsEvent) -> Told | None:
    """Those who may speak hear of a proposal and of its proof; the proposer what becomes of it."""
    proposal, design, title, link = _proposal(session, row.proposal_id)
    others = set(people.speakers(session, design)) - {proposal.by_id}
    tellings = []
    if row.action == "open":
        sum_ = amount(proposal.amount_minor, iso_currency(proposal.currency).exponent, proposal.currency)
        tellings = [Telling("speakers", "designs", f"{handle_of(session, proposal.by_id)} proposes: {title}",
                            f"{sum_} of the fund of {design.name}. Consent or object until "
                            f"{proposal.ends_at:%-d %B %Y}.")]  # fmt: skip
    elif row.action == "prove":
        tellings = [Telling("speakers", "designs", f"Proof for {title} waits for a look",
                            f"{design.name}: somebody beside the proposer says whether it is enough.")]  # fmt: skip
    elif row.action in _STEPS:
        tellings = [
            Telling("proposer", "designs", f"Your proposal {title} is {_STEPS[row.action]}", rules.line(row.why))
        ]
    audiences = {"speakers": others, "proposer": {proposal.by_id}}
    return Told(row.id or 0, row.at, link, tellings, audiences, row.account_id) if tellings else None


def _of_voice(session: Session, row: CommonsVoice) -> Told | None:
    """The proposer hears an objection; whoever objected hears the answer."""
    proposal, design, title, link = _proposal(session, row.proposal_id)
    who, words = handle_of(session, row.account_id), rules.line(row.words, 400)
    audiences: dict[str, set[int]] = {"proposer": {proposal.by_id}}
    if row.stance == "object":
        tellings = [Telling("proposer", "designs", f"{who} objects to {title}", words)]
    elif row.stance == "answer" and row.objection_id is not None:
        audiences = {"objector": {session.get_one(CommonsVoice, row.objection_id).account_id}}
        tellings = [Telling("objector", "designs", f"{who} answers your objection to {title}",
                            f"{words} Object again within three days if that does not meet it.")]  # fmt: skip
    elif row.stance == "withdraw":
        tellings = [Telling("proposer", "designs", f"{who} withdraws an objection to {title}", design.name)]
    else:
        return None
    return Told(row.id or 0, row.at, f"{link}#voice-{row.id}", tellings, audiences, row.account_id)


def _of_named(session: Session, row: CommonsNamed) -> Told | None:
    """Who is named as a contributor hears of it."""
    if not row.named:
        return None
    design = session.get_one(Design, row.design_id)
    title = f"You may speak for the commons fund of {design.name}"
    return Told(row.id or 0, row.at, f"/commons/{design.slug}",
                [Telling("named", "designs", title, rules.line(row.why))], {"named": {row.account_id}},
                row.by_id)  # fmt: skip
