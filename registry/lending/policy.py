"""A bank's whole policy: proof, limits, terms and shares. One TOML file holds it, so that others can copy it."""

from __future__ import annotations

import functools
import re
import tomllib
from importlib import resources
from typing import Annotated, Any, Literal

import tomli_w
from babel.numbers import get_currency_precision, list_currencies
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictInt,
    ValidationError,
    model_validator,
)

from registry.errors import Invalid

POLICY_BYTES = 64 * 1024
_OWN_CODE = re.compile(r"[A-Z]{4,12}")
BasisPoints = Annotated[StrictInt, Field(ge=0, le=10_000)]
Minor = Annotated[StrictInt, Field(gt=0, le=10**12)]


def _line(text: str) -> str:
    if not text.isprintable() or text != text.strip():
        raise ValueError("one line without control characters is needed")
    return text


def _text(text: str) -> str:
    if any(not (char.isprintable() or char == "\n") for char in text):
        raise ValueError("text without control characters is needed")
    return text


def _iso(code: str) -> str:
    if len(code) != 3 or code not in list_currencies():
        raise ValueError("the three letters of a currency are needed, such as EUR")
    return code


def _own(code: str) -> str:
    if code and not _OWN_CODE.fullmatch(code):
        raise ValueError("4 to 12 capital letters are needed, such as HOURS")
    return code


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Bank(_Part):
    """Whose policy this is, and in which currency its amounts are."""

    name: Annotated[str, Field(min_length=1, max_length=120), AfterValidator(_line)]
    currency: Annotated[str, AfterValidator(_iso)]


class Proof(_Part):
    """What must be true before a campaign opens."""

    build_reports: StrictInt = Field(ge=0, le=100)
    reserved_share_bp: BasisPoints


class Caps(_Part):
    """Limits of campaigns and pledges, in the currency's smallest unit."""

    target_minor_max: Minor
    pledge_minor_min: Minor
    pledge_minor_max_per_person: Minor
    open_days_max: StrictInt = Field(ge=1, le=366)
    repayment_months_max: StrictInt = Field(ge=1, le=120)
    approvers: StrictInt = Field(ge=2, le=5)

    @model_validator(mode="after")
    def _ordered(self) -> Caps:
        if not self.pledge_minor_min <= self.pledge_minor_max_per_person <= self.target_minor_max:
            raise ValueError("the smallest pledge, the most per person and the largest target must rise in this order")
        return self


class Terms(_Part):
    """What lenders and borrowers agree to."""

    text: Annotated[str, Field(min_length=1, max_length=20_000), AfterValidator(_text)]
    cooling_off_days: StrictInt = Field(ge=0, le=60)
    unpaid_pledge_days: StrictInt = Field(ge=1, le=60)
    statement_days: StrictInt = Field(default=0, ge=0, le=30)  # policies that are older than this field have none
    goods_offer_days: StrictInt = Field(default=30, ge=7, le=90)
    arrears_after_days: StrictInt = Field(ge=0, le=365)
    default_after_days: StrictInt = Field(ge=1, le=3_650)

    @model_validator(mode="after")
    def _ordered(self) -> Terms:
        if self.default_after_days <= self.arrears_after_days:
            raise ValueError("a loan must be in arrears before it is in default")
        return self


class Reward(_Part):
    """What lenders may get beyond their money: nothing, unless the steward allows it; never promised."""

    kind: Literal["none", "fixed premium", "share of sales"]
    premium_bp_max: BasisPoints
    sales_share_bp_max: BasisPoints

    @model_validator(mode="after")
    def _matches(self) -> Reward:
        if (self.premium_bp_max > 0) != (self.kind == "fixed premium"):
            raise ValueError('premium_bp_max is above 0 with kind = "fixed premium", and only then')
        if (self.sales_share_bp_max > 0) != (self.kind == "share of sales"):
            raise ValueError('sales_share_bp_max is above 0 with kind = "share of sales", and only then')
        return self


class Shares(_Part):
    """How the price of a sold unit is poured: first the commons fund's share, then the loan's."""

    commons_bp: BasisPoints
    commons_bp_max: BasisPoints

    @model_validator(mode="after")
    def _ordered(self) -> Shares:
        if self.commons_bp > self.commons_bp_max:
            raise ValueError("commons_bp can't be above commons_bp_max")
        return self


class Community(_Part):
    """A currency of the community's own: members' balances come to zero together. No currency: there is none."""

    currency: Annotated[str, AfterValidator(_own)]
    exponent: StrictInt = Field(ge=0, le=6)
    lowest_minor: StrictInt = Field(ge=-(10**9), le=0)
    highest_minor: StrictInt = Field(ge=0, le=10**9)
    price_share_bp_max: BasisPoints

    @model_validator(mode="after")
    def _matches(self) -> Community:
        if not self.currency and (self.price_share_bp_max or self.lowest_minor or self.highest_minor):
            raise ValueError("limits and a share of the price need a currency; leave them 0 without one")
        if self.currency and not self.highest_minor:
            raise ValueError("with a highest balance of 0 nobody could receive anything")
        return self


class Policy(_Part):
    """All of it. Shape: the tables of `data/policy.toml`, each field told there."""

    bank: Bank
    proof: Proof
    caps: Caps
    terms: Terms
    reward: Reward
    shares: Shares
    community: Community


def shipped_text() -> str:
    """The default policy as it is shipped, with its comments."""
    return (resources.files("registry.lending") / "data" / "policy.toml").read_text(encoding="utf-8")


@functools.cache
def shipped() -> Policy:
    """The default policy."""
    return parse(shipped_text())


def parse(text: str) -> Policy:
    """A policy from TOML. Raises: Invalid, with a sentence and the line of every wrong field."""
    if len(text.encode("utf-8", "replace")) > POLICY_BYTES:
        raise Invalid("The policy is larger than 64 KiB.", "Shorten its texts.", field="file")
    try:
        told = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise Invalid(f"The policy is not TOML: {error}.", "Mend that line.", field="file") from error
    try:
        return Policy.model_validate(told)
    except ValidationError as error:
        said = [_sentence(text, told, dict(fault)) for fault in error.errors(include_url=False)]
        raise Invalid(" ".join(said), "Compare with the shipped policy, which says what each field means.",
                      field="file") from error  # fmt: skip


def _sentence(text: str, told: dict[str, Any], fault: dict[str, Any]) -> str:
    path = [str(part) for part in fault["loc"]]
    name, line = ".".join(path), line_of(text, path)
    where = f"Line {line}: " if line else ""
    if fault["type"] == "missing":
        return f"{where}{name} is missing."
    if fault["type"] == "extra_forbidden":
        return f"{where}there is no field {name[:80]}."
    message = str(fault["msg"]).removeprefix("Value error, ")
    value = fault.get("input")
    shown = "" if isinstance(value, dict) or value is told else f" is {str(value)[:40]!r}"
    return f"{where}{name}{shown}: {message[:1].lower()}{message[1:]}."


def line_of(text: str, path: list[str]) -> int:
    """The line that a field, or else its table, stands on; 0 if neither does."""
    table, found = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        head = re.fullmatch(r"\s*\[\s*([A-Za-z0-9_.-]+)\s*\]\s*(?:#.*)?", line)
        if head:
            table = head[1]
            if path[:1] == [table]:
                found = number
            continue
        key = re.match(r"\s*([A-Za-z0-9_-]+)\s*=", line)
        if key and (path == [table, key[1]] or (not table and path == [key[1]])):
            return number
    return found


def write(policy: Policy) -> str:
    """A policy as TOML, which `parse` reads back the same."""
    return tomli_w.dumps(policy.model_dump(mode="json"), multiline_strings=True)


def amount(minor: int, currency: str, exponent: int | None = None) -> str:
    """An amount for sentences: 25.00 EUR."""
    digits = get_currency_precision(currency) if exponent is None else exponent
    whole, rest = divmod(abs(minor), 10**digits)
    decimals = f".{rest:0{digits}d}" if digits else ""
    return f"{'-' if minor < 0 else ''}{whole}{decimals} {currency}"


def percent(basis_points: int) -> str:
    """Ten-thousandths for sentences: 5 %, 2.5 %."""
    return f"{basis_points / 100:g} %"


def _days(number: int) -> str:
    return f"{number} day{'' if number == 1 else 's'}"


def statement_words(days: int) -> list[str]:
    """When a deadline is judged, in a sentence; none where no statement is waited for."""
    if not days:
        return []
    return [f"Payments that the bank booked by the deadline's day count, also where their statement comes later: it is "
            f"judged once a statement goes beyond that day, at most {_days(days)} after the deadline."]  # fmt: skip


def explain(policy: Policy) -> list[str]:
    """The policy in plain sentences."""
    bank, caps, terms, reward = policy.bank, policy.caps, policy.terms, policy.reward
    reports = policy.proof.build_reports
    if reports and policy.proof.reserved_share_bp:
        proof = f"{_reports(reports)} and {percent(policy.proof.reserved_share_bp)} of the batch is reserved"
    elif reports:
        proof = _reports(reports)
    else:
        proof = f"{percent(policy.proof.reserved_share_bp)} of the batch is reserved"
    said = [
        f"{bank.name} lends in {bank.currency}.",
        f"A campaign opens when {proof}." if reports or policy.proof.reserved_share_bp
        else "A campaign opens without any proof.",
        f"A campaign asks for {amount(caps.target_minor_max, bank.currency)} at most, "
        f"and stays open for {_days(caps.open_days_max)} at most. Below its target at the deadline, all is paid back.",
        *statement_words(terms.statement_days),
        f"A pledge is {amount(caps.pledge_minor_min, bank.currency)} or more; "
        f"one person lends {amount(caps.pledge_minor_max_per_person, bank.currency)} at most to one campaign.",
        f"A pledge may be withdrawn within {_days(terms.cooling_off_days)}, and until the campaign is funded. "
        f"One that is not paid within {_days(terms.unpaid_pledge_days)} lapses.",
        f"{caps.approvers} people approve each payment that leaves.",
        f"A loan is paid back within {caps.repayment_months_max} months. It is in arrears "
        f"{_days(terms.arrears_after_days)} after an instalment was due, and in default after "
        f"{_days(terms.default_after_days)} without payment. What comes in later still goes to its lenders.",
        "Where a campaign's terms give unsold units to its lenders, these are offered at cost when the plan is over, "
        f"for {_days(terms.goods_offer_days)}.",
    ]  # fmt: skip
    if reward.kind == "none":
        said.append("There is no interest. Lenders get back at most what they lent, and may lose it.")
    elif reward.kind == "fixed premium":
        said.append(f"A campaign may offer a premium of {percent(reward.premium_bp_max)} of the loan at most. "
                    "It is paid only if the batch earns it: no return is promised, "
                    "and lenders may lose what they lent.")  # fmt: skip
    else:
        said.append(f"A campaign may offer {percent(reward.sales_share_bp_max)} of its sales at most. "
                    "It depends on sales: no return is promised, and lenders may lose what they lent.")  # fmt: skip
    said.append(f"Of each unit sold, {percent(policy.shares.commons_bp)} goes to the design's commons fund; "
                f"its designers may set another share, {percent(policy.shares.commons_bp_max)} at most.")  # fmt: skip
    own = policy.community
    if own.currency:
        low, high = (amount(one, own.currency, own.exponent) for one in (own.lowest_minor, own.highest_minor))
        said.append(f"Members also trade in {own.currency}: a member's balance lies between {low} and {high}, and all "
                    f"balances come to zero together. Up to {percent(own.price_share_bp_max)} of a batch's price "
                    "may be paid in it.")  # fmt: skip
    else:
        said.append("There is no currency of the community's own.")
    return said


def _reports(number: int) -> str:
    if number == 1:
        return "somebody else has built the version and reported that it works"
    return f"{number} others have built the version and reported that it works"
