"""What a lender reads of their own pledges: how to pay, what is owed and when, their year."""

from __future__ import annotations

import datetime as dt
import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator

from sqlmodel import Session, col, func, select

from registry.accounts.queries import handle_of
from registry.batches.tables import Batch
from registry.designs.tables import Design, Revision
from registry.errors import NotFound
from registry.fabricators.tables import Fabricator
from registry.ledger import queries as ledger
from registry.ledger.schemas import AccountName, StatementLine
from registry.lending import chart, rules
from registry.lending.campaigns import queries
from registry.lending.campaigns.lender_schemas import (
    Moved,
    OwnMessage,
    OwnPledges,
    PledgeDetail,
    PledgeView,
    YearLine,
    YearView,
)
from registry.lending.campaigns.schemas import InstalmentView, PayoutWish
from registry.lending.campaigns.state import judged_by, paid_minor, policy_of
from registry.lending.campaigns.tables import LoanCampaign, LoanMessage, LoanTerms, Pledge, PledgeEvent
from registry.lending.campaigns.treasurers import is_treasurer
from registry.lending.loans.payback import debt_of, loan_of
from registry.stores.clock import database_now

_LESS_OWED: dict[str, Moved] = {"person": "fell due", "fabricator": "goods"}
_LESS_DUE: dict[str, Moved] = {"external": "paid out", "fund": "given"}


def list_pledges(
    session: Session, account_id: int, page: int = 1, per_page: int = 50, campaign: int | None = None
) -> OwnPledges:  # fmt: skip
    """Somebody's pledges, to one campaign or to all, the newest first."""
    chosen = select(Pledge).where(Pledge.account_id == account_id)
    if campaign is not None:
        chosen = chosen.where(Pledge.campaign_id == campaign)
    total = session.exec(select(func.count()).select_from(chosen.subquery())).one()
    rows = session.exec(chosen.order_by(col(Pledge.id).desc()).offset((page - 1) * per_page).limit(per_page)).all()
    now = database_now(session)
    return OwnPledges(
        items=[_view(session, row, now) for row in rows], total=total,
        next=f"?page={page + 1}&per_page={per_page}" if page * per_page < total else None,
    )  # fmt: skip


def find_pledge(session: Session, pledge_id: int, account_id: int | None) -> Pledge:
    """The row of a pledge, for its lender and for treasurers. Raises: NotFound."""
    row = session.get(Pledge, pledge_id)
    if row is None or account_id is None or (row.account_id != account_id and not is_treasurer(session, account_id)):
        raise NotFound(f"There is no pledge {pledge_id} that you may see.", "Look at your pledges.")
    return row


def get_pledge(session: Session, pledge_id: int, account_id: int) -> PledgeDetail:
    """A pledge with how it is paid in, its terms and its history. Raises: NotFound."""
    row = find_pledge(session, pledge_id, account_id)
    campaign = session.get_one(LoanCampaign, row.campaign_id)
    terms = session.get_one(LoanTerms, row.terms_id)
    events = session.exec(select(PledgeEvent).where(PledgeEvent.pledge_id == row.id).order_by(col(PledgeEvent.id)))
    return PledgeDetail(
        **dict(_view(session, row, database_now(session))),
        **campaign.model_dump(include={"payee_name", "payee_iban", "payee_bic"}),
        terms=queries.terms_view(session, row.campaign_id, terms.version),
        plan=own_plan(session, campaign, row),
        events=queries.event_views(session, events.all()),
        messages=queries.messages_of(session, row.campaign_id),
    )


def _view(session: Session, row: Pledge, now: dt.datetime) -> PledgeView:
    campaign = session.get_one(LoanCampaign, row.campaign_id)
    batch = session.get_one(Batch, campaign.batch_id)
    owed = _balance(session, chart.loan(row.account_id, row.campaign_id, campaign.currency))
    fields = {"number", "amount_minor", "state", "named", "repay", "made_at", "pay_by", "paid_at", "ended_at"}
    live = row.state in ("unpaid", "paid")
    days = policy_of(campaign).terms.cooling_off_days
    return PledgeView(
        id=row.id or 0, campaign=row.campaign_id, campaign_state=campaign.state, currency=campaign.currency,
        design_name=session.get_one(Design, campaign.design_id).name,
        version=session.get_one(Revision, batch.revision_id).name,
        fabricator_name=session.get_one(Fabricator, campaign.fabricator_id).name,
        reference=row.reference or "", terms_version=session.get_one(LoanTerms, row.terms_id).version,
        terms_sha256=row.terms_sha256, owed_minor=owed,
        due_minor=_balance(session, chart.due(row.account_id, row.campaign_id, campaign.currency)),
        next_due_on=_next_due(session, campaign) if owed else None,
        counted_until=judged_by(campaign, policy_of(campaign))
        if row.state == "unpaid" and campaign.state == "open" and now >= campaign.deadline_at else None,
        may_withdraw=live and rules.may_withdraw(campaign.state, row.made_at, days, now),
        payout=PayoutWish(name=row.payout_name, iban=row.payout_iban, bic=row.payout_bic),
        **row.model_dump(include=fields),
    )  # fmt: skip


def _balance(session: Session, name: AccountName) -> int:
    found = ledger.balances(session, kind=name.kind, owner_id=name.id, role=name.role, currency=name.currency)
    return found[0].balance_minor if found else 0


def _next_due(session: Session, campaign: LoanCampaign) -> dt.date | None:
    """The day of the first instalment that is not wholly paid."""
    plan = [rules.Instalment(one.due_on, one.amount_minor) for one in queries.plan_of(session, campaign.id or 0)]
    if not plan:
        return None
    paid = sum(one.amount_minor for one in plan) - debt_of(session, loan_of(campaign))
    return rules.overdue_since(plan, max(paid, 0))


def own_plan(session: Session, campaign: LoanCampaign, row: Pledge) -> list[InstalmentView]:
    """A pledge's part of the plan: by its part of all that was lent; of a plan for the whole loan, the whole pledge."""
    plan = queries.plan_of(session, campaign.id or 0)
    total = paid_minor(session, campaign.id or 0)
    if not plan or not total or row.state != "paid":
        return []
    sums = itertools.accumulate(one.amount_minor for one in plan)
    parts = [row.amount_minor * upto // total for upto in sums]
    return [
        InstalmentView(due_on=one.due_on, amount_minor=part - before)
        for one, part, before in zip(plan, parts, [0, *parts], strict=False)
    ]


# --- a year


def get_year(session: Session, account_id: int, year: int | None) -> YearView:
    """What a lender lent and got back in a year (UTC, by the dates of the bank), and what is owed at its end."""
    year = year or database_now(session).year
    since, until = dt.datetime(year, 1, 1, tzinfo=dt.UTC), dt.datetime(year + 1, 1, 1, tzinfo=dt.UTC)
    lines: list[YearLine] = []
    owed: Counter[str] = Counter()
    for held in ledger.balances(session, kind="person", owner_id=str(account_id)):
        part, _, number = held.account.role.partition("-")
        if part not in ("loan", "due") or not number.isdigit():
            continue
        name, campaign = held.account, session.get_one(LoanCampaign, int(number))
        design = session.get_one(Design, campaign.design_id).name
        if part == "loan":
            last = until - dt.timedelta(microseconds=1)
            owed[name.currency] += ledger.balance_at(session, name, last, by="effective_at")
        for line in _lines(session, name, since, until):
            what = _what(part, line.other, line.amount_minor)
            if what is None:
                continue
            lines.append(YearLine(
                at=line.effective_at, campaign=int(number), design_name=design, what=what,
                amount_minor=line.amount_minor if what == "other" else abs(line.amount_minor),
                currency=name.currency, purpose=line.purpose,
            ))  # fmt: skip
    lines.sort(key=lambda one: one.at)
    totals: dict[str, Counter[str]] = defaultdict(Counter)
    for one in lines:
        totals[one.currency][one.what] += one.amount_minor
    return YearView(
        year=year, handle=handle_of(session, account_id), lines=lines, owed_minor=dict(owed),
        totals={currency: dict(sums) for currency, sums in totals.items()},
    )  # fmt: skip


def _lines(session: Session, name: AccountName, since: dt.datetime, until: dt.datetime) -> Iterator[StatementLine]:
    after: int | None = 0
    while after is not None:
        part = ledger.statement(session, name, since=since, until=until, after_seq=after, by="effective_at")
        yield from part.lines
        after = part.next_seq


def _what(part: str, name: str, amount_minor: int) -> Moved | None:
    """What a transfer of a lender's account is to them; None for what the other account tells already."""
    other, _, role = name.split("/")[:3]
    if part == "loan":
        return ("lent" if other != "person" else "other") if amount_minor > 0 else _LESS_OWED.get(other, "other")
    if amount_minor < 0:
        return _LESS_DUE.get(other, "other")
    if (other, role) == ("campaign", "reward"):
        return "reward"
    return None if other == "person" else "other"


def years_of(session: Session, account_id: int) -> list[int]:
    """The years from somebody's first pledge to now, the newest first."""
    first = session.exec(select(func.min(Pledge.made_at)).where(Pledge.account_id == account_id)).one()
    now = database_now(session).year
    return list(range(now, (first.year if first else now) - 1, -1))


def messages_to(session: Session, account_id: int) -> list[OwnMessage]:
    """What makers wrote to the lenders of campaigns that somebody has pledged to, the newest first."""
    mine = select(Pledge.campaign_id).where(Pledge.account_id == account_id)
    rows = session.exec(
        select(LoanMessage).where(col(LoanMessage.campaign_id).in_(mine)).order_by(col(LoanMessage.id).desc()).limit(20)
    ).all()
    return [
        OwnMessage(campaign=row.campaign_id, by=handle_of(session, row.account_id), text=row.text, at=row.at)
        for row in rows
    ]
