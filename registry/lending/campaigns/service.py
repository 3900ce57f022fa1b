"""Use cases of campaigns. Whoever drafts, opens, pledges or settles holds the campaign's row, and writes into the book
last."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, or_, select

from registry.batches.roles import require_operator
from registry.batches.tables import Batch, BatchMaker
from registry.commons.queries import share_of
from registry.designs.tables import Design, Revision
from registry.errors import Conflict, Invalid, NotFound
from registry.fabricators.tables import Fabricator
from registry.ledger import book
from registry.ledger import queries as ledger
from registry.ledger.money import iso_currency
from registry.ledger.rules import share_out
from registry.ledger.schemas import Transfer
from registry.lending import chart, queries, rules
from registry.lending.bank.tables import PaymentOrder
from registry.lending.campaigns import proof, wishes
from registry.lending.campaigns.schemas import CampaignMove, CampaignWish, MessageWish, TermsWish
from registry.lending.campaigns.tables import (
    LoanCampaign,
    LoanEvent,
    LoanMessage,
    LoanTerms,
    LoanTranche,
    Pledge,
    PledgeEvent,
)
from registry.lending.campaigns.terms import Facts, terms_text
from registry.lending.policy import Policy
from registry.lending.rules import Actor
from registry.stores.clock import database_now
from registry.stores.stores import Stores

BATCH_LOST = ("cancelled", "released")
_CLOSED = ("draft", "called off", "failed", "repaid", "settled in goods")

# --- drafts


def draft(stores: Stores, account_id: int, wish: CampaignWish) -> int:
    """A campaign for a batch, by an operator of who leads it. Returns: its number. Raises: Invalid, Forbidden, ..."""
    try:
        with stores.db.transaction() as session:
            now = database_now(session)
            batch = _batch(session, wish.batch)
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
            _tell(session, row, "draft", "", account_id, "Drafted", now)
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
        for name, value in wishes.values_of(wish, policy, _batch(session, row.batch_id), now).items():
            setattr(row, name, value)
        row.updated_at = now
        session.add(row)
        _set_tranches(session, row, wish)


def _batch(session: Session, number: int) -> Batch:
    row = session.get(Batch, number)
    if row is None:
        raise NotFound(f"There is no batch {number}.", "Look at the list of batches.", field="batch")
    return row


def _lead(session: Session, batch_id: int) -> int:
    return session.exec(
        select(BatchMaker.fabricator_id).where(BatchMaker.batch_id == batch_id, BatchMaker.leads)
    ).one()  # fmt: skip


def _set_tranches(session: Session, row: LoanCampaign, wish: CampaignWish) -> None:
    there = {one.stage: one for one in tranches_of(session, row.id or 0)}
    for stage in rules.TRANCHES:
        one = there.get(stage) or LoanTranche(campaign_id=row.id or 0, stage=stage, share_bp=0)
        one.share_bp = wish.tranches.get(stage, 0)  # type: ignore[call-overload]
        session.add(one)


def tranches_of(session: Session, number: int) -> list[LoanTranche]:
    """The tranches of a loan, in the order of the batch's stages."""
    rows = session.exec(select(LoanTranche).where(LoanTranche.campaign_id == number)).all()
    return sorted(rows, key=lambda one: rules.TRANCHES.index(one.stage))


# --- the campaign's row


def held(session: Session, number: int) -> tuple[LoanCampaign, dt.datetime]:
    """A campaign with its row held until the transaction ends, what is due done first; and the time. Raises: NotFound.

    Due: unpaid pledges that lapse, the deadline, a batch that was cancelled.
    """
    row = session.exec(
        select(LoanCampaign).where(LoanCampaign.id == number).with_for_update()
        .execution_options(populate_existing=True)
    ).first()  # fmt: skip
    if row is None:
        raise NotFound(f"There is no campaign {number}.", "Look at the list of campaigns.")
    now = database_now(session)  # asked after the wait for the row
    if row.state == "open":
        _lapse(session, row, now)
    lost = row.state in ("open", "funded") and _batch(session, row.batch_id).state in BATCH_LOST
    # What is with the bank already can't be called back: once the statement shows it, the fabricator owes it.
    if lost and not is_leaving(session, number):
        go(session, row, "batch cancelled", "registry", None, "The batch that it finances is not made", now)
    elif row.state == "open" and now >= row.deadline_at:
        paid = paid_minor(session, number)
        step = rules.settle_campaign(row.target_minor, paid, row.deadline_at, now)
        why = "Its target was paid in by the deadline" if step == "fund" else (
            "Its target was not paid in by the deadline: everything is sent back")  # fmt: skip
        go(session, row, step, "registry", None, why, now)
    return row, now


def is_leaving(session: Session, number: int) -> bool:
    """Whether a part of the loan is with the bank or was paid out."""
    gone = select(PaymentOrder.id).where(
        PaymentOrder.campaign_id == number, PaymentOrder.kind == "disbursement",
        col(PaymentOrder.state).in_(("filed", "paid")),
    )  # fmt: skip
    return session.exec(gone.limit(1)).first() is not None


def _lapse(session: Session, row: LoanCampaign, now: dt.datetime) -> None:
    for pledge in _pledges(session, row, "unpaid"):
        if now >= pledge.pay_by:
            end_pledge(session, row, pledge, "lapse", "lapsed", None, "It was not paid in time", now)


def paid_minor(session: Session, number: int) -> int:
    """What the paid pledges of a campaign come to."""
    return sum(session.exec(
        select(Pledge.amount_minor).where(Pledge.campaign_id == number, Pledge.state == "paid")
    ).all())  # fmt: skip


def _pledges(session: Session, row: LoanCampaign, *states: str) -> Sequence[Pledge]:
    return session.exec(
        select(Pledge).where(Pledge.campaign_id == row.id, col(Pledge.state).in_(states)).order_by(col(Pledge.number))
    ).all()  # fmt: skip


def _tell(
    session: Session, row: LoanCampaign, action: str, was: str, account_id: int | None, why: str, now: dt.datetime
) -> None:
    session.add(LoanEvent(campaign_id=row.id or 0, action=action, was=was, became=row.state, account_id=account_id,
                          why=why, at=now))  # fmt: skip


def go(
    session: Session, row: LoanCampaign, action: str, actor: Actor, account_id: int | None, why: str, now: dt.datetime
) -> None:
    """The one way in which a loan's state changes: the step, its event, and what follows on it. The row is held.

    Raises: Conflict, Invalid.
    """
    was, why = row.state, why.strip()
    row.state = rules.step_loan(was, action, actor, why)
    row.updated_at = now
    session.add(row)
    _tell(session, row, action, was, account_id, why, now)
    if row.state == "funded":
        _fund(session, row, now)
    if row.state in rules.ENDED:
        row.ended_at = now
    if row.state == "failed":
        _give_back(session, row, why, now)


def _fund(session: Session, row: LoanCampaign, now: dt.datetime) -> None:
    row.funded_at = now
    for pledge in _pledges(session, row, "unpaid"):
        end_pledge(session, row, pledge, "lapse", "lapsed", None, "The campaign was funded without it", now)
    set_tranche_amounts(session, row)


def set_tranche_amounts(session: Session, row: LoanCampaign) -> None:
    """What is paid out at each stage, to the last unit of what was paid in."""
    rows = tranches_of(session, row.id or 0)
    amounts, _ = share_out(paid_minor(session, row.id or 0), {one.stage: one.share_bp * 10**9 for one in rows})
    for one in rows:
        one.amount_minor = amounts[one.stage]
        session.add(one)


def _give_back(session: Session, row: LoanCampaign, why: str, now: dt.datetime) -> None:
    for pledge in _pledges(session, row, "unpaid"):
        end_pledge(session, row, pledge, "release", "released", None, why, now)
    paid = _pledges(session, row, "paid")
    for pledge in paid:
        end_pledge(session, row, pledge, "release", "released", None, why, now)
    if paid:
        book.post_all(session, [back(row, pledge) for pledge in paid])


def back(row: LoanCampaign, pledge: Pledge, by_id: int | None = None) -> Transfer:
    """A paid pledge becomes what is to be paid out to its lender."""
    number = row.id or 0
    return Transfer(
        debit=chart.loan(pledge.account_id, number, row.currency),
        credit=chart.due(pledge.account_id, number, row.currency), amount_minor=pledge.amount_minor,
        key=f"pledge-{pledge.id}-back", purpose=f"Pledge {pledge.number} of campaign {number} is sent back",
        by_id=by_id,
    )  # fmt: skip


def end_pledge(
    session: Session, row: LoanCampaign, pledge: Pledge, action: str, became: str, account_id: int | None, why: str,
    now: dt.datetime,
) -> None:  # fmt: skip
    """A pledge that holds nothing of its campaign any more. The campaign's row is held."""
    session.add(PledgeEvent(pledge_id=pledge.id or 0, action=action, was=pledge.state, became=became,
                            account_id=account_id, why=why, at=now))  # fmt: skip
    row.held_minor -= pledge.amount_minor
    pledge.state, pledge.ended_at = became, now
    session.add_all((row, pledge))


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
    batch = _batch(session, row.batch_id)
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
    return session.get_one(Revision, _batch(session, row.batch_id).revision_id)


def policy_of(row: LoanCampaign) -> Policy:
    """The policy that a campaign was opened under."""
    return Policy.model_validate(row.policy)


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
    lapsing = select(Pledge.campaign_id).where(Pledge.state == "unpaid", col(Pledge.pay_by) <= now)
    lost = select(Batch.id).where(col(Batch.state).in_(BATCH_LOST))
    is_open = col(LoanCampaign.state) == "open"
    chosen = select(LoanCampaign.id).where(or_(
        is_open & (col(LoanCampaign.deadline_at) <= now),
        is_open & col(LoanCampaign.id).in_(lapsing),
        col(LoanCampaign.state).in_(("open", "funded")) & col(LoanCampaign.batch_id).in_(lost),
    ))  # fmt: skip
    if number is not None:
        chosen = chosen.where(LoanCampaign.id == number)
    return [one or 0 for one in session.exec(chosen.order_by(col(LoanCampaign.id)))]


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
