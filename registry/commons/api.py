"""JSON of commons funds."""

from __future__ import annotations

from flask import Blueprint

from registry.commons import queries, service
from registry.commons.schemas import (
    FundView,
    GiftWish,
    MoveWish,
    NamedWish,
    ProposalView,
    ProposalWish,
    ShareWish,
    VoiceWish,
)
from registry.web import people
from registry.web.context import stores
from registry.web.openapi import operation

blueprint = Blueprint("commons_api", __name__)
_PROPOSAL = "/commons/<slug>/proposals/<int(max=2147483647):number>"


def _fund(slug: str) -> FundView:
    service.settle_due(stores())
    with stores().db.reading() as session:
        return queries.get_fund(session, slug)


def _proposal(slug: str, number: int) -> ProposalView:
    service.settle(stores(), number)
    with stores().db.reading() as session:
        return queries.get_proposal(session, number, slug)


@operation(blueprint, "GET", "/commons/<slug>", answers={200: FundView})
def read_commons_fund(slug: str) -> FundView:
    """A design's fund: what it holds, where it came from, the designers' cut, who may speak, proposals."""
    return _fund(slug)


@operation(
    blueprint, "POST", "/commons/<slug>/share", body=ShareWish, answers={201: FundView}, faults=(409,), account=True
)
def set_commons_share(slug: str, body: ShareWish) -> tuple[FundView, int]:
    """Set the designers' cut of each unit sold, as a maintainer, with the reason."""
    service.set_share(stores(), people.required().id, slug, body)
    return _fund(slug), 201


@operation(
    blueprint, "POST", "/commons/<slug>/people", body=NamedWish, answers={201: FundView}, faults=(409,), account=True
)
def name_commons_person(slug: str, body: NamedWish) -> tuple[FundView, int]:
    """Name somebody as a contributor, or take it back, as a maintainer."""
    service.name_person(stores(), people.required().id, slug, body)
    return _fund(slug), 201


@operation(
    blueprint, "POST", "/commons/<slug>/gifts", body=GiftWish, answers={201: FundView}, faults=(409,), account=True
)
def record_commons_gift(slug: str, body: GiftWish) -> tuple[FundView, int]:
    """Book money that came to the fund's own bank account, as a maintainer."""
    service.record_gift(stores(), people.required().id, slug, body)
    return _fund(slug), 201


@operation(
    blueprint, "POST", "/commons/<slug>/proposals", body=ProposalWish, answers={201: ProposalView}, faults=(409,),
    account=True,
)  # fmt: skip
def propose_commons_spending(slug: str, body: ProposalWish) -> tuple[ProposalView, int]:
    """Propose to spend of the fund on the design; the amount is held until it is decided."""
    return _proposal(slug, service.propose(stores(), people.required().id, slug, body)), 201


@operation(blueprint, "GET", _PROPOSAL, answers={200: ProposalView})
def read_commons_proposal(slug: str, number: int) -> ProposalView:
    """A proposal with all that was said and done."""
    return _proposal(slug, number)


@operation(
    blueprint, "POST", f"{_PROPOSAL}/voices", body=VoiceWish, answers={201: ProposalView}, faults=(409,), account=True
)
def say_to_commons_proposal(slug: str, number: int, body: VoiceWish) -> tuple[ProposalView, int]:
    """Consent, object with a reason, answer an objection, or withdraw one's own."""
    _proposal(slug, number)
    service.say(stores(), people.required().id, number, body)
    return _proposal(slug, number), 201


@operation(
    blueprint, "POST", f"{_PROPOSAL}/move", body=MoveWish, answers={200: ProposalView}, faults=(409,), account=True
)
def move_commons_proposal(slug: str, number: int, body: MoveWish) -> ProposalView:
    """Withdraw a proposal or hand in proof (files on the page); doubt the proof, or say that it was paid."""
    _proposal(slug, number)
    service.move(stores(), people.required().id, number, body)
    return _proposal(slug, number)
