"""What runs on a new instance beside the example batches: a loan that is being paid back.

Everybody in it is an example. It goes through the same rules as every loan; only that days have gone by is made up, for
nobody waits for deadlines here: the campaign's and the batch's are moved to now, pledges to before their cooling-off.
"""

from __future__ import annotations

import datetime as dt

from sqlmodel import Session, col, select

from registry.accounts import service as accounts
from registry.accounts.queries import find_account
from registry.batches import demo as batches_demo
from registry.batches import service as batches
from registry.batches.batch_schemas import BatchWish, CountWish, Move, ReservationWish
from registry.batches.schemas import PriceBreak
from registry.batches.tables import Batch
from registry.designs.tables import Design, Revision
from registry.errors import RegistryError
from registry.fabricators import demo as fabricators
from registry.ledger import book
from registry.ledger.schemas import Transfer
from registry.lending import chart
from registry.lending.campaigns import pledging
from registry.lending.campaigns import service as campaigns
from registry.lending.campaigns.schemas import CampaignMove, CampaignWish, MessageWish, PledgeWish, Purpose, Repay
from registry.lending.campaigns.tables import LoanCampaign, LoanTerms, Pledge
from registry.lending.loans import goods, payback, sales, tranches
from registry.lending.loans.schemas import GoodsMove, GoodsWish, SaleWish
from registry.reports import service as reports
from registry.reports.schemas import ReportWish
from registry.stores.clock import database_now
from registry.stores.stores import Stores

_MAKER = "example-boards-plauen"
_IBAN = "DE89370400440532013000"  # the bank's own example: nobody has it
_AN_EXAMPLE = "An example: nothing is lent, made or paid."
_UNITS, _PRICE = 20, 1_740
_LENT: tuple[tuple[str, int, Repay], ...] = (
    ("example-ada", 15_000, "money"),
    ("example-ben", 12_000, "money"),
    ("example-chloe", 7_800, "units"),
)


def load(stores: Stores) -> list[str]:
    """Add the loan, unless the instance has work of its own. Returns: a sentence if it is new."""
    with stores.db.reading() as session:
        slug = session.exec(select(Design.slug).where(Design.url == "example:brick-one")).first()
        lent = session.exec(select(LoanCampaign.id).limit(1)).first()
        found = find_account(session, batches_demo.OPERATOR)
        operator = found.id if found else None
        others = session.exec(select(Batch.id).where(col(Batch.opened_by) != operator).limit(1)).first()
    if slug is None or operator is None or lent is not None or others is not None:
        return []
    if _MAKER not in fabricators.staff(stores, operator):
        return []
    lenders = {handle: accounts.add_example(stores, handle) for handle, _, _ in _LENT}
    try:
        number = _funded(stores, slug, operator, lenders)
    except RegistryError as error:  # the bank's policy asks for more than the examples have
        return [f"There is no example of a loan: {error.message}"]
    _paid_out(stores, number, operator)
    _coming_back(stores, number, operator, lenders)
    return [f"Loan {number} for {slug} is being paid back."]


def _funded(stores: Stores, slug: str, operator: int, lenders: dict[str, int]) -> int:
    """An earlier run of the board, twice as large as what was reserved: lenders fund the other half."""
    with stores.db.reading() as session:
        now = database_now(session)
        proven = session.exec(
            select(Revision.others).join(Design, col(Design.id) == col(Revision.design_id))
            .where(Design.slug == slug, Revision.newest)
        ).first()  # fmt: skip
    if not proven:
        told = ReportWish(outcome="works", country="Germany", town="Leipzig", units=2, words=_AN_EXAMPLE)
        reports.report(stores, lenders["example-ben"], slug, "", told)
    wish = BatchWish(
        design=slug, fabricators=[_MAKER], currency="EUR", units_min=_UNITS, units_max=2 * _UNITS, notes=_AN_EXAMPLE,
        prices=[PriceBreak(quantity=10, unit_minor=2_450), PriceBreak(quantity=40, unit_minor=_PRICE)],
        deadline_at=now + dt.timedelta(days=20),
    )  # fmt: skip
    batch = batches.plan(stores, operator, wish)
    batches.move(stores, operator, batch, Move(action="open"))
    reserved = ReservationWish(units=_UNITS, named=True, key=f"example-{batch}")
    batches.reserve(stores, lenders["example-ada"], batch, reserved)
    total = _UNITS * _PRICE
    number = campaigns.draft(stores, operator, CampaignWish(
        batch=batch, target_minor=total, optimum_minor=total, pledge_minor_min=1_000, pledge_minor_max=20_000,
        deadline_on=now.date() + dt.timedelta(days=10), units_funded=_UNITS, repayment_months=6, grace_months=0,
        purposes=[Purpose(words="Circuit boards, 20 more", amount_minor=12_800),
                  Purpose(words="Parts from the reel", amount_minor=total - 12_800)],
        payee_name="Boards Plauen, campaign account", payee_iban=_IBAN,
        about=f"Twenty boards are reserved. Twenty more make each of the forty cheaper. {_AN_EXAMPLE}",
    ))  # fmt: skip
    campaigns.move(stores, operator, number, CampaignMove(action="open"))
    with stores.db.reading() as session:
        terms = session.exec(select(LoanTerms.sha256).where(LoanTerms.campaign_id == number)).one()
    for handle, amount, repay in _LENT:
        pledge = PledgeWish(amount_minor=amount, repay=repay, named=True, terms_sha256=terms, key=f"example-{number}")
        made = pledging.pledge(stores, lenders[handle], number, pledge)
        with stores.db.transaction() as session:
            reference = session.get_one(Pledge, made).reference or ""
            pledging.credit_pledge(session, number, reference, amount, "EUR", key=f"example-paid-{made}")
    with stores.db.transaction() as session:
        _days_go_by(session, number)
    campaigns.settle_due(stores)
    batches.settle_due(stores)
    return number


def _days_go_by(session: Session, number: int) -> None:
    now = database_now(session)
    row = session.get_one(LoanCampaign, number)
    row.deadline_at = now
    session.get_one(Batch, row.batch_id).deadline_at = now
    for pledge in session.exec(select(Pledge).where(Pledge.campaign_id == number)):
        pledge.made_at = now - dt.timedelta(days=30)


def _paid_out(stores: Stores, number: int, operator: int) -> None:
    """The batch is made, and each part of the loan leaves at its stage."""
    with stores.db.reading() as session:
        batch = session.get_one(LoanCampaign, number).batch_id
    for stage in ("materials", "made", "assembled", "tested", "shipped"):
        good = 2 * _UNITS - 8 if stage == "shipped" else 2 * _UNITS
        batches.count(stores, operator, batch, CountWish(stage=stage, good=good))
        batches.move(stores, operator, batch, Move(action=stage))
        if stage not in ("materials", "made", "shipped"):
            continue
        with stores.db.transaction() as session:
            row, now = payback.held_loan(session, number)
            amount = tranches.require_may_leave(session, row, stage, now).amount_minor or 0
            tranches.disbursed(session, row, stage, operator, "The statement shows it", now)
            book.post(session, Transfer(
                debit=payback.loan_of(row).owes, credit=chart.bank(number, row.currency), amount_minor=amount,
                key=f"example-tranche-{number}-{stage}", purpose="Disbursement, paid",
            ))  # fmt: skip


def _coming_back(stores: Stores, number: int, operator: int, lenders: dict[str, int]) -> None:
    """Some units are sold, one instalment and a half has come, a lender has two units and asks for one more."""
    campaigns.send_message(stores, operator, number, MessageWish(
        text="All forty are made, and the first ones are sold. One instalment and a half is paid back."
    ))  # fmt: skip
    with stores.db.reading() as session:
        today = database_now(session).date()
    for at in range(6):
        wish = SaleWish(price_minor=(2_450, 2_200, 1_980)[at % 3], sold_on=today, key=f"example-{at}")
        sales.sell(stores, operator, number, wish)
    with stores.db.transaction() as session:
        row, now = payback.held_loan(session, number)
        payback.repayment_seen(session, row, 8_700, source=chart.bank(number, row.currency), now=now,
                               key=f"example-repaid-{number}")  # fmt: skip
    chloe = lenders["example-chloe"]
    one = goods.ask(stores, chloe, number, GoodsWish(units=2, words="Two for the school, please"))
    goods.move(stores, operator, number, one, GoodsMove(action="agree", words="They are in the post"))
    goods.move(stores, chloe, number, one, GoodsMove(action="receive"))
    goods.ask(stores, chloe, number, GoodsWish(units=1, words="And one to take apart"))
