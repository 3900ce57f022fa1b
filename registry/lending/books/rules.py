"""What the figures of the books are: each is a sum over transfers, by the accounts that gave and received."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass

from registry.errors import Invalid
from registry.ledger.schemas import AccountName

Sign = Callable[[AccountName, AccountName], int]  # of a transfer: counted up, down, or not at all
SIGNED_AFTER_DAYS = 5  # after a month's end; who needs it earlier has it signed by hand
_MONTH = re.compile(r"20[0-9]{2}-(0[1-9]|1[0-2])")


def is_bank(name: AccountName) -> bool:
    """A bank account: of a campaign, or of a design's fund."""
    return name.kind == "external" and name.role == "bank"


def is_loan(name: AccountName) -> bool:
    """What a campaign owes to a lender as principal."""
    return name.kind == "person" and name.role.startswith("loan-")


def is_due(name: AccountName) -> bool:
    """What is to be paid out to a lender."""
    return name.kind == "person" and name.role.startswith("due-")


def is_debt(name: AccountName) -> bool:
    """What a fabricator owes to a campaign, written off or not."""
    return name.kind == "fabricator" and name.role.startswith(("owes-", "lost-"))


def is_lost(name: AccountName) -> bool:
    """The debt that was written off, and is still claimed."""
    return name.kind == "fabricator" and name.role.startswith("lost-")


def is_sales(name: AccountName) -> bool:
    """What a fabricator took in for units, outside the registry."""
    return name.kind == "fabricator" and name.role.startswith("sales-")


def is_fund(name: AccountName) -> bool:
    """The commons fund of a design."""
    return name.kind == "fund"


def is_reward(name: AccountName) -> bool:
    """What was paid beyond the principal, on its way to the lenders."""
    return _of_campaign(name, "reward")


def _of_campaign(name: AccountName, role: str) -> bool:
    return name.kind == "campaign" and name.role == role


def _stock(mine: Callable[[AccountName], bool], up: int) -> Sign:
    """A balance: `up` for what comes to these accounts (1), or for what they give (-1)."""
    return lambda debit, credit: up * (mine(credit) - mine(debit))


def _flow(gives: Callable[[AccountName], bool], takes: Callable[[AccountName], bool]) -> Sign:
    """What goes from some accounts to others, less what came back the same way."""
    return lambda debit, credit: (gives(debit) and takes(credit)) - (gives(credit) and takes(debit))


def is_till(name: AccountName) -> bool:
    """A bank account, or what came in or went out of one and was explained later."""
    return is_bank(name) or _of_campaign(name, "unmatched") or _of_campaign(name, "unexplained")


def _waits(name: AccountName) -> bool:
    return name.kind == "campaign" and name.role in ("unmatched", "unexplained", "excess")


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of a month. stock: what it comes to at the month's end; otherwise what moved in the month."""

    name: str
    label: str
    about: str
    stock: bool
    sign: Sign


def _never(debit: AccountName, credit: AccountName) -> int:
    return 0


def _all(*figures: Figure) -> dict[str, Figure]:
    return {figure.name: figure for figure in figures}


FIGURES = _all(
    Figure("cash", "Cash", "What lies in the bank accounts of campaigns and funds", True, _stock(is_bank, -1)),
    Figure("goods", "With the makers", "Lent, and turned into materials and goods: what makers owe", True,
           _stock(lambda name: is_debt(name) and not is_lost(name), -1)),
    Figure("owed", "Owed to lenders", "Principal, and what is to be paid out now, rewards with it", True,
           _stock(lambda name: is_loan(name) or is_due(name), 1)),
    Figure("funds", "Commons funds", "What the funds of designs hold", True, _stock(is_fund, 1)),
    Figure("waiting", "Held", "Came in and is not assigned yet, or was paid above a debt", True, _stock(_waits, 1)),
    Figure("late", "In arrears", "What makers owe on loans that are in arrears at the month's end", True, _never),
    Figure("defaulted", "In default", "What makers owe on loans that are in default at the month's end", True, _never),
    Figure("written_off", "Written off", "What is still claimed on loans that were written off", True,
           _stock(is_lost, -1)),
    Figure("turnover", "Turnover", "All that went through the bank accounts, in and out", False,
           lambda debit, credit: int(is_bank(debit) != is_bank(credit))),
    Figure("came", "Came in", "Into the bank accounts", False,
           lambda debit, credit: int(is_bank(debit) and not is_bank(credit))),
    Figure("went", "Went out", "Out of the bank accounts", False,
           lambda debit, credit: int(is_bank(credit) and not is_bank(debit))),
    Figure("lent", "Lent", "Paid-in pledges, less what went back the same way", False, _flow(is_till, is_loan)),
    Figure("rebuy", "Lent again", "Of it by people who had lent to another campaign before", False, _never),
    Figure("disbursed", "Paid to makers", "Tranches that the statements show", False,
           lambda debit, credit: int(is_debt(debit) and is_till(credit))),
    Figure("repaid", "Repaid by makers", "In money, up to their debt; with what their banks sent back", False,
           lambda debit, credit: int(is_till(debit) and is_debt(credit))),
    Figure("rewards", "Rewards", "Paid by makers beyond principal, where a campaign offered it: no debt", False,
           _flow(is_till, is_reward)),
    Figure("sold", "Sold by makers", "Prices of units that makers say they sold: their money, not in these accounts",
           False, lambda debit, credit: int(is_sales(debit)) - int(is_sales(credit))),
    Figure("in_goods", "Settled in goods", "Principal that lenders took in units at cost", False,
           _flow(is_loan, is_debt)),
    Figure("returned", "Paid out to lenders", "Refunds, repayments and rewards that the statements show", False,
           _flow(is_due, is_till)),
    Figure("to_funds", "Into commons funds", "From units, gifts and forgiven loans", False,
           lambda debit, credit: int(is_fund(credit) and not is_fund(debit))),
    Figure("from_funds", "Spent by commons funds", "On their designs", False,
           lambda debit, credit: int(is_fund(debit) and not is_fund(credit))),
    Figure("charges", "Bank charges", "What banks took", False,
           _flow(lambda name: _of_campaign(name, "charges"), is_till)),
)  # fmt: skip
BY_STATE = {"late": "in arrears", "defaulted": "defaulted"}
STOCKS = tuple(name for name, figure in FIGURES.items() if figure.stock and name not in BY_STATE)
FLOWS = tuple(name for name, figure in FIGURES.items() if not figure.stock and name != "rebuy")


def debt_of(campaigns: frozenset[int]) -> Sign:
    """What makers owe to some campaigns."""
    roles = {f"owes-{number}" for number in campaigns}
    return _stock(lambda name: name.kind == "fabricator" and name.role in roles, -1)


def lent_again(loans: frozenset[AccountName]) -> Sign:
    """What was lent on some loans alone."""
    lent = FIGURES["lent"].sign
    return lambda debit, credit: lent(debit, credit) if credit in loans or debit in loans else 0


def campaign_of(name: AccountName) -> int | None:
    """Which campaign an account belongs to; None for those of funds."""
    told = name.role.rpartition("-")[2] if name.kind in ("person", "fabricator") else name.id
    return int(told) if told.isdecimal() and name.kind != "fund" else None


def words(debit: AccountName, credit: AccountName) -> str:
    """What a transfer does, in words without names: the book's own words may hold some."""
    for gives, takes, told in (  # the first that fits
        (is_till, is_loan, "A pledge is paid in"),
        (is_till, is_debt, "The maker repays"),
        (is_debt, is_till, "Paid to the maker"),
        (is_due, is_till, "Paid out to a lender"),
        (is_till, is_due, "A payment came back from the bank"),
        (is_till, is_reward, "The maker pays a reward"),
        (is_reward, is_due, "A reward, shared out to a lender"),
        (is_loan, is_due, "Due to a lender"),
        (is_due, is_loan, "Principal again"),
        (is_loan, is_debt, "Settled in goods"),
        (is_loan, is_fund, "A loan is forgiven"),
        (is_due, is_fund, "A repayment or reward is given to the fund"),
        (is_till, is_fund, "Into the fund"),
        (is_debt, is_fund, "A sold unit's share for the fund"),
        (is_fund, is_bank, "Spent by the fund"),
        (is_bank, is_bank, "Paid over to the fund's own account"),
        (is_lost, is_debt, "Written off, and claimed still"),
    ):
        if gives(debit) and takes(credit):
            return told
    if is_sales(debit):
        return "Of a unit's price"
    if is_sales(credit):
        return "Of a sale that was taken back"
    roles = {"unmatched": "not assigned yet", "excess": "paid above the debt", "charges": "bank charges",
             "unexplained": "not explained yet",
             "promised": "sold and not passed on yet", "fund-promised": "sold and not passed on yet"}  # fmt: skip
    for name, way in ((credit, "To what is"), (debit, "From what is")):
        if name.kind == "campaign" and name.role in roles:
            return f"{way} {roles[name.role]}"
    return "Another transfer"


# --- months


def check_month(text: str) -> str:
    """'2026-11'. Raises: Invalid."""
    if not _MONTH.fullmatch(text):
        raise Invalid(f"{text[:20] or 'Nothing'} is no month.", "Write it like 2026-11.", field="month")
    return text


def begins(month: str) -> dt.datetime:
    """A month's first moment, in UTC."""
    return dt.datetime(int(month[:4]), int(month[5:]), 1, tzinfo=dt.UTC)


def ends(month: str) -> dt.datetime:
    """The moment at which a month is over, in UTC."""
    year, number = divmod(int(month[:4]) * 12 + int(month[5:]), 12)
    return dt.datetime(year, number + 1, 1, tzinfo=dt.UTC)


def to_sign(now: dt.datetime) -> str:
    """The month that is to be signed by itself: the last one, once statements of its last days have had their time."""
    last = now - dt.timedelta(days=SIGNED_AFTER_DAYS)
    first = last.replace(day=1)
    return f"{first - dt.timedelta(days=1):%Y-%m}"


def months_between(first: str, last: str) -> list[str]:
    """Every month from one to another."""
    found = [first]
    while found[-1] < last:
        found.append(f"{ends(found[-1]):%Y-%m}")
    return found
