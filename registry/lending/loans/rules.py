"""What a loan's money and units do on their way back: pure decisions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from registry.batches.rules import STAGES
from registry.errors import Conflict, Invalid
from registry.ledger.rules import part_of, share_out, waterfall
from registry.lending.rules import TRANCHES

Side = Literal["lender", "fabricator", "treasurer", "registry"]

# (state, action) -> {side: state after it}
GOODS_STEPS: dict[tuple[str, str], dict[str, str]] = {
    ("", "ask"): {"lender": "asked"},
    ("", "offer"): {"fabricator": "offered", "registry": "offered"},
    ("offered", "lapse"): {"registry": "lapsed"},
    ("asked", "agree"): {"fabricator": "agreed"},
    ("asked", "refuse"): {"fabricator": "refused"},
    ("asked", "call off"): {"lender": "called off"},
    ("offered", "agree"): {"lender": "agreed"},
    ("offered", "refuse"): {"lender": "refused"},
    ("offered", "call off"): {"fabricator": "called off"},
    ("agreed", "receive"): {"lender": "received", "treasurer": "received"},
    ("agreed", "call off"): {"lender": "called off", "fabricator": "called off"},
}
GOODS_OPEN = ("asked", "offered", "agreed")
GOODS_STATES = ("disbursed", "repaying", "in arrears", "defaulted")
SALE_STATES = ("materials paid", "made paid", "disbursed", "repaying", "in arrears", "defaulted", "written off",
               "repaid", "settled in goods")  # fmt: skip
CLAIMED = ("disbursed", "repaying", "in arrears", "defaulted", "written off")
_WORDS_NEEDED = {"refuse": "Say why, to the other side.", "call off": "Say why, to the other side."}
_NEXT = dict(zip(("funded", "materials paid", "made paid"), TRANCHES, strict=True))


def step_goods(state: str, action: str, side: str, words: str) -> str:
    """The state after an action of one side. Raises: Conflict, Invalid."""
    after = GOODS_STEPS.get((state, action), {}).get(side, "")
    if not after:
        possible = goods_actions(state, side)
        remedy = f"What can be done now: {', '.join(possible)}." if possible else "Wait for the other side."
        raise Conflict(f"This is {state or 'not asked yet'}: '{action}' can't follow on that.", remedy)
    if (action in _WORDS_NEEDED or side == "treasurer") and not words.strip():
        raise Invalid("A word is missing.", _WORDS_NEEDED.get(action, "Say how you know."), field="words")
    return after


def goods_actions(state: str, side: str) -> list[str]:
    """What a side may do now."""
    return [action for (was, action), sides in GOODS_STEPS.items() if was == state and side in sides]


def next_tranche(state: str) -> str:
    """The tranche whose turn it is in a state of the loan; '' if none is."""
    return _NEXT.get(state, "")


def reached(batch_state: str, stage: str) -> bool:
    """Whether a batch has come as far as a tranche asks: materials are paid before they are bought."""
    order = ("filled", *STAGES, "closed")
    if batch_state not in order:
        return False
    needed = "filled" if stage == "materials" else stage
    return order.index(batch_state) >= order.index(needed)


def unit_cost(lent_minor: int, units_funded: int) -> int:
    """What a unit costs a lender who takes it in place of money: odd units of money stay money."""
    return lent_minor // max(units_funded, 1)


def unsold_offers(unsold: int, unit_minor: int, owed: Mapping[int, int]) -> dict[int, int]:
    """Unsold units over lenders, by how many each could take for what they are owed. Shape: who -> units, above 0."""
    room = {who: amount // unit_minor for who, amount in owed.items()} if unit_minor > 0 else {}
    shares, _ = share_out(min(max(unsold, 0), sum(room.values())), room)
    return {who: units for who, units in shares.items() if units}


def unit_debt(lent_minor: int, units_funded: int) -> int:
    """What each sold unit owes to the loan: rounded up, so that all of them together pay it back."""
    return -(-lent_minor // max(units_funded, 1))


def pour(price_minor: int, commons_bp: int, unit_debt_minor: int, open_minor: int) -> dict[str, int]:
    """A price over commons, lenders (never more than is open), fabricator, in this order."""
    lenders = min(unit_debt_minor, max(open_minor, 0))
    return waterfall(
        price_minor, [("commons", part_of(price_minor, commons_bp)), ("lenders", lenders), ("kept", None)]
    )[0]


def pour_back(
    parts: Mapping[str, int], *, promised_minor: int, fund_promised_minor: int, let_go_minor: int
) -> dict[str, int]:  # fmt: skip
    """Where the parts of a sale are, so that they can be taken back: account -> amount, in sum its price.

    Promises first; then what was promised and owed no longer, which the fabricator keeps (`let_go_minor`); what is left
    was passed on, and counts ahead for later sales.
    """
    promised = min(parts["lenders"], promised_minor)
    let_go = min(parts["lenders"] - promised, let_go_minor)
    fund_promised = min(parts["commons"], fund_promised_minor)
    return {
        "fund_promised": fund_promised, "promised": promised, "kept": parts["kept"] + let_go,
        "ahead": parts["lenders"] - promised - let_go, "fund_ahead": parts["commons"] - fund_promised,
    }  # fmt: skip


def given(chosen: Sequence[tuple[str, int]], before_minor: int, after_minor: int) -> int:
    """How much of what comes back to a lender between two balances of their loan goes to the fund.

    `chosen` is (choice, amount) of each pledge. In sum, what was pledged as a gift is given, to the last unit.
    """
    whole = sum(amount for _, amount in chosen)
    gift = sum(amount for choice, amount in chosen if choice == "gift")
    if not whole:
        return 0
    return (whole - after_minor) * gift // whole - (whole - before_minor) * gift // whole


def reward_so_far(kind: str, reward_bp: int, disbursed_minor: int, sold_minor: int) -> int:
    """What lenders may get beyond their money as things stand: a part of what was paid out, or of recorded sales."""
    base = {"fixed premium": disbursed_minor, "share of sales": sold_minor}.get(kind, 0)
    return part_of(base, reward_bp)


def reward_shares(
    part_minor: int, reward_minor: int, lent: Mapping[int, int], got: Mapping[int, int]
) -> dict[int, int]:  # fmt: skip
    """A part of the reward over the lenders, by what each lent and did not get of it yet, to the last unit."""
    total = sum(lent.values())
    if not total or part_minor <= 0:
        return {}
    times = reward_minor // total + 1  # weights alone count, and a share is never cut off by what was lent
    whole, _ = share_out(reward_minor, {who: amount * times for who, amount in lent.items()})
    return share_out(part_minor, {who: max(share - got.get(who, 0), 0) for who, share in whole.items()})[0]


def rest(outstanding: Mapping[int, int], debt_minor: int, held_minor: int) -> int:
    """What lies in the bank and will never be paid out, for the lenders. `held_minor` is ordered already."""
    return max(sum(outstanding.values()) - debt_minor - held_minor, 0)
