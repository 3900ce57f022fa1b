"""What the desk shows on a campaign's page: the way to it for treasurers, and to the workshop how it pays back."""

from __future__ import annotations

from flask import render_template

from registry.lending.bank import importing, queries
from registry.lending.campaigns.schemas import CampaignDetail
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
