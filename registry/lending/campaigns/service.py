"""Use cases of campaigns. Whoever drafts, opens, pledges or settles holds the campaign's row, and writes into the book
last."""

from __future__ import annotations

import datetime as dt
import hashlib

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, or_, select

from registry.batches.roles import require_operator
from registry.batches.tables import Batch, BatchMaker
from registry.commons.queries import share_of
from registry.designs.tables import Design, Revision
from registry.errors import Conflict, Invalid
from registry.fabricators.tables import Fabricator
from registry.ledger import queries as ledger
from registry.ledger.money import iso_currency
from registry.lending import chart, queries, rules
from registry.lending.campaigns import proof, wishes
from registry.lending.campaigns.schemas import CampaignMove, CampaignWish, MessageWish, TermsWish
from registry.lending.campaigns.state import (
    BATCH_LOST,
    batch_of,
    go,
    held,
    is_leaving,
    may_judge,
    policy_of,
    tell,
    tranches_of,
)
from registry.lending.campaigns.tables import (
    LoanCampaign,
    LoanMessage,
    LoanTerms,
    LoanTranche,
    Pledge,
)
from registry.lending.campaigns.terms import Facts, terms_text
from registry.lending.policy import Policy
from registry.stores.clock import database_now
from registry.stores.stores import Stores

_CLOSED = ("draft", "called off", "failed", "repaid", "settled in goods")

# --- drafts


def draft(stores: Stores, account_id: int, wish: CampaignWish) -> int:
    """A campaign for a batch, by an operator of who leads it. Returns: its number. Raises: Invalid, Forbidden, ..."""
    try:
        with stores.db.transaction() as session:
            now = database_now(session)
            batch = batch_of(session, wish.batch)
            lead = _lead(session, wish.batch)
            require_operator(session, lead, account_id)
            policy = queries.policy_now(session)
            row = LoanCampaign(
                batch_id=wish.batch, design_id=batch.design_id, fabricator_id=lead, currency=batch.currency,
                drafted_by=account_id, created_at=now, updated_at=now, commons_bp=share_of(session, batch.design_id)[0],
                **wishes.values_of(wish, policy, batch, now),
            )  # fmt: skip
            session.add(row)
            session.flush()
            _set_tranches(session, row, wish)
            tell(session, row, "draft", "", account_id, "Drafted", now)
            return row.id or 0
    except IntegrityError as error:
        raise Conflict(f"Batch {wish.batch} has a campaign already.", "Look for it among the campaigns.") from error


def edit(stores: Stores, account_id: int, number: int, wish: CampaignWish) -> None:
    """Change a draft. Raises: Conflict once it is open, Invalid, Forbidden, NotFound."""
    with stores.db.transaction() as session:
        row, now = held(session, number)
        require_operator(session, row.fabricator_id, account_id)
        if row.state != "draft":
            raise Conflict(f"This campaign is {row.state}: what lenders have read can't be changed any more.",
                           "Say what is new in a message to them.")  # fmt: skip
        if wish.batch != row.batch_id:
            raise Invalid("A draft keeps its batch.", "Draft another campaign for another batch.", field="batch")
        policy = queries.policy_now(session)
        row.commons_bp = share_of(session, row.design_id)[0]
        for name, value in wishes.values_of(wish, policy, batch_of(session, row.batch_id), now).items():
            setattr(row, name, value)
        row.updated_at = now
        session.add(row)
        _set_tranches(session, row, wish)


def _lead(session: Session, batch_id: int) -> int:
    return session.exec(
        select(BatchMaker.fabricator_id).where(BatchMaker.batch_id == batch_id, BatchMaker.leads)
    ).one()  # fmt: skip


def _set_tranches(session: Session, row: LoanCampaign, wish: CampaignWish) -> None:
    there = {one.stage: one for one in tranches_of(session, row.id or 0)}
    for stage in rules.TRANCHES:
        one = there.get(stage) or LoanTranche(campaign_id=row.id or 0, stage=stage, share_bp=0)
        one.share_bp = wish.tranches.get(stage, 0)
        session.add(one)


# --- what its makers do


def move(stores: Stores, account_id: int, number: int, wish: CampaignMove) -> None:
    """Open a campaign, or call it off. Raises: Conflict, Forbidden, Invalid, NotFound."""
    settle_if_due(stores, number)
    with stores.db.transaction() as session:
        row, now = held(session, number)
        require_operator(session, row.fabricator_id, account_id)
        if wish.action == "open":
            rules.step_loan(row.state, "open", "operator", "Opened")
            _open(session, row, account_id, now)
        elif is_leaving(session, number):
            raise Conflict("The loan's first payment is with the bank already.", "Wait until the statement shows it.")
        go(session, row, wish.action, "operator", account_id, wish.why or ("Opened" if wish.action == "open" else ""),
           now)  # fmt: skip
        if wish.action == "open":  # the book comes last: who writes there waits for nobody else
            chart.open_campaign(session, number, row.fabricator_id, row.currency)
            _need_own_account(session, row)


def _need_own_account(session: Session, row: LoanCampaign) -> None:
    """Two campaigns with one bank account would both count its money; the book is held, so they can't open at once.

    Raises: Conflict.
    """
    for other in session.exec(
        select(LoanCampaign).where(LoanCampaign.payee_iban == row.payee_iban, LoanCampaign.id != row.id)
        .order_by(col(LoanCampaign.id)).execution_options(populate_existing=True)
    ):  # fmt: skip
        held_there = ledger.balances(session, kind="external", owner_id=str(other.id), role="bank")
        if other.state not in _CLOSED or any(one.balance_minor for one in held_there):
            raise Conflict(f"Campaign {other.id} uses this bank account, and its money lies there.",
                           "Give this campaign an account of its own.", field="payee_iban")  # fmt: skip


def _open(session: Session, row: LoanCampaign, account_id: int, now: dt.datetime) -> None:
    batch = batch_of(session, row.batch_id)
    policy_number, _ = queries.policy_text(session)
    policy = queries.policy_now(session)
    lacking = [one for one in proof.proofs(session, batch, policy) if not one.ok]
    if lacking:
        said = " ".join(f"{one.what}: needed. {one.there}." for one in lacking)
        raise Conflict(f"Capital comes after proof. {said}", "Open it when that is true.")
    wishes.check_limits(row, policy, batch, now)
    row.commons_bp = share_of(session, row.design_id)[0]
    row.policy_number, row.policy, row.opened_at = policy_number, policy.model_dump(mode="json"), now
    _write_terms(session, row, policy, account_id, "Opened", now)


def _write_terms(
    session: Session, row: LoanCampaign, policy: Policy, account_id: int, why: str, now: dt.datetime
) -> None:
    design, revision = session.get_one(Design, row.design_id), _revision(session, row)
    shop = session.get_one(Fabricator, row.fabricator_id)
    kept = {"currency", "target_minor", "optimum_minor", "units_funded", "deadline_on", "deadline_zone", "deadline_at",
            "repayment_months", "grace_months", "unsold", "reward_bp", "commons_bp", "own_terms"}  # fmt: skip
    text = terms_text(policy, Facts(
        number=row.id or 0, thing=f"{design.name} {revision.name}", fabricator=shop.name,
        exponent=iso_currency(row.currency).exponent, **row.model_dump(include=kept),
    ))  # fmt: skip
    row.terms_version += 1
    session.add(LoanTerms(
        campaign_id=row.id or 0, version=row.terms_version, text=text,
        sha256=hashlib.sha256(text.encode("utf-8")).hexdigest(), why=why, account_id=account_id, at=now,
    ))  # fmt: skip
    session.add(row)


def _revision(session: Session, row: LoanCampaign) -> Revision:
    return session.get_one(Revision, batch_of(session, row.batch_id).revision_id)


def amend_terms(stores: Stores, account_id: int, number: int, wish: TermsWish) -> None:
    """Other words of the makers in the terms: pledges from now on are made under them, older ones keep theirs.

    Raises: Conflict unless it is open, Forbidden, Invalid, NotFound.
    """
    settle_if_due(stores, number)
    with stores.db.transaction() as session:
        row, now = held(session, number)
        require_operator(session, row.fabricator_id, account_id)
        if row.state != "open":
            raise Conflict(f"This campaign is {row.state}: nobody accepts its terms now.", "A draft is edited.")
        words, why = wishes.text(wish.own_terms, "own_terms"), wishes.line(wish.why, "why")
        if words == row.own_terms:
            raise Conflict("The terms say that already.", "Change something in them first.", field="own_terms")
        row.own_terms = words
        _write_terms(session, row, policy_of(row), account_id, why, now)


def send_message(stores: Stores, account_id: int, number: int, wish: MessageWish) -> None:
    """A word of the makers to their lenders. Raises: Conflict in a draft, Forbidden, Invalid, NotFound."""
    with stores.db.transaction() as session:
        row, now = held(session, number)
        require_operator(session, row.fabricator_id, account_id)
        if row.state in ("draft", "called off"):
            raise Conflict(f"This campaign is {row.state}: it has no lenders.", "Open it first.")
        said = wishes.text(wish.text, "text")
        if not said:
            raise Invalid("The message is empty.", "Write something.", field="text")
        session.add(LoanMessage(campaign_id=number, account_id=account_id, text=said, at=now))


# --- what the clock does


def due_numbers(session: Session, number: int | None = None) -> list[int]:
    """Campaigns for which the clock or their batch has something to do."""
    now = database_now(session)
    lapsing = select(Pledge.campaign_id).where(
        Pledge.state == "unpaid", col(Pledge.pay_by) <= now, col(Pledge.pay_by) < col(LoanCampaign.deadline_at)
    )
    lost = select(Batch.id).where(col(Batch.state).in_(BATCH_LOST))
    is_open = col(LoanCampaign.state) == "open"
    for_sure = or_(
        is_open & col(LoanCampaign.id).in_(lapsing.correlate(LoanCampaign)),
        col(LoanCampaign.state).in_(("open", "funded")) & col(LoanCampaign.batch_id).in_(lost),
    )
    over = is_open & (col(LoanCampaign.deadline_at) <= now)
    chosen = select(LoanCampaign, for_sure).where(or_(for_sure, over))
    if number is not None:
        chosen = chosen.where(LoanCampaign.id == number)
    rows = session.exec(chosen.order_by(col(LoanCampaign.id))).all()
    return [row.id or 0 for row, for_sure in rows if for_sure or may_judge(session, row, now)]


def settle_due(stores: Stores) -> int:
    """Do what is due. Returns: for how many campaigns."""
    with stores.db.reading() as session:
        numbers = due_numbers(session)
    for number in numbers:
        with stores.db.transaction() as session:
            held(session, number)
    return len(numbers)


def settle_if_due(stores: Stores, number: int) -> None:
    """Do what is due for one campaign, in a transaction of its own: what the clock decided stays, whatever follows."""
    with stores.db.reading() as session:
        due = due_numbers(session, number)
    if due:
        with stores.db.transaction() as session:
            held(session, number)


def keep(stores: Stores) -> None:
    """What a worker looks after between builds: deadlines, pledges that lapse, batches that are cancelled."""
    settle_due(stores)


def install(stores: Stores) -> None:
    """Let workers look after campaigns."""
    hooks = stores.hooks.setdefault("worker.keep", [])
    if keep not in hooks:
        hooks.append(keep)
