"""What pages, JSON and commands read of campaigns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from registry.batches import rules as batch_rules
from registry.batches.quote_queries import handles
from registry.batches.roles import ACTING, role_of
from registry.batches.tables import Batch
from registry.designs.standing import standing_words
from registry.designs.tables import Design, Revision
from registry.errors import NotFound
from registry.fabricators.tables import Fabricator
from registry.lending import rules
from registry.lending.campaigns.proof import proofs
from registry.lending.campaigns.schemas import (
    CampaignDetail,
    CampaignItem,
    CampaignList,
    CampaignQuery,
    DoublingView,
    EventView,
    FlowView,
    InstalmentView,
    LenderView,
    MessageView,
    Purpose,
    SizeView,
    TermsView,
    TrancheView,
    UnsoldView,
)
from registry.lending.campaigns.state import judged_by, policy_of, tranches_of
from registry.lending.campaigns.tables import (
    LoanCampaign,
    LoanEvent,
    LoanInstalment,
    LoanMessage,
    LoanTerms,
    Pledge,
)
from registry.lending.campaigns.terms import reward_words
from registry.lending.policy import Policy
from registry.lending.queries import policy_now
from registry.stores.clock import database_now

_HIDDEN = ("draft", "called off")
_STATES = {
    "open": ("open",),
    "running": tuple(
        {was for was, _ in rules.LOAN_STEPS} - {"draft", "open", *rules.ENDED}
    ),
    "over": tuple(state for state in rules.ENDED if state not in _HIDDEN),
}  # fmt: skip


def list_campaigns(session: Session, query: CampaignQuery) -> CampaignList:
    """Campaigns that are public: those that are open first, by their deadline, then the newest."""
    chosen = select(LoanCampaign).where(col(LoanCampaign.state).not_in(_HIDDEN))
    if query.state:
        chosen = chosen.where(col(LoanCampaign.state).in_(_STATES[query.state]))
    if query.design:
        chosen = chosen.join(Design, col(Design.id) == col(LoanCampaign.design_id)).where(Design.slug == query.design)
    total = session.exec(select(func.count()).select_from(chosen.subquery())).one()
    is_open = col(LoanCampaign.state) == "open"
    order = (is_open.desc(), col(LoanCampaign.deadline_at) if query.state == "open" else col(LoanCampaign.id).desc())
    rows = session.exec(chosen.order_by(*order).offset((query.page - 1) * query.per_page).limit(query.per_page)).all()
    more = query.page * query.per_page < total
    return CampaignList(
        items=items_of(session, rows), total=total,
        next=f"?page={query.page + 1}&per_page={query.per_page}" if more else None,
    )  # fmt: skip


def open_campaigns(session: Session, design_id: int | None = None, limit: int = 4) -> list[CampaignItem]:
    """Campaigns that take pledges, the nearest deadline first."""
    chosen = select(LoanCampaign).where(
        LoanCampaign.state == "open", col(LoanCampaign.deadline_at) > database_now(session)
    )
    if design_id is not None:
        chosen = chosen.where(LoanCampaign.design_id == design_id)
    rows = session.exec(chosen.order_by(col(LoanCampaign.deadline_at)).limit(limit)).all()
    return items_of(session, rows)


def of_batch(session: Session, batch_id: int) -> CampaignItem | None:
    """The newest campaign of a batch that is public."""
    row = session.exec(
        select(LoanCampaign).where(LoanCampaign.batch_id == batch_id, col(LoanCampaign.state).not_in(_HIDDEN))
        .order_by(col(LoanCampaign.id).desc()).limit(1)
    ).first()  # fmt: skip
    return items_of(session, [row])[0] if row else None


def draft_of_batch(session: Session, batch_id: int) -> int | None:
    """The number of a batch's draft."""
    return session.exec(
        select(LoanCampaign.id).where(LoanCampaign.batch_id == batch_id, LoanCampaign.state == "draft")
    ).first()  # fmt: skip


def items_of(session: Session, rows: Sequence[LoanCampaign]) -> list[CampaignItem]:
    """Campaigns as lists show them."""
    sums = _sums(session, [row.id or 0 for row in rows])
    return [CampaignItem(**_values(session, row, sums.get(row.id or 0, {}))) for row in rows]


def _sums(session: Session, numbers: list[int]) -> dict[int, dict[str, tuple[int, int]]]:
    """campaign -> state of pledges -> (amount, people)."""
    rows = session.exec(
        select(Pledge.campaign_id, Pledge.state, func.sum(Pledge.amount_minor),
               func.count(col(Pledge.account_id).distinct()))
        .where(col(Pledge.campaign_id).in_(numbers), col(Pledge.state).in_(("paid", "unpaid")))
        .group_by(col(Pledge.campaign_id), Pledge.state)
    ).all()  # fmt: skip
    found: dict[int, dict[str, tuple[int, int]]] = {}
    for number, state, amount, people in rows:
        found.setdefault(number, {})[state] = (int(amount), int(people))
    return found


def _values(session: Session, row: LoanCampaign, sums: dict[str, tuple[int, int]]) -> dict[str, Any]:
    design, batch = session.get_one(Design, row.design_id), session.get_one(Batch, row.batch_id)
    revision = session.get_one(Revision, batch.revision_id)
    shop = session.get_one(Fabricator, row.fabricator_id)
    paid, promised = sums.get("paid", (0, 0)), sums.get("unpaid", (0, 0))
    fields = {"state", "currency", "target_minor", "optimum_minor", "deadline_at", "deadline_on", "deadline_zone"}
    return {
        "number": row.id,
        "batch": row.batch_id,
        "design": design.slug,
        "design_name": design.name,
        "picture": design.picture or None,
        "version": revision.name,
        "label": revision.label,
        "standing": standing_words(revision.proven, revision.others, revision.failed),
        "fabricator": shop.slug,
        "fabricator_name": shop.name,
        "paid_minor": paid[0],
        "promised_minor": promised[0],
        "lenders": paid[1],
        "judged_by": judged_by(row, policy_for(session, row)),
        "counting": row.state == "open" and database_now(session) >= row.deadline_at,
        **row.model_dump(include=fields),
    }


def find_campaign(session: Session, number: int, account_id: int | None = None) -> LoanCampaign:
    """The row of a campaign; a draft is shown to who acts for the fabricator. Raises: NotFound."""
    row = session.get(LoanCampaign, number)
    hidden = row is not None and row.state in _HIDDEN
    if row is None or (hidden and not role_of(session, row.fabricator_id, account_id)):
        raise NotFound(f"There is no campaign {number}.", "Look at the list of campaigns.")
    return row


def acts_for(session: Session, number: int, account_id: int | None) -> bool:
    """Whether somebody acts for the fabricator of a campaign."""
    row = session.get(LoanCampaign, number)
    return row is not None and role_of(session, row.fabricator_id, account_id) in ACTING


def policy_for(session: Session, row: LoanCampaign) -> Policy:
    """The policy that a campaign was opened under; for a draft the one that holds now."""
    return policy_of(row) if row.policy else policy_now(session)


def get_campaign(session: Session, number: int, account_id: int | None = None) -> CampaignDetail:
    """A campaign with all that a lender should know. Raises: NotFound."""
    row = find_campaign(session, number, account_id)
    batch, policy = session.get_one(Batch, row.batch_id), policy_for(session, row)
    pledges = _public_pledges(session, number)
    names = handles(session, [row.drafted_by])
    fields = {
        "units_funded", "pledge_minor_min", "pledge_minor_max", "repayment_months", "grace_months", "unsold",
        "reward_bp", "commons_bp", "about", "own_terms", "policy_number", "payee_name", "created_at", "opened_at",
        "funded_at", "ended_at",
    }  # fmt: skip
    doubling = doubling_of(row, batch, {one.number: one.amount_minor for one in pledges if one.paid})
    return CampaignDetail(
        **_values(session, row, _sums(session, [number]).get(number, {})),
        **row.model_dump(include=fields),
        purposes=[Purpose(**one) for one in row.purposes],
        plan=[InstalmentView(due_on=one.due_on, amount_minor=one.amount_minor) for one in plan_of(session, number)],
        tranches=[
            TrancheView(
                stage=one.stage, share_bp=one.share_bp, paid_at=one.paid_at,
                amount_minor=one.amount_minor if one.amount_minor is not None
                else row.target_minor * one.share_bp // 10_000,
            )
            for one in tranches_of(session, number)
        ],
        reward=reward_words(policy, row.reward_bp),
        terms=terms_view(session, number, row.terms_version) if row.terms_version else None,
        proofs=proofs(session, batch, policy),
        drafted_by=names[row.drafted_by],
        pledges=pledges,
        messages=messages_of(session, number),
        events=_events(session, number),
        doubling=doubling,
        flow=flow_of(row, doubling),
    )  # fmt: skip


def _public_pledges(session: Session, number: int) -> list[LenderView]:
    rows = session.exec(
        select(Pledge).where(Pledge.campaign_id == number, col(Pledge.state).in_(("paid", "unpaid")))
        .order_by(col(Pledge.number))
    ).all()  # fmt: skip
    names = handles(session, [row.account_id for row in rows if row.named])
    return [
        LenderView(
            who=names[row.account_id] if row.named else "somebody", paid=row.state == "paid",
            **row.model_dump(include={"number", "amount_minor", "repay", "made_at"}),
        )
        for row in rows
    ]  # fmt: skip


def _events(session: Session, number: int) -> list[EventView]:
    rows = session.exec(select(LoanEvent).where(LoanEvent.campaign_id == number).order_by(col(LoanEvent.id))).all()
    return event_views(session, rows)


def event_views(session: Session, rows: Sequence[Any]) -> list[EventView]:
    """Sealed changes of a loan or a pledge, as people read them."""
    names = handles(session, [row.account_id for row in rows if row.account_id])
    return [
        EventView(
            by=names[row.account_id] if row.account_id else "",
            **row.model_dump(include={"action", "was", "became", "why", "at"}),
        )
        for row in rows
    ]  # fmt: skip


def messages_of(session: Session, number: int) -> list[MessageView]:
    """What the makers told their lenders, the newest first."""
    rows = session.exec(
        select(LoanMessage).where(LoanMessage.campaign_id == number).order_by(col(LoanMessage.id).desc())
    ).all()
    names = handles(session, [row.account_id for row in rows])
    return [MessageView(by=names[row.account_id], text=row.text, at=row.at) for row in rows]


def plan_of(session: Session, number: int) -> list[LoanInstalment]:
    """The plan of repayment that holds."""
    newest = select(func.max(LoanInstalment.plan)).where(LoanInstalment.campaign_id == number).scalar_subquery()
    return list(session.exec(
        select(LoanInstalment).where(LoanInstalment.campaign_id == number, LoanInstalment.plan == newest)
        .order_by(col(LoanInstalment.number))
    ).all())  # fmt: skip


def terms_view(session: Session, number: int, version: int) -> TermsView:
    """A version of a campaign's terms. Raises: NotFound."""
    row = session.exec(select(LoanTerms).where(LoanTerms.campaign_id == number, LoanTerms.version == version)).first()
    if row is None:
        raise NotFound(f"Campaign {number} has no version {version} of its terms.", "Look at the newest.")
    return TermsView(campaign=number, **row.model_dump(include={"version", "text", "sha256", "why", "at"}))


# --- what it means


def doubling_of(row: LoanCampaign, batch: Batch, lent: dict[int, int]) -> DoublingView:
    """What a unit costs with what is reserved, and with what lenders fund beside it; what unsold units would mean."""
    reserved, most = max(batch.reserved, 1), batch.units_max
    # buyers may have taken units that lenders fund: those count once
    funded = max(min(row.units_funded, most - reserved), 0)
    alone = batch_rules.unit_price(batch.prices, max(reserved, batch.units_min)) or 0
    doubled = batch_rules.unit_price(batch.prices, max(reserved + funded, batch.units_min)) or 0
    one, two = rules.double_batch(reserved, alone, doubled, funded)
    lent = lent or {0: row.target_minor}
    unit_debt = -(-sum(lent.values()) // row.units_funded)
    steps = sorted({-(-row.units_funded * quarter // 4) for quarter in (1, 2, 4)})
    unsold = []
    for units in steps:
        missing = rules.unsold(lent, unit_debt, units)
        unsold.append(UnsoldView(units=units, missing_minor=sum(missing.values()), by_pledge=missing))
    return DoublingView(
        alone=SizeView(units=one.units, unit_minor=one.unit_minor, loan_minor=one.loan_minor),
        together=SizeView(units=two.units, unit_minor=two.unit_minor, loan_minor=row.target_minor),
        saved_bp=(alone - doubled) * 10_000 // alone if alone else 0,
        unsold=unsold,
    )


def flow_of(row: LoanCampaign, doubling: DoublingView) -> FlowView:
    """Where the price of a funded unit goes: the commons fund, the lenders, then the fabricator."""
    price = doubling.together.unit_minor
    unit_debt = -(-row.target_minor // row.units_funded)
    poured = rules.pour_sale(price, row.commons_bp, unit_debt, {"lenders": row.target_minor})
    return FlowView(
        price_minor=price, commons_minor=poured.commons_minor, lenders_minor=sum(poured.lenders.values()),
        fabricator_minor=poured.fabricator_minor,
    )  # fmt: skip
