"""Use cases of pledges: one transaction each, under the campaign's row, judged by the database's clock."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import func
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

import registry.lending.campaigns.leaving  # noqa: F401  it says what goes when an account is deleted
from registry.batches.rules import check_key
from registry.errors import Conflict, NotFound
from registry.ledger import book
from registry.ledger import queries as ledger
from registry.ledger.schemas import AccountName, Entry, Transfer
from registry.lending import chart, rules
from registry.lending.campaigns import wishes
from registry.lending.campaigns.schemas import ChoiceWish, PayoutWish, PledgeWish, WithdrawWish
from registry.lending.campaigns.service import settle_if_due
from registry.lending.campaigns.state import back, end_pledge, go, held, paid_minor, policy_of, set_tranche_amounts
from registry.lending.campaigns.tables import LoanCampaign, LoanTerms, Pledge, PledgeEvent
from registry.lending.paying import Payee, check_payee, pledge_reference
from registry.stores.clock import database_now
from registry.stores.stores import Stores

_CHOOSING = ("open", "funded", "materials paid", "made paid", "disbursed")


def pledge(stores: Stores, account_id: int, number: int, wish: PledgeWish) -> int:
    """Pledge to an open campaign; the same key answers the same again. Returns: the pledge's id.

    Raises: Conflict, Invalid, NotFound.
    """
    check_key(wish.key)
    settle_if_due(stores, number)
    try:
        with stores.db.transaction() as session:
            return _pledge(session, account_id, number, wish)
    except IntegrityError:  # the same key was used for another campaign in the same moment
        with stores.db.transaction() as session:
            return _pledge(session, account_id, number, wish)


def _pledge(session: Session, account_id: int, number: int, wish: PledgeWish) -> int:
    row, now = held(session, number)
    before = session.exec(select(Pledge).where(Pledge.account_id == account_id, Pledge.key == wish.key)).first()
    if before is not None:
        if not _same(session, before, number, wish):
            raise Conflict("This key was used for another pledge.", "Make a new key for a new one.", field="key")
        return before.id or 0
    _judge(session, row, account_id, wish.amount_minor, now)
    terms = session.exec(
        select(LoanTerms).where(LoanTerms.campaign_id == number, LoanTerms.version == row.terms_version)
    ).one()
    if wish.terms_sha256 != terms.sha256:
        raise Conflict(f"The terms of campaign {number} are of version {terms.version} now.",
                       "Read them, then pledge.", field="terms_sha256")  # fmt: skip
    payout = _payout(wish.payout)
    pay_by = min(now + dt.timedelta(days=policy_of(row).terms.unpaid_pledge_days), row.deadline_at)
    last = session.exec(select(func.max(Pledge.number)).where(Pledge.campaign_id == number)).one() or 0
    made = Pledge(
        campaign_id=number, account_id=account_id, number=last + 1, amount_minor=wish.amount_minor, repay=wish.repay,
        named=wish.named, terms_id=terms.id or 0, terms_sha256=terms.sha256, key=wish.key, made_at=now, pay_by=pay_by,
        payout_name=payout.name, payout_iban=payout.iban, payout_bic=payout.bic,
    )  # fmt: skip
    row.held_minor += wish.amount_minor
    session.add_all((row, made))
    session.flush()
    made.reference = pledge_reference(number, made.id or 0)
    session.add(PledgeEvent(pledge_id=made.id or 0, action="pledge", was="", became="unpaid", account_id=account_id,
                            why=f"Under version {terms.version} of the terms", at=now))  # fmt: skip
    return made.id or 0


def _same(session: Session, before: Pledge, number: int, wish: PledgeWish) -> bool:
    """Whether a pledge is what its wish asks for; what its lender has chosen anew since does not count."""
    if (before.campaign_id, before.amount_minor, before.terms_sha256) != (
        number, wish.amount_minor, wish.terms_sha256,
    ):  # fmt: skip
        return False
    chosen = session.exec(
        select(PledgeEvent.id).where(PledgeEvent.pledge_id == before.id, PledgeEvent.action == "choose").limit(1)
    ).first()
    return chosen is not None or (before.repay, before.named) == (wish.repay, wish.named)


def _judge(session: Session, row: LoanCampaign, account_id: int, amount_minor: int, now: dt.datetime) -> None:
    own = session.exec(
        select(func.coalesce(func.sum(Pledge.amount_minor), 0)).where(
            Pledge.campaign_id == row.id, Pledge.account_id == account_id, col(Pledge.state).in_(("unpaid", "paid"))
        )
    ).one()
    asking = rules.Asking(row.state, row.deadline_at, row.optimum_minor, row.held_minor, row.pledge_minor_min,
                          row.pledge_minor_max)  # fmt: skip
    rules.judge_pledge(asking, amount_minor, int(own), now)


def _payout(wish: PayoutWish | None) -> PayoutWish:
    if wish is None or not (wish.name or wish.iban or wish.bic):
        return PayoutWish()
    payee = check_payee(Payee(wish.name, wish.iban, wish.bic))
    return PayoutWish(name=payee.name, iban=payee.iban, bic=payee.bic)


def _own(session: Session, account_id: int, pledge_id: int) -> tuple[LoanCampaign, Pledge, dt.datetime]:
    """A pledge of this account under its campaign's row. Raises: NotFound."""
    number = session.exec(
        select(Pledge.campaign_id).where(Pledge.id == pledge_id, Pledge.account_id == account_id)
    ).first()
    if number is None:
        raise NotFound(f"You have no pledge {pledge_id}.", "Look at your pledges.")
    row, now = held(session, number)
    return row, session.get_one(Pledge, pledge_id, populate_existing=True), now


def withdraw(stores: Stores, account_id: int, pledge_id: int, wish: WithdrawWish) -> None:
    """Take a pledge back; what was paid in is sent back. Once more changes nothing. Raises: Conflict, NotFound."""
    _settle_of(stores, pledge_id)
    with stores.db.transaction() as session:
        row, mine, now = _own(session, account_id, pledge_id)
        if mine.state == "withdrawn":
            return
        if mine.state not in ("unpaid", "paid"):
            raise Conflict(f"This pledge is {mine.state}: there is nothing to withdraw.", "Look at its history.")
        if not rules.may_withdraw(row.state, mine.made_at, policy_of(row).terms.cooling_off_days, now):
            raise Conflict(f"The campaign is {row.state}, and the days for withdrawing are over.",
                           "You are paid back by the plan.")  # fmt: skip
        was_paid = mine.state == "paid"
        why = wishes.line(wish.why, "why") if wish.why.strip() else ""
        end_pledge(session, row, mine, "withdraw", "withdrawn", account_id, why, now)
        session.flush()
        if row.state == "funded":
            set_tranche_amounts(session, row)
        if was_paid:
            book.post(session, back(row, mine, account_id))
        _fall_short(session, row, "Lenders withdrew within their cooling-off, and the target is missed", now)


def _fall_short(session: Session, row: LoanCampaign, why: str, now: dt.datetime) -> None:
    """A funded campaign that misses its target comes to nothing."""
    if row.state == "funded" and paid_minor(session, row.id or 0) < row.target_minor:
        go(session, row, "fall short", "registry", None, why, now)


def charged_back(session: Session, row: LoanCampaign, mine: Pledge, by_id: int, why: str) -> None:
    """A pledge whose payment the lender's bank has taken back, before any of the loan is paid out.

    The campaign's row is held; the transfer is booked by whoever calls, after this.
    """
    now = database_now(session)
    end_pledge(session, row, mine, "charge back", "withdrawn", by_id, why, now)
    session.flush()
    if row.state == "funded":
        set_tranche_amounts(session, row)
    _fall_short(session, row, "A payment was taken back by its bank, and the target is missed", now)


def unpay(session: Session, mine: Pledge, by_id: int, why: str, now: dt.datetime) -> None:
    """A payment was assigned to a pledge by mistake: the pledge waits for its own, while the campaign is open.

    The campaign's row is held; the transfer is booked back by whoever calls, after this.
    """
    session.add(PledgeEvent(pledge_id=mine.id or 0, action="unassign", was=mine.state, became="unpaid",
                            account_id=by_id, why=why, at=now))  # fmt: skip
    mine.state, mine.paid_at = "unpaid", None
    session.add(mine)
    session.flush()


def _settle_of(stores: Stores, pledge_id: int) -> None:
    with stores.db.reading() as session:
        number = session.exec(select(Pledge.campaign_id).where(Pledge.id == pledge_id)).first()
    if number is not None:
        settle_if_due(stores, number)


def choose(stores: Stores, account_id: int, pledge_id: int, wish: ChoiceWish) -> None:
    """Change how a pledge is shown, paid back, and to which account. Raises: Conflict, Invalid, NotFound."""
    with stores.db.transaction() as session:
        row, mine, now = _own(session, account_id, pledge_id)
        said = []
        if wish.named is not None and wish.named != mine.named:
            mine.named = wish.named
            said.append("shown by name" if wish.named else "shown without a name")
        if wish.repay is not None and wish.repay != mine.repay:
            if row.state not in _CHOOSING or mine.state not in ("unpaid", "paid"):
                raise Conflict("It is being paid back already, or never will be.", "This choice stays as it is.")
            said.append(f"to be paid back in {wish.repay}, no longer in {mine.repay}")
            mine.repay = wish.repay
        if wish.payout is not None:
            payout = _payout(wish.payout)
            if (payout.name, payout.iban, payout.bic) != (mine.payout_name, mine.payout_iban, mine.payout_bic):
                mine.payout_name, mine.payout_iban, mine.payout_bic = payout.name, payout.iban, payout.bic
                said.append("another account to be paid to" if payout.iban else "paid to where the money came from")
        if said:
            session.add(mine)
            session.add(PledgeEvent(pledge_id=pledge_id, action="choose", was=mine.state, became=mine.state,
                                    account_id=account_id, why="; ".join(said).capitalize(), at=now))  # fmt: skip


# --- paid in


def credit_pledge(
    session: Session, campaign_id: int, reference: str, amount_minor: int, currency: str, *, key: str,
    source: AccountName | None = None, effective_at: dt.datetime | None = None, by_id: int | None = None,
    late: bool = False,
) -> Entry:  # fmt: skip
    """The one way in which money pays a pledge: its whole amount, in one go. The same key books once.

    `source` is where the money stands: the bank, or `chart.unmatched` after a treasurer's decision. `late` lets a
    treasurer take the payment of a pledge that has lapsed, while the campaign is open and has room.
    Raises: NotFound for a code that is none of this campaign; Conflict for what a treasurer must look at.
    """
    row, now = held(session, campaign_id)
    mine = session.exec(
        select(Pledge).where(Pledge.campaign_id == campaign_id, Pledge.reference == reference)
        .execution_options(populate_existing=True)
    ).first()  # fmt: skip
    if mine is None:
        raise NotFound(f"{reference[:30]} is no reference of a pledge to campaign {campaign_id}.",
                       "Find out who paid.")  # fmt: skip
    transfer = Transfer(
        debit=source or chart.bank(campaign_id, row.currency),
        credit=chart.loan(mine.account_id, campaign_id, row.currency), amount_minor=amount_minor, key=key,
        purpose=f"Pledge {mine.number} of campaign {campaign_id} is paid in", effective_at=effective_at, by_id=by_id,
    )  # fmt: skip
    if ledger.transfers(session, keys=[key]):
        return book.post(session, transfer)  # the same again, or a Conflict
    if currency != row.currency:
        raise Conflict(f"The payment is in {currency}, the pledge in {row.currency}.", "Send it back.")
    if mine.state == "paid":
        raise Conflict(f"Pledge {mine.number} is paid already.", "Send it back, or ask the lender.")
    if row.state != "open":
        raise Conflict(f"The campaign is {row.state}: it takes no payments now.", "Send it back.")
    if not rules.in_time(row.deadline_at, row.deadline_on, now, effective_at.date() if effective_at else None):
        raise Conflict(f"It came after {row.deadline_on}, the campaign's last day: it takes no payments now.",
                       "Send it back.")  # fmt: skip
    if amount_minor != mine.amount_minor:
        less = "less" if amount_minor < mine.amount_minor else "more"
        raise Conflict(f"The payment is {less} than pledge {mine.number}.", "Ask the lender, or send it back.")
    if mine.state != "unpaid":
        if mine.state != "lapsed" or not late:
            raise Conflict(f"Pledge {mine.number} is {mine.state}.", "Take it all the same, or send it back.")
        _judge(session, row, mine.account_id, amount_minor, min(now, row.deadline_at - dt.timedelta(microseconds=1)))
        row.held_minor += amount_minor
    session.add(PledgeEvent(pledge_id=mine.id or 0, action="pay", was=mine.state, became="paid", account_id=by_id,
                            why="The payment came in", at=now))  # fmt: skip
    mine.state, mine.paid_at, mine.ended_at = "paid", now, None
    session.add_all((row, mine))
    session.flush()
    chart.open_lender(session, mine.account_id, campaign_id, row.currency)
    return book.post(session, transfer)
