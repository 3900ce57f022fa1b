"""How a price falls into money and credit, and who may take part of it so: pure decisions."""

from __future__ import annotations

from registry.errors import Conflict, Invalid
from registry.ledger.rules import part_of

SETTABLE = ("draft", "open")
PAYABLE = ("filled", "materials", "made", "assembled", "tested", "shipped", "closed")


def split(price_minor: int, share_bp: int, price_exponent: int, own_exponent: int) -> tuple[int, int]:
    """A price as (money, credit): one unit of the community's currency counts as one of the price's, as WIR's does.

    Credit is rounded down to its own smallest unit; money is the rest, so that both make up the price to the last unit.
    """
    part = part_of(price_minor, share_bp)
    if own_exponent >= price_exponent:
        return price_minor - part, part * 10 ** (own_exponent - price_exponent)
    step: int = 10 ** (price_exponent - own_exponent)
    credit = part // step
    return price_minor - credit * step, credit


def judge_part(
    state: str, share_bp: int, share_bp_max: int, before_bp: int, reserved: int, currency: str, bank_currency: str
) -> None:
    """Raises: Conflict or Invalid with the reason why a batch can't take this part in credit."""
    if state not in SETTABLE:
        raise Conflict(f"This batch is {state}: its terms stand.", "Set it before the deadline.", field="share")
    if currency != bank_currency:
        raise Conflict(
            f"The batch is in {currency}; community money counts as {bank_currency}.",
            f"Plan the batch in {bank_currency}.", field="share",
        )  # fmt: skip
    if not 0 <= share_bp <= share_bp_max:
        raise Invalid(
            f"{share_bp / 100:g} % is more than the {share_bp_max / 100:g} % that the policy allows.",
            "Choose a smaller part.", field="share",
        )  # fmt: skip
    if reserved and share_bp < before_bp:
        raise Conflict(
            f"Units are reserved already, and those who did count on {before_bp / 100:g} %.", "Leave it, or raise it.",
            field="share",
        )  # fmt: skip
