"""The terms of a loan as its lenders accept them: the policy's words, then this campaign's own. Pure."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from registry.lending.policy import Policy, amount, percent, statement_words

UNSOLD = {
    "choose": "each lender chooses: units at cost for what is still owed, or to wait until they are sold",
    "goods": "lenders get units at cost for what is still owed",
    "wait": "lenders wait until they are sold",
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What the terms say of a campaign."""

    number: int
    thing: str
    fabricator: str
    currency: str
    exponent: int
    target_minor: int
    optimum_minor: int
    units_funded: int
    deadline_on: dt.date
    deadline_zone: str
    deadline_at: dt.datetime
    repayment_months: int
    grace_months: int
    unsold: str
    reward_bp: int
    commons_bp: int
    own_terms: str


def count(number: int, one: str, many: str = "") -> str:
    """A number with its noun: 1 month, 3 months."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def reward_words(policy: Policy, reward_bp: int) -> str:
    """What lenders may get beyond their money, in plain words; never a promise."""
    if policy.reward.kind == "none" or not reward_bp:
        return "There is no interest. Lenders get back at most what they lent, and may lose it."
    if policy.reward.kind == "fixed premium":
        return (
            f"If the batch earns it, lenders get {percent(reward_bp)} on top of what they lent, once. "
            "This is no promise: they may get less, and may lose what they lent."
        )
    return (
        f"Lenders share {percent(reward_bp)} of the batch's sales. It depends on sales alone: no return is promised, "
        "and they may lose what they lent."
    )


def _offer_words(days: int) -> list[str]:
    return [f"They are offered the day after the last instalment was due; a lender has {count(days, 'day')} to accept "
            "or decline, and is owed money as before without them."]  # fmt: skip


def terms_text(policy: Policy, facts: Facts) -> str:
    """All of it, as it is kept with each pledge."""
    terms = policy.terms

    def money(minor: int) -> str:
        return amount(minor, facts.currency, facts.exponent)

    said = [
        f"Loan {facts.number} for {count(facts.units_funded, 'unit')} of {facts.thing}, to {facts.fabricator}.",
        f"It asks for {money(facts.target_minor)}, and takes {money(facts.optimum_minor)} at most. It needs its target "
        f"by the end of {facts.deadline_on.isoformat()} in {facts.deadline_zone} "
        f"({facts.deadline_at:%Y-%m-%d %H:%M} UTC). Pledges that are paid in by then count; without the target, "
        "all that was paid in is sent back.",
        *statement_words(terms.statement_days),
        f"A pledge that is not paid in within {count(terms.unpaid_pledge_days, 'day')}, or by the deadline, lapses.",
        "A lender may withdraw until the campaign is funded; after that within "
        f"{count(terms.cooling_off_days, 'day')} of the pledge. If the target is missed by that, all is sent back.",
        f"The loan is paid back in {count(facts.repayment_months, 'monthly instalment')}, the first "
        f"{count(facts.grace_months, 'month')} after its last part was paid out.",
        f"If units are unsold at the end of the plan, {UNSOLD[facts.unsold]}.",
        *(_offer_words(terms.goods_offer_days) if facts.unsold == "goods" else []),
        reward_words(policy, facts.reward_bp),
        f"Of each unit sold, {percent(facts.commons_bp)} goes to the design's commons fund.",
        f"The loan is in arrears {terms.arrears_after_days} days after an instalment was due, and in default after "
        f"{terms.default_after_days} days without payment.",
    ]
    parts = [policy.terms.text.strip(), "\n".join(said)]
    if facts.own_terms.strip():
        parts.append(f"In the makers' own words:\n{facts.own_terms.strip()}")
    return "\n\n".join(parts) + "\n"
