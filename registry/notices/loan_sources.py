"""Events of loans on their way back: units in place of money, asked for and answered."""

from __future__ import annotations

from sqlmodel import Session

from registry.accounts.queries import handle_of
from registry.batches.tables import Batch
from registry.fabricators.tables import Fabricator
from registry.lending.campaigns.tables import LoanCampaign
from registry.lending.loans.offers import WORDS
from registry.lending.loans.tables import LoanGoods, LoanGoodsEvent
from registry.notices import rules, sources
from registry.notices.rules import Telling
from registry.notices.sources import Events, Told
from registry.web.formats import plural

_GOODS = {
    "ask": "{0} asks for {1} of {2} in place of money", "offer": "{3} offers you {1} of {2} in place of money",
    "agree": "{4} agrees: {1} of {2} in place of money", "refuse": "{4} refuses {1} of {2} in place of money",
    "call off": "{4} has called off {1} of {2} in place of money",
    "lapse": "The offer of {1} of {2} to {0} in place of money has lapsed",
    "receive": "{1} of {2} were taken by {0}",
}  # fmt: skip


def install() -> None:
    """Have notices made of them."""
    sources.add(Events("loan.goods", LoanGoodsEvent, _of_goods))


def _things(session: Session, row: LoanCampaign) -> str:
    return sources.things_of(session, row.design_id, session.get_one(Batch, row.batch_id).revision_id)


def of_goods(action: str, lender: str, units: str, things: str, shop: str, by: str, words: str) -> list[Telling]:
    """Both sides hear of units in place of money: who did it is left out by the reader."""
    title = _GOODS[action].format(lender, units, things, shop, by)
    text = (
        rules.line(words, 400) + "." if words == WORDS else f"In their words: {rules.line(words, 400)}" if words else ""
    )
    return [Telling("lender", "loans", title, text), Telling("shop", "loans", title, text)]


def _of_goods(session: Session, row: LoanGoodsEvent) -> Told | None:
    one = session.get_one(LoanGoods, row.goods_id)
    campaign = session.get_one(LoanCampaign, one.campaign_id)
    shop = session.get_one(Fabricator, campaign.fabricator_id).name
    by = shop if row.account_id is None or row.side == "fabricator" else handle_of(session, row.account_id)
    tellings = of_goods(row.action, handle_of(session, one.account_id), plural(one.units, "unit"),
                        _things(session, campaign), shop, by, row.words)  # fmt: skip
    audiences = {"lender": {one.account_id}, "shop": sources.shop_people(session, [campaign.fabricator_id])}
    return Told(row.id or 0, row.at, f"/lending/{campaign.id}/loan#goods", tellings, audiences, row.account_id)
