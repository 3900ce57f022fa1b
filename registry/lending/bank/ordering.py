"""Payments that leave: proposed by one, approved by others, filed for the bank, paid when the statement shows it."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable

from sqlmodel import Session, col, select

from registry.errors import Conflict, Invalid, NotFound
from registry.fabricators.service import require_role
from registry.ledger import book
from registry.ledger import queries as ledger
from registry.ledger.schemas import AccountName, Transfer
from registry.lending import rules, sepa
from registry.lending.bank.acts import reason, signers, tell
from registry.lending.bank.booking import Till, ensure, key_of, money_there, noon, till_of
from registry.lending.bank.holding import KIND_WORDS, hold_of, nth, source_of
from registry.lending.bank.rules import QUEUE
from registry.lending.bank.tables import BankAct, BankEntry, PayeeAccount, PaymentFile, PaymentOrder
from registry.lending.campaigns.state import tranches_of
from registry.lending.campaigns.tables import LoanCampaign, Pledge
from registry.lending.campaigns.treasurers import require_treasurer
from registry.lending.loans.payback import give_rest_back, held_loan
from registry.lending.loans.returned import is_again, may_pay_again, to_pay_again
from registry.lending.loans.rules import next_tranche
from registry.lending.loans.tranches import disbursed, require_may_leave
from registry.lending.paying import Payee, check_payee
from registry.lending.queries import policy_now
from registry.stores.clock import database_now
from registry.stores.stores import Stores

OPEN = ("proposed", "approved", "filed")
# Other rooms add what follows when a payment of a kind was seen on the statement, in the same transaction.
ON_PAID: dict[str, list[Callable[[Session, PaymentOrder], None]]] = {}


def propose(
    session: Session, campaign: LoanCampaign, kind: str, source: AccountName, amount_minor: int, payee: Payee,
    message: str, *, by_id: int, why: str, subject: str = "", pledge_id: int | None = None,
    for_entry_id: int | None = None,
) -> PaymentOrder:  # fmt: skip
    """An order, its amount held in the book from now on; the campaign's row is held.

    Raises: Invalid, Conflict if there is not that much.
    """
    payee = check_payee(payee)
    till = till_of(campaign)
    # Random, so that nobody who has once been paid knows the next one's.
    end_to_end = f"BY{campaign.id}X{secrets.token_hex(5).upper()}"
    if campaign.currency == "EUR":
        sepa.check_outgoing(sepa.Outgoing(payee, amount_minor, message, end_to_end))
    if amount_minor > money_there(session, till):
        raise Conflict("The campaign's account holds less than that.", "Import the newest statement first.")
    ensure(session, source)
    pending = book.post(session, Transfer(
        debit=source, credit=till.bank, amount_minor=amount_minor, key=f"order-{end_to_end}",
        purpose=f"{KIND_WORDS[kind]}, ordered", pending=True, by_id=by_id,
    ))  # fmt: skip
    order = PaymentOrder(
        campaign_id=campaign.id or 0, kind=kind, subject=subject, pledge_id=pledge_id, for_entry_id=for_entry_id,
        source=str(source), amount_minor=amount_minor, payee_name=payee.name, payee_iban=payee.iban,
        payee_bic=payee.bic, message=message, end_to_end=end_to_end, held_seq=pending.seq, proposed_by=by_id,
        at=database_now(session),
    )  # fmt: skip
    session.add(order)
    session.flush()
    tell(session, order, "propose", reason(why), by_id)
    return order


# --- to lenders


def payee_of(session: Session, campaign_id: int, account_id: int) -> Payee | None:
    """Where a lender wants money to go; else where it came from; None if neither is known."""
    pledges = session.exec(
        select(Pledge).where(Pledge.campaign_id == campaign_id, Pledge.account_id == account_id)
        .order_by(col(Pledge.id).desc())
    ).all()  # fmt: skip
    for pledge in pledges:
        if pledge.payout_iban:
            return Payee(pledge.payout_name, pledge.payout_iban, pledge.payout_bic)
    came = session.exec(
        select(BankEntry).where(
            BankEntry.campaign_id == campaign_id, BankEntry.state == "matched", BankEntry.amount_minor > 0,
            col(BankEntry.pledge_id).in_([pledge.id for pledge in pledges]), BankEntry.iban != "",
            BankEntry.name != "",
        ).order_by(col(BankEntry.id).desc())
    ).first()  # fmt: skip
    return Payee(came.name[:70].strip(), came.iban) if came else None


def propose_to_lenders(stores: Stores, account_id: int, number: int, why: str) -> tuple[int, int]:
    """Orders for all that is due to lenders and not ordered yet.

    Returns: how many were proposed, and how many lenders have no account that is known. Raises: Forbidden, Conflict.
    """
    with stores.db.transaction() as session:
        require_treasurer(session, account_id)
        campaign, _ = held_loan(session, number)
        _let_stale_go(session, campaign)
        till = till_of(campaign)
        role = till.due(1).role
        made = unknown = 0
        for due in ledger.balances(session, kind="person", role=role, currency=campaign.currency):
            amount = due.balance_minor - due.pending_debits_minor
            if amount <= 0:
                continue
            lender = int(due.account.id)
            payee = payee_of(session, number, lender)
            pledge = session.exec(
                select(Pledge).where(Pledge.campaign_id == number, Pledge.account_id == lender)
                .order_by(col(Pledge.ended_at).desc(), col(Pledge.id).desc())
            ).first()  # fmt: skip
            if payee is None or pledge is None or _came_back(session, number, lender, payee.iban):
                unknown += 1
                continue
            kind = "refund" if pledge.state in ("withdrawn", "released") else "repayment"
            propose(session, campaign, kind, till.due(lender), amount, payee,
                    f"{KIND_WORDS[kind]} {pledge.reference}", by_id=account_id, why=why,
                    pledge_id=pledge.id)  # fmt: skip
            made += 1
        return made, unknown


def _came_back(session: Session, number: int, lender: int, iban: str) -> bool:
    """Whether the last payment to this account came back: the next one would too, so somebody looks first."""
    last = session.exec(
        select(PaymentOrder.state).join(Pledge, col(Pledge.id) == PaymentOrder.pledge_id).where(
            PaymentOrder.campaign_id == number, Pledge.account_id == lender, PaymentOrder.payee_iban == iban,
            col(PaymentOrder.state).in_(("paid", "returned")),
        ).order_by(col(PaymentOrder.id).desc())
    ).first()  # fmt: skip
    return last == "returned"


# --- to the fabricator


def propose_disbursement(stores: Stores, account_id: int, number: int, stage: str, why: str) -> int:
    """An order for a tranche, to the account that the fabricator has given. Returns: its id.

    Raises: Conflict before its turn, its stage of the batch, or the end of everybody's cooling-off; Forbidden.
    """
    with stores.db.transaction() as session:
        require_treasurer(session, account_id)
        campaign, now = held_loan(session, number)
        _let_stale_go(session, campaign)
        if is_ordered(session, number, stage):
            raise Conflict(f"The money for {stage} is ordered or paid already.", "Look at the orders.")
        back = to_pay_again(session, campaign).get(stage)
        amount = back.amount_minor if back else require_may_leave(session, campaign, stage, now).amount_minor
        if not amount:
            raise Conflict(f"Nothing is paid out at the stage {stage[:20]}.", "Let the loan go on without it.")
        payee = fabricator_payee(session, campaign.fabricator_id)
        if payee is None:
            raise Conflict("The fabricator has not said where it receives money.", "Ask it to give its account.")
        order = propose(session, campaign, "disbursement", till_of(campaign).owes, amount, payee,
                        f"Loan {number}, {stage}", by_id=account_id, why=why, subject=stage)  # fmt: skip
        return order.id or 0


def is_ordered(session: Session, number: int, stage: str) -> bool:
    """Whether the payment of a part of the loan is on its way, or was made."""
    running = select(PaymentOrder.id).where(
        PaymentOrder.campaign_id == number, PaymentOrder.kind == "disbursement", PaymentOrder.subject == stage,
        col(PaymentOrder.state).in_((*OPEN, "paid")),
    )  # fmt: skip
    return session.exec(running).first() is not None


def _stale(session: Session, campaign: LoanCampaign, order: PaymentOrder) -> bool:
    """Whether a part of the loan may not leave as it was ordered: the loan has ended meanwhile, or is less."""
    if order.kind != "disbursement" or order.state not in ("proposed", "approved"):
        return False
    amounts = {one.stage: one.amount_minor for one in tranches_of(session, campaign.id or 0)}
    if is_again(session, order):
        return not may_pay_again(session, campaign) or amounts[order.subject] != order.amount_minor
    return next_tranche(campaign.state) != order.subject or amounts[order.subject] != order.amount_minor


def _let_stale_go(session: Session, campaign: LoanCampaign) -> int:
    stale = [order for order in session.exec(
        select(PaymentOrder).where(PaymentOrder.campaign_id == campaign.id, PaymentOrder.kind == "disbursement")
        .order_by(col(PaymentOrder.id)).execution_options(populate_existing=True)
    ).all() if _stale(session, campaign, order)]  # fmt: skip
    for order in stale:
        let_go(session, order, f"The loan is {campaign.state}: this may not leave any more as it was ordered", None)
    if stale:
        give_rest_back(session, campaign)
    return len(stale)


def keep(stores: Stores) -> None:
    """What a worker looks after: ordered parts of loans that may not leave any more."""
    with stores.db.reading() as session:
        orders = session.exec(
            select(PaymentOrder, LoanCampaign).join(LoanCampaign, col(LoanCampaign.id) == PaymentOrder.campaign_id)
            .where(PaymentOrder.kind == "disbursement", col(PaymentOrder.state).in_(("proposed", "approved")))
        ).all()  # fmt: skip
        numbers = sorted({order.campaign_id for order, campaign in orders if _stale(session, campaign, order)})
    for number in numbers:
        with stores.db.transaction() as session:
            _let_stale_go(session, held_loan(session, number)[0])


def _tranche_paid(session: Session, order: PaymentOrder) -> None:
    campaign, now = held_loan(session, order.campaign_id)
    disbursed(session, campaign, order.subject, order.proposed_by, "The statement shows it", now)


ON_PAID.setdefault("disbursement", []).append(_tranche_paid)


def fabricator_payee(session: Session, fabricator_id: int) -> Payee | None:
    """Where a fabricator receives money."""
    row = session.exec(
        select(PayeeAccount).where(PayeeAccount.fabricator_id == fabricator_id)
        .order_by(col(PayeeAccount.id).desc()).limit(1)
    ).first()  # fmt: skip
    return Payee(row.name, row.iban, row.bic) if row else None


def set_fabricator_payee(stores: Stores, account_id: int, fabricator_id: int, payee: Payee) -> None:
    """Say where a fabricator receives money, as one of its owners. Orders that are proposed keep theirs.

    Raises: Invalid, Forbidden.
    """
    payee = check_payee(payee)
    with stores.db.transaction() as session:
        require_role(session, fabricator_id, account_id, "owner")
        session.add(PayeeAccount(fabricator_id=fabricator_id, name=payee.name, iban=payee.iban, bic=payee.bic,
                                 account_id=account_id, at=database_now(session)))  # fmt: skip


# --- approved, filed, paid


def _order(session: Session, account_id: int, number: int, order_id: int) -> PaymentOrder:
    require_treasurer(session, account_id)
    held_loan(session, number)
    order = session.get(PaymentOrder, order_id, populate_existing=True)
    if order is None or order.campaign_id != number:
        raise NotFound(f"There is no payment {order_id} of campaign {number}.", "Look at the orders.")
    return order


def _require_not_stale(session: Session, order: PaymentOrder) -> None:
    campaign = session.get_one(LoanCampaign, order.campaign_id)
    if _stale(session, campaign, order):
        raise Conflict(f"The loan is {campaign.state}: this may not leave any more as it was ordered.", "Refuse it.")


def approve(stores: Stores, account_id: int, number: int, order_id: int) -> str:
    """Sign an order; with enough different people's it may leave. Returns: its state. Raises: Conflict, Forbidden."""
    with stores.db.transaction() as session:
        order = _order(session, account_id, number, order_id)
        if order.state != "proposed":
            raise Conflict(f"This payment is {order.state}: there is nothing to approve.", "Look at its history.")
        _require_not_stale(session, order)
        signed = signers(session, order_id)
        needed = policy_now(session).caps.approvers
        if rules.judge_approval(order.proposed_by, [one for one in signed if one != order.proposed_by], account_id,
                                needed):  # fmt: skip
            order.state = "approved"
        tell(session, order, "approve", account_id=account_id)
        return order.state


def refuse(stores: Stores, account_id: int, number: int, order_id: int, why: str) -> None:
    """Let an order go, with the reason; also one whose file the bank has not carried out. Raises: Conflict."""
    with stores.db.transaction() as session:
        order = _order(session, account_id, number, order_id)
        if order.state not in OPEN:
            raise Conflict(f"This payment is {order.state}.", "Look at its history.")
        shown = select(BankEntry.id).where(BankEntry.order_id == order_id, BankEntry.amount_minor < 0,
                                           col(BankEntry.state).in_(QUEUE))  # fmt: skip
        if session.exec(shown.limit(1)).first() is not None:
            raise Conflict("The bank has carried it out: a booking of it waits.", "Decide about that in the queue.")
        let_go(session, order, reason(why), account_id)
        if order.for_entry_id is not None:
            entry = session.get_one(BankEntry, order.for_entry_id)
            entry.state, entry.order_id = "no match", None
            entry.reasons = ["Sending it back was refused."]
            tell(session, entry, "ask", "Sending it back was refused.", account_id)


def let_go(session: Session, order: PaymentOrder, why: str, account_id: int | None) -> None:
    """End an order that will not be paid: what was held is free again."""
    order.state = "refused"
    tell(session, order, "refuse", why, account_id)
    held = hold_of(session, order)
    if held is not None:
        book.void(session, held, key=f"order-{order.end_to_end}-refused{nth(order, held)}", purpose="Payment refused",
                  by_id=account_id)  # fmt: skip


def send_by_hand(stores: Stores, account_id: int, number: int, order_id: int, why: str) -> None:
    """Say that an approved order was entered at the bank without a file. Raises: Conflict."""
    with stores.db.transaction() as session:
        order = _order(session, account_id, number, order_id)
        if order.state != "approved":
            raise Conflict(f"This payment is {order.state}: only approved ones leave.", "Let a second person approve.")
        _require_not_stale(session, order)
        order.state = "filed"
        tell(session, order, "send", reason(why), account_id)


def make_file(stores: Stores, account_id: int, number: int, form: str = sepa.SCHEMAS[0]) -> int:
    """All approved orders in one file for the bank; each leaves in one file only. Returns: the file's id.

    Raises: Conflict if nothing is approved; Invalid for other currencies than euros.
    """
    with stores.db.transaction() as session:
        require_treasurer(session, account_id)
        campaign, now = held_loan(session, number)
        _let_stale_go(session, campaign)
        orders = session.exec(
            select(PaymentOrder).where(PaymentOrder.campaign_id == number, PaymentOrder.state == "approved")
            .order_by(col(PaymentOrder.id)).limit(sepa.PAYMENTS_MAX).execution_options(populate_existing=True)
        ).all()  # fmt: skip
        if not orders:
            raise Conflict("No payment is approved and waiting.", "Let a second person approve.")
        if campaign.currency != "EUR":
            raise Invalid(f"Files of this form are for euros alone, this campaign is in {campaign.currency}.",
                          "Enter the payments at the bank, then say that they were sent.", field="form")  # fmt: skip
        content = sepa.pain001(
            Payee(campaign.payee_name, campaign.payee_iban, campaign.payee_bic),
            [sepa.Outgoing(Payee(each.payee_name, each.payee_iban, each.payee_bic), each.amount_minor, each.message,
                           each.end_to_end) for each in orders],
            now.date(), form,
        )  # fmt: skip
        file = PaymentFile(
            campaign_id=number, form=form, payments=len(orders), total_minor=sum(each.amount_minor for each in orders),
            sha256=hashlib.sha256(content).hexdigest(), content=content, account_id=account_id, at=now,
        )  # fmt: skip
        session.add(file)
        session.flush()
        for order in orders:
            order.state, order.file_id = "filed", file.id
            tell(session, order, "file", f"In file {file.id}", account_id)
        return file.id or 0


def pay(session: Session, till: Till, order: PaymentOrder, entry: BankEntry) -> None:
    """The statement shows an order: what was held is true. Raises: Conflict."""
    held = hold_of(session, order)
    if held is None:
        raise Conflict(f"Payment {order.end_to_end} holds nothing in the book.", "Decide it by hand.")
    _paid(session, order, entry)
    book.settle(session, held, key=key_of(entry), purpose=f"{KIND_WORDS[order.kind]}, paid",
                effective_at=noon(entry.booked_on))  # fmt: skip


def pay_unexplained(
    session: Session, till: Till, order: PaymentOrder, entry: BankEntry, key: str, by_id: int
) -> None:  # fmt: skip
    """A treasurer says that a booking is this order: it does not name it, or was refused here. Raises: Conflict."""
    if order.state not in ("approved", "filed", "refused") or order.amount_minor != -entry.amount_minor:
        raise Conflict("That payment is not approved, or of another amount.", "Look at the orders.")
    held = hold_of(session, order)
    _paid(session, order, entry, by_id)
    source = source_of(order)
    if held is not None:
        key_held = f"order-{order.end_to_end}-paid{nth(order, held)}"
        book.void(session, held, key=key_held, purpose="Paid", by_id=by_id)
    ensure(session, till.unexplained, source)
    book.post(session, Transfer(
        debit=source, credit=till.unexplained, amount_minor=order.amount_minor, key=key, by_id=by_id,
        purpose=f"{KIND_WORDS[order.kind]}, paid", effective_at=noon(entry.booked_on),
    ))  # fmt: skip


def _paid(session: Session, order: PaymentOrder, entry: BankEntry, by_id: int | None = None) -> None:
    order.state = "paid"
    tell(session, order, "pay", f"Booked on {entry.booked_on}", by_id)
    for follow in ON_PAID.get(order.kind, ()):
        follow(session, order)
    session.flush()


def approvals(session: Session, order_ids: list[int]) -> dict[int, list[int]]:
    """order -> who has signed it."""
    rows = session.exec(
        select(BankAct.order_id, BankAct.account_id)
        .where(col(BankAct.order_id).in_(order_ids), col(BankAct.action).in_(("propose", "approve")))
        .order_by(col(BankAct.id))
    )
    found: dict[int, list[int]] = {}
    for order_id, account_id in rows:
        found.setdefault(order_id or 0, []).append(account_id or 0)
    return found
