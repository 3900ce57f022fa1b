"""What the desk shows on a campaign's page: the way to it for treasurers, and to the workshop how it pays back."""

from __future__ import annotations

from flask import render_template

from registry.commons.schemas import FundView
from registry.designs.maintainers import is_maintainer
from registry.designs.queries import find_design
from registry.lending.bank import funds, importing, queries
from registry.lending.campaigns.schemas import CampaignDetail
from registry.lending.campaigns.treasurers import is_treasurer
from registry.web import people
from registry.web.context import stores


def fill_side(campaign: CampaignDetail, acts: bool, treasurer: bool, **_: object) -> str:
    """The boxes beside a campaign; nothing for everybody else."""
    person = people.current()
    if person is None or not (acts or treasurer):
        return ""
    desk = None
    with stores().db.reading() as session:
        if treasurer:
            desk = queries.get_desk(session, person.id, campaign.number)
        payee = acts and queries.has_payee(session, campaign.number)
    return render_template("lending/bank/_side.html", desk=desk, campaign=campaign, acts=acts, payee=payee,
                           reference=importing.repayment_reference(campaign.number))  # fmt: skip


def fill_places(fund: FundView, **_: object) -> str:
    """On a fund's page: its own account for maintainers, and the way to pay over what lies elsewhere for treasurers."""
    person = people.current()
    if person is None:
        return ""
    with stores().db.reading() as session:
        design = find_design(session, fund.design)
        maintains, treasurer = is_maintainer(session, design, person.id), is_treasurer(session, person.id)
        payee = funds.fund_payee(session, design.id or 0) if maintains or treasurer else None
    if not (maintains or treasurer):
        return ""
    places = [place for purse in fund.purses for place in purse.places if place.amount_minor > place.ordered_minor]
    return render_template("lending/bank/_places.html", fund=fund, payee=payee, maintains=maintains, places=places,
                           treasurer=treasurer, ends=queries.masked(payee.iban) if payee else "")  # fmt: skip
