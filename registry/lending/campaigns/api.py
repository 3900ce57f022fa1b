"""JSON of campaigns, pledges and treasurers."""

from __future__ import annotations

from flask import Blueprint, request

from registry.lending.campaigns import own, pledging, queries, service, treasurers
from registry.lending.campaigns.lender_schemas import OwnPledges, PledgeDetail, YearView
from registry.lending.campaigns.schemas import (
    CampaignDetail,
    CampaignList,
    CampaignMove,
    CampaignQuery,
    CampaignWish,
    ChoiceWish,
    MessageWish,
    PledgeWish,
    TermsView,
    TermsWish,
    TreasurerList,
    TreasurerWish,
    WithdrawWish,
    YearQuery,
)
from registry.web import people
from registry.web.context import stores
from registry.web.openapi import Paging, operation

blueprint = Blueprint("campaigns_api", __name__)
_NUMBER = "<int(max=2147483647):number>"
_CAMPAIGN = f"/lending/campaigns/{_NUMBER}"
_PLEDGE = f"/lending/pledges/{_NUMBER}"


@operation(blueprint, "GET", "/lending/campaigns", query=CampaignQuery, answers={200: CampaignList})
def list_campaigns(query: CampaignQuery) -> CampaignList:
    """Campaigns, those that are open first."""
    service.settle_due(stores())
    with stores().db.reading() as session:
        found = queries.list_campaigns(session, query)
    return found.model_copy(update={"next": request.path + found.next if found.next else None})


@operation(
    blueprint, "POST", "/lending/campaigns", body=CampaignWish, answers={201: CampaignDetail}, faults=(409,),
    account=True,
)  # fmt: skip
def draft_campaign(body: CampaignWish) -> tuple[CampaignDetail, int]:
    """Draft a campaign for a batch, as an operator of who leads it."""
    return _campaign(service.draft(stores(), people.required().id, body)), 201


@operation(blueprint, "GET", _CAMPAIGN, answers={200: CampaignDetail})
def read_campaign(number: int) -> CampaignDetail:
    """A campaign with all that a lender should know."""
    service.settle_if_due(stores(), number)
    return _campaign(number)


def _campaign(number: int) -> CampaignDetail:
    person = people.current()
    with stores().db.reading() as session:
        return queries.get_campaign(session, number, person.id if person else None)


@operation(
    blueprint, "PUT", _CAMPAIGN, body=CampaignWish, answers={200: CampaignDetail}, faults=(409,), account=True
)  # fmt: skip
def edit_campaign(number: int, body: CampaignWish) -> CampaignDetail:
    """Change a draft."""
    service.edit(stores(), people.required().id, number, body)
    return _campaign(number)


@operation(
    blueprint, "POST", f"{_CAMPAIGN}/move", body=CampaignMove, answers={200: CampaignDetail}, faults=(409,),
    account=True,
)  # fmt: skip
def move_campaign(number: int, body: CampaignMove) -> CampaignDetail:
    """Open a campaign, which needs its proof, or call it off."""
    service.move(stores(), people.required().id, number, body)
    return _campaign(number)


@operation(blueprint, "GET", f"{_CAMPAIGN}/terms/<int(max=100000):version>", answers={200: TermsView})
def read_terms(number: int, version: int) -> TermsView:
    """A version of a campaign's terms, to the letter."""
    person = people.current()
    with stores().db.reading() as session:
        queries.find_campaign(session, number, person.id if person else None)
        return queries.terms_view(session, number, version)


@operation(
    blueprint, "POST", f"{_CAMPAIGN}/terms", body=TermsWish, answers={201: CampaignDetail}, faults=(409,), account=True
)
def amend_terms(number: int, body: TermsWish) -> tuple[CampaignDetail, int]:
    """Other words of the makers in the terms; pledges that are there keep theirs."""
    service.amend_terms(stores(), people.required().id, number, body)
    return _campaign(number), 201


@operation(
    blueprint, "POST", f"{_CAMPAIGN}/messages", body=MessageWish, answers={201: CampaignDetail}, faults=(409,),
    account=True,
)  # fmt: skip
def write_to_lenders(number: int, body: MessageWish) -> tuple[CampaignDetail, int]:
    """Tell the lenders something, for everybody to read."""
    service.send_message(stores(), people.required().id, number, body)
    return _campaign(number), 201


@operation(
    blueprint, "POST", f"{_CAMPAIGN}/pledges", body=PledgeWish, answers={201: PledgeDetail}, faults=(409,),
    account=True,
)  # fmt: skip
def make_pledge(number: int, body: PledgeWish) -> tuple[PledgeDetail, int]:
    """Pledge; the same key with the same wish answers the same again."""
    return _pledge(pledging.pledge(stores(), people.required().id, number, body)), 201


@operation(blueprint, "GET", "/lending/pledges", query=Paging, answers={200: OwnPledges}, account=True)
def read_pledges(query: Paging) -> OwnPledges:
    """My pledges, the newest first."""
    with stores().db.reading() as session:
        found = own.list_pledges(session, people.required().id, query.page, query.per_page)
    return found.model_copy(update={"next": request.path + found.next if found.next else None})


@operation(blueprint, "GET", _PLEDGE, answers={200: PledgeDetail}, account=True)
def read_pledge(number: int) -> PledgeDetail:
    """A pledge with how to pay it, its terms and its history; for its lender and treasurers."""
    return _pledge(number)


def _pledge(number: int) -> PledgeDetail:
    with stores().db.reading() as session:
        return own.get_pledge(session, number, people.required().id)


@operation(
    blueprint, "POST", f"{_PLEDGE}/withdraw", body=WithdrawWish, answers={200: PledgeDetail}, faults=(409,),
    account=True,
)  # fmt: skip
def withdraw_pledge(number: int, body: WithdrawWish) -> PledgeDetail:
    """Take a pledge back; what was paid in is sent back."""
    pledging.withdraw(stores(), people.required().id, number, body)
    return _pledge(number)


@operation(
    blueprint, "POST", f"{_PLEDGE}/choices", body=ChoiceWish, answers={200: PledgeDetail}, faults=(409,), account=True
)
def change_pledge(number: int, body: ChoiceWish) -> PledgeDetail:
    """Change how a pledge is shown and paid back."""
    pledging.choose(stores(), people.required().id, number, body)
    return _pledge(number)


@operation(blueprint, "GET", "/lending/summary", query=YearQuery, answers={200: YearView}, account=True)
def read_lending_year(query: YearQuery) -> YearView:
    """What I lent and got back in a year, and what is owed to me at its end."""
    with stores().db.reading() as session:
        return own.get_year(session, people.required().id, query.year)


@operation(blueprint, "GET", "/lending/treasurers", answers={200: TreasurerList})
def read_treasurers() -> TreasurerList:
    """Who looks after statements and payments, and how that came to be."""
    return _treasurers()


def _treasurers() -> TreasurerList:
    with stores().db.reading() as session:
        return treasurers.list_treasurers(session)


@operation(
    blueprint, "POST", "/lending/treasurers", body=TreasurerWish, answers={201: TreasurerList}, faults=(409,),
    account=True,
)  # fmt: skip
def name_treasurer(body: TreasurerWish) -> tuple[TreasurerList, int]:
    """Name a treasurer, or end it, as a steward."""
    treasurers.name(stores(), people.required().id, body)
    return _treasurers(), 201
