"""A lender's year as CSV and as a paper."""

from __future__ import annotations

from registry.batches.money import money, plain_amount
from registry.batches.papers import Paper, lay_out
from registry.builds.bom.vendors import table
from registry.lending.campaigns.lender_schemas import YearView

WORDS = {
    "lent": "Lent", "fell due": "Fell due to you", "paid out": "Paid out to you", "given": "Given to a design's fund",
    "goods": "Settled in goods", "reward": "Reward beyond what you lent", "other": "Other",
}  # fmt: skip


def as_csv(year: YearView) -> bytes:
    """The movements of a year; amounts in digits, so that a spreadsheet counts them."""
    header = ("date", "campaign", "design", "what", "amount", "currency", "purpose")
    rows = [
        (one.at.date().isoformat(), one.campaign, one.design_name, WORDS[one.what],
         plain_amount(one.amount_minor, one.currency), one.currency, one.purpose)
        for one in year.lines
    ]  # fmt: skip
    return table(header, rows)


def paper(year: YearView, public_url: str) -> Paper:
    """The year on paper."""
    return Paper(html=lay_out("lending_year.html", year=year, words=WORDS, money=money, public_url=public_url))
