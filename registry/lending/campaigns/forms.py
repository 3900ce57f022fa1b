"""Forms of campaigns and pledges as browsers send them, made into the values that the schemas take."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from registry.batches.batch_schemas import BatchDetail
from registry.batches.forms import whole
from registry.batches.money import plain_amount
from registry.batches.rules import unit_price
from registry.errors import Invalid
from registry.ledger.money import iso_currency, parse_amount
from registry.lending.campaigns.schemas import CampaignDetail
from registry.lending.policy import Policy

PURPOSE_ROWS = 6
STAGES = {"materials": "Materials bought", "made": "Units made", "shipped": "Units shipped"}
ZONES = (
    "UTC", "Europe/Lisbon", "Europe/London", "Europe/Berlin", "Europe/Kyiv", "Africa/Lagos", "Africa/Nairobi",
    "Asia/Kolkata", "Asia/Shanghai", "Asia/Tokyo", "Australia/Sydney", "Pacific/Auckland", "America/Sao_Paulo",
    "America/New_York", "America/Chicago", "America/Los_Angeles",
)  # fmt: skip


def percent(text: str, field: str, name: str) -> int:
    """'2.5' as 250 ten-thousandths. Raises: Invalid."""
    try:
        share = Decimal(text.strip().replace(",", ".").removesuffix("%").strip() or "0") * 100
    except InvalidOperation as error:
        raise Invalid(f"{name} is no number of per cent.", "Write it like 60 or 2.5.", field=field) from error
    if not share.is_finite() or share != share.to_integral_value() or not 0 <= share <= 10_000:
        raise Invalid(f"{name} is not between 0 and 100 %.", "Give at most two decimals.", field=field)
    return int(share)


def campaign_values(form: Mapping[str, str], currency: str) -> dict[str, object]:
    """A campaign; its target is what its purposes come to. Raises: Invalid."""
    money = iso_currency(currency)
    purposes = []
    for row in range(1, PURPOSE_ROWS + 1):
        words, told = form.get(f"words-{row}", "").strip(), form.get(f"amount-{row}", "").strip()
        if told:
            purposes.append({"words": words, "amount_minor": parse_amount(told, money, "purposes")})
        elif words:
            raise Invalid(f"{words[:40]} has no amount.", "Say what it costs.", field="purposes")
    if not purposes:
        raise Invalid("It is not said what the loan is for.", "Give at least one line.", field="purposes")
    return {
        "batch": whole(form.get("batch", ""), "batch", "The batch"),
        "purposes": purposes,
        "target_minor": sum(int(str(one["amount_minor"])) for one in purposes),
        "optimum_minor": parse_amount(form.get("optimum", ""), money, "optimum_minor"),
        "pledge_minor_min": parse_amount(form.get("pledge_min", ""), money, "pledge_minor_min"),
        "pledge_minor_max": parse_amount(form.get("pledge_max", ""), money, "pledge_minor_max"),
        "units_funded": whole(form.get("units_funded", ""), "units_funded", "The number of units"),
        "repayment_months": whole(form.get("repayment_months", ""), "repayment_months", "The number of instalments"),
        "grace_months": whole(form.get("grace_months", ""), "grace_months", "The number of months before"),
        "tranches": {
            stage: percent(form.get(f"tranche-{stage}", ""), "tranches", f"The part at {label.lower()}")
            for stage, label in STAGES.items()
        },
        "reward_bp": percent(form.get("reward", ""), "reward_bp", "What lenders get beyond their money"),
        "deadline_on": form.get("deadline_on", ""),
        **{
            name: form.get(name, "")
            for name in ("deadline_zone", "unsold", "about", "own_terms", "payee_name", "payee_iban", "payee_bic")
        },
    }  # fmt: skip


def proposed(batch: BatchDetail, policy: Policy) -> dict[str, Any]:
    """A first draft's form: batch doubling, as far as the batch has room."""
    left = batch.units_max - batch.reserved
    units = max(min(batch.reserved, left), 1)
    prices = [row.model_dump() for row in batch.prices]
    price = unit_price(prices, max(batch.reserved + units, batch.units_min)) or 0
    caps, currency = policy.caps, batch.currency
    asked = min(units * price, caps.target_minor_max)
    return {
        "batch": batch.number, "units_funded": units, "words-1": f"Making {units} units",
        "amount-1": plain_amount(asked, currency) if asked else "", "optimum": plain_amount(asked, currency),
        "pledge_min": plain_amount(min(caps.pledge_minor_min, asked or caps.pledge_minor_min), currency),
        "pledge_max": plain_amount(caps.pledge_minor_max_per_person, currency),
        "repayment_months": min(6, caps.repayment_months_max - 1) or 1, "grace_months": 1, "deadline_zone": "UTC",
        "tranche-materials": 60, "tranche-made": 30, "tranche-shipped": 10, "unsold": "choose",
        "payee_name": next((maker.name for maker in batch.makers if maker.leads), ""),
    }  # fmt: skip


def kept(campaign: CampaignDetail, iban: str, bic: str) -> dict[str, Any]:
    """A draft as its form shows it."""
    currency = campaign.currency
    values: dict[str, Any] = {
        "batch": campaign.batch, "payee_iban": iban, "payee_bic": bic, "reward": f"{campaign.reward_bp / 100:g}",
        "optimum": plain_amount(campaign.optimum_minor, currency),
        "pledge_min": plain_amount(campaign.pledge_minor_min, currency),
        "pledge_max": plain_amount(campaign.pledge_minor_max, currency),
        "deadline_on": campaign.deadline_on.isoformat(),
    }  # fmt: skip
    for name in ("units_funded", "repayment_months", "grace_months", "deadline_zone", "unsold", "about", "own_terms",
                 "payee_name"):  # fmt: skip
        values[name] = getattr(campaign, name)
    for row, one in enumerate(campaign.purposes, 1):
        values |= {f"words-{row}": one.words, f"amount-{row}": plain_amount(one.amount_minor, currency)}
    return values | {f"tranche-{one.stage}": f"{one.share_bp / 100:g}" for one in campaign.tranches}


def pledge_values(form: Mapping[str, str], currency: str) -> dict[str, object]:
    """A pledge; whoever sends it has ticked that they accept the terms. Raises: Invalid."""
    if form.get("accept") != "yes":
        raise Invalid("The terms are not accepted.", "Read them, and tick that you accept them.", field="accept")
    return {
        "amount_minor": parse_amount(form.get("amount", ""), iso_currency(currency)),
        "repay": form.get("repay", "money"),
        "named": "named" in form,
        "terms_sha256": form.get("terms_sha256", ""),
        "key": form.get("key", ""),
        "payout": payout_values(form),
    }


def payout_values(form: Mapping[str, str]) -> dict[str, str]:
    """The account that money goes back to."""
    return {name: form.get(f"payout_{name}", "").strip() for name in ("name", "iban", "bic")}
