"""Campaigns as their makers want them, judged against the policy and the batch."""

from __future__ import annotations

import datetime as dt
from typing import Any

from registry.batches.tables import Batch
from registry.errors import Invalid
from registry.lending import rules
from registry.lending.campaigns.schemas import CampaignWish
from registry.lending.campaigns.tables import LoanCampaign
from registry.lending.paying import Payee, check_payee
from registry.lending.policy import Policy, amount, percent


def line(said: str, field: str, remedy: str = "Say it in one line.") -> str:
    """One line that is not empty. Raises: Invalid."""
    said = said.strip()
    if not said or not said.isprintable():
        raise Invalid("Words in one line are needed.", remedy, field=field)
    return said


def text(said: str, field: str) -> str:
    """Words of several lines, or none. Raises: Invalid for control characters."""
    said = said.replace("\r\n", "\n").strip()
    if any(not (char.isprintable() or char in "\n\t") for char in said):
        raise Invalid("The words hold characters that nobody can see.", "Type them anew.", field=field)
    return said


def values_of(wish: CampaignWish, policy: Policy, batch: Batch, now: dt.datetime) -> dict[str, Any]:
    """A wish as the columns of its row. Raises: Invalid."""
    payee = check_payee(Payee(wish.payee_name, wish.payee_iban, wish.payee_bic))
    for one in wish.purposes:
        line(one.words, "purposes")
    total = sum(one.amount_minor for one in wish.purposes)
    if total != wish.target_minor:
        raise Invalid(
            f"What the loan is for comes to {amount(total, batch.currency)}, and the target is "
            f"{amount(wish.target_minor, batch.currency)}.", "Let the lines come to the target.", field="purposes",
        )  # fmt: skip
    if wish.target_minor > wish.optimum_minor:
        raise Invalid("The target is above the most that is taken.", "Raise the most.", field="optimum_minor")
    if wish.pledge_minor_min > wish.pledge_minor_max:
        raise Invalid("The smallest pledge is above the largest.", "Lower it.", field="pledge_minor_min")
    if sum(wish.tranches.values()) != 10_000:
        raise Invalid("The parts that are paid out do not come to 100 %.", "Let them.", field="tranches")
    values = wish.model_dump(exclude={"batch", "tranches", "payee_name", "payee_iban", "payee_bic"})
    values |= {
        "about": text(wish.about, "about"), "own_terms": text(wish.own_terms, "own_terms"),
        "deadline_at": rules.deadline_of(wish.deadline_on, wish.deadline_zone),
        "payee_name": payee.name, "payee_iban": payee.iban, "payee_bic": payee.bic,
    }  # fmt: skip
    check_limits(LoanCampaign.model_construct(**values, currency=batch.currency), policy, batch, now)
    return values


def check_limits(row: LoanCampaign, policy: Policy, batch: Batch, now: dt.datetime) -> None:
    """What the policy and the batch allow, when it is drafted and again when it opens. Raises: Invalid."""
    caps, reward, currency = policy.caps, policy.reward, row.currency
    if policy.bank.currency != batch.currency:
        raise Invalid(
            f"{policy.bank.name} lends in {policy.bank.currency}, and batch {batch.id} is priced in {batch.currency}.",
            "Lend to a batch in the bank's currency.", field="batch",
        )  # fmt: skip
    if row.optimum_minor > caps.target_minor_max:
        raise Invalid(f"A campaign takes {amount(caps.target_minor_max, currency)} at most.", "Ask for less.",
                      field="optimum_minor")  # fmt: skip
    if row.pledge_minor_min < min(caps.pledge_minor_min, row.target_minor):
        raise Invalid(f"A pledge is {amount(caps.pledge_minor_min, currency)} at least.", "Raise the smallest.",
                      field="pledge_minor_min")  # fmt: skip
    if row.pledge_minor_max > caps.pledge_minor_max_per_person:
        raise Invalid(f"One person lends {amount(caps.pledge_minor_max_per_person, currency)} at most.",
                      "Lower it.", field="pledge_minor_max")  # fmt: skip
    if not now < row.deadline_at <= now + dt.timedelta(days=caps.open_days_max + 1):
        raise Invalid(f"A deadline lies ahead, {caps.open_days_max} days at most.", "Choose another day.",
                      field="deadline_on")  # fmt: skip
    if row.grace_months + row.repayment_months > caps.repayment_months_max:
        raise Invalid(f"A loan is paid back within {caps.repayment_months_max} months, the time before the first "
                      "instalment counted in.", "Shorten the plan.", field="repayment_months")  # fmt: skip
    if row.units_funded > batch.units_max:
        raise Invalid(f"The batch has {batch.units_max} units at most.", "Fund fewer.", field="units_funded")
    allowed = {"none": 0, "fixed premium": reward.premium_bp_max, "share of sales": reward.sales_share_bp_max}
    if row.reward_bp > allowed[reward.kind]:
        said = f"at most {percent(allowed[reward.kind])}" if allowed[reward.kind] else "nothing"
        raise Invalid(f"Beyond their money lenders get {said} here ({reward.kind}).", "Lower it.", field="reward_bp")
