"""How a pledge is paid in: the transfer's details, its code, and both as a paper."""

from __future__ import annotations

from markupsafe import Markup

from registry.batches.money import money, plain_amount
from registry.batches.papers import Paper, lay_out
from registry.errors import Invalid
from registry.lending.campaigns.lender_schemas import PledgeDetail
from registry.lending.paying import Payee, Payment, epc_svg, spaced


def code_of(pledge: PledgeDetail) -> Markup | None:
    """The transfer code of an unpaid pledge; None where there is none: only euros have one, up to a limit."""
    if pledge.state != "unpaid" or pledge.counted_until:
        return None
    payee = Payee(pledge.payee_name, pledge.payee_iban, pledge.payee_bic)
    try:
        return epc_svg(Payment(payee, pledge.amount_minor, pledge.currency, pledge.reference))
    except Invalid:
        return None  # the details stand beside the code in any case


def paper(pledge: PledgeDetail) -> Paper:
    """The transfer on a sheet. Raises: Invalid for a pledge that is not to be paid any more."""
    if pledge.counted_until:
        raise Invalid("The campaign's last day is over: don't pay it in any more.", "Look at its page.")
    if pledge.state != "unpaid":
        raise Invalid(f"This pledge is {pledge.state}: there is nothing to pay in.", "Look at its page.")
    html = lay_out(
        "transfer.html", pledge=pledge, code=code_of(pledge), amount=money(pledge.amount_minor, pledge.currency),
        plain=plain_amount(pledge.amount_minor, pledge.currency), iban=spaced(pledge.payee_iban),
        reference=spaced(pledge.reference),
    )  # fmt: skip
    return Paper(html=html)
