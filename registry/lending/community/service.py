"""Use cases of community money. Rows are locked before the book; the book keeps balances within their limits."""

from __future__ import annotations

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from registry.accounts.queries import find_account
from registry.accounts.tables import Account
from registry.batches.roles import require_operator
from registry.batches.rules import unit_price
from registry.batches.service import held as held_batch
from registry.batches.tables import Batch, BatchMaker, Reservation
from registry.errors import Conflict, Forbidden, Invalid, NotFound
from registry.fabricators.tables import Fabricator
from registry.ledger import book
from registry.ledger import queries as ledger
from registry.ledger.money import iso_currency
from registry.ledger.schemas import AccountName, Currency, Entry, Transfer
from registry.lending.community import rules
from registry.lending.community.schemas import LimitsWish, OfferWish, PartWish, PayWish
from registry.lending.community.tables import BatchCredit, CommunityEvent, CommunityMember
from registry.lending.policy import Policy
from registry.lending.queries import policy_now
from registry.stores.clock import database_now
from registry.stores.stores import Stores
from registry.values import slugify

Owner = tuple[str, int]  # kind and id


def credit_name(owner: Owner, currency: str) -> AccountName:
    """A member's account in the book."""
    return AccountName(kind=owner[0], id=str(owner[1]), role="credit", currency=currency)  # type: ignore[arg-type]


def policy_with_currency(session: Session) -> Policy:
    """The policy that holds. Raises: NotFound if its community has no currency of its own."""
    policy = policy_now(session)
    if not policy.community.currency:
        raise NotFound("This registry has no currency of its own.", "Its stewards can name one in the bank's policy.")
    return policy


def find_owner(session: Session, kind: str, name: str) -> Owner:
    """A person by handle, or a fabricator by slug. Raises: NotFound."""
    if kind == "fabricator":
        shop = session.exec(select(Fabricator.id).where(Fabricator.slug == name.strip())).first()
        if shop is None:
            raise NotFound(f"There is no fabricator called {name[:80]}.", "Look at the list.", field="to")
        return "fabricator", shop
    person = find_account(session, name.strip().lstrip("@"))
    if person is None or person.id is None:
        raise NotFound(f"There is no account called {name[:80]}.", "Check the handle.", field="to")
    return "person", person.id


def acting(session: Session, account_id: int, shop: str) -> Owner:
    """For whom somebody acts. Raises: NotFound, Forbidden."""
    if not shop:
        return "person", account_id
    owner = find_owner(session, "fabricator", shop)
    require_operator(session, owner[1], account_id)
    return owner


def member_row(session: Session, owner: Owner, *, lock: bool = False) -> CommunityMember | None:
    """The row of somebody who is or was a member."""
    chosen = select(CommunityMember).where(CommunityMember.owner_kind == owner[0], CommunityMember.owner_id == owner[1])
    return session.exec(chosen.with_for_update() if lock else chosen).first()


def _need_member(session: Session, owner: Owner, who: str) -> CommunityMember:
    row = member_row(session, owner, lock=True)
    if row is None or row.left_at is not None:
        raise Conflict(f"{who} no member of the community's currency.", "Members join by themselves.", field="to")
    return row


def _note(session: Session, row: CommunityMember, action: str, account_id: int) -> None:
    session.add(CommunityEvent(member_id=row.id or 0, action=action, by_id=account_id, at=database_now(session)))


def _currency(session: Session, policy: Policy) -> Currency:
    own = policy.community
    known = ledger.currencies(session).get(own.currency)
    if known is None:
        name = f"{own.currency} of {policy.bank.name}"
        return book.open_currency(session, own.currency, exponent=own.exponent, name=name,
                                  community=slugify(policy.bank.name, "community"))  # fmt: skip
    if known.exponent != own.exponent:
        raise Conflict(
            f"{own.currency} has {known.exponent} decimals in the book, and {own.exponent} in the policy.",
            "A currency keeps its decimals: mend the policy, or take another code.",
        )
    return known


def join(stores: Stores, account_id: int, shop: str = "") -> None:
    """Become a member, or one again, with the limits of the policy. Raises: Conflict, Forbidden, NotFound."""
    try:
        _join(stores, account_id, shop)
    except IntegrityError as error:
        raise Conflict("Somebody joined for this workshop in the same moment.", "Look again.") from error


def _join(stores: Stores, account_id: int, shop: str) -> None:
    with stores.db.transaction() as session:
        policy = policy_with_currency(session)
        owner = acting(session, account_id, shop)
        session.exec(select(Account).where(Account.id == account_id).with_for_update()).one()
        row = member_row(session, owner, lock=True)
        now = database_now(session)
        if row is not None and row.left_at is None:
            return
        if row is None:
            row = CommunityMember(owner_kind=owner[0], owner_id=owner[1], joined_at=now)
        row.left_at = None
        session.add(row)
        session.flush()
        _note(session, row, "joined", account_id)
        name = credit_name(owner, _currency(session, policy).code)
        if not ledger.balances(session, kind=name.kind, owner_id=name.id, role=name.role, currency=name.currency):
            own = policy.community
            book.open_account(session, name, lowest_minor=own.lowest_minor, highest_minor=own.highest_minor,
                              why="Limits of the policy", by_id=account_id)  # fmt: skip


def leave(stores: Stores, account_id: int, shop: str = "") -> None:
    """Be a member no longer; only with a balance of zero. Raises: Conflict, Forbidden, NotFound."""
    with stores.db.transaction() as session:
        policy = policy_with_currency(session)
        owner = acting(session, account_id, shop)
        row = _need_member(session, owner, "You are")
        own = ledger.balance(session, credit_name(owner, policy.community.currency))
        if own.balance_minor:
            raise Conflict(
                "Your balance is not zero.",
                "Spend what you hold, or earn what you owe: the community comes to zero together.",
            )
        row.left_at, row.offers = database_now(session), ""
        session.add(row)
        _note(session, row, "left", account_id)


def set_offer(stores: Stores, account_id: int, wish: OfferWish) -> None:
    """Say what one offers to other members. Raises: Conflict, Forbidden, NotFound."""
    with stores.db.transaction() as session:
        policy_with_currency(session)
        row = _need_member(session, acting(session, account_id, wish.shop), "You are")
        if row.offers != wish.offers:
            row.offers = wish.offers
            session.add(row)
            _note(session, row, "offers", account_id)


def set_limits(stores: Stores, account_id: int, wish: LimitsWish) -> None:
    """Other limits for a member, as a steward; the reason stays in the book. Raises: Conflict, Forbidden, ..."""
    if not wish.why:
        raise Invalid("Limits change for a reason.", "Say it in one line.", field="why")
    with stores.db.transaction() as session:
        account = session.get(Account, account_id)
        if account is None or not account.is_steward:
            raise Forbidden("Only the stewards of this registry change limits.", "Ask one of them.")
        policy = policy_with_currency(session)
        owner = find_owner(session, wish.kind, wish.member)
        _need_member(session, owner, f"{wish.member} is")
        book.set_limits(
            session, credit_name(owner, policy.community.currency), lowest_minor=wish.lowest_minor,
            highest_minor=wish.highest_minor, why=wish.why, by_id=account_id,
        )  # fmt: skip


def pay(stores: Stores, account_id: int, wish: PayWish) -> int:
    """Pay another member. Returns: the transfer. Raises: Conflict at a limit, Forbidden, Invalid, NotFound."""
    with stores.db.transaction() as session:
        policy = policy_with_currency(session)
        giver = acting(session, account_id, wish.shop)
        taker = find_owner(session, wish.to_kind, wish.to)
        for owner, who in sorted(((giver, "You are"), (taker, f"{wish.to} is"))):  # in one order: no two wait crosswise
            _need_member(session, owner, who)
        return _post(session, policy, giver, taker, wish.amount_minor, wish.purpose, f"credit-{account_id}-{wish.key}",
                     account_id).seq  # fmt: skip


def _post(
    session: Session, policy: Policy, giver: Owner, taker: Owner, amount_minor: int, purpose: str, key: str, by_id: int
) -> Entry:
    code = policy.community.currency
    debit, credit = credit_name(giver, code), credit_name(taker, code)
    try:
        return book.post(session, Transfer(debit=debit, credit=credit, amount_minor=amount_minor, key=key,
                                           purpose=purpose, by_id=by_id))  # fmt: skip
    except Conflict as error:
        if error.field != "amount":
            raise
        if str(credit) in error.message:  # how much another holds is their own affair
            raise Conflict("They can't receive that much.", "Pay less, or ask them to spend first.",
                           field="amount") from error  # fmt: skip
        raise Conflict("You can't pay that much: it would take you below your lowest balance.",
                       "Pay less, or earn some first.", field="amount") from error  # fmt: skip


# --- part of a batch's price


def _lead(session: Session, number: int) -> int:
    return session.exec(
        select(BatchMaker.fabricator_id).where(BatchMaker.batch_id == number, col(BatchMaker.leads))
    ).one()


def part_of_batch(session: Session, number: int) -> BatchCredit | None:
    """The part of a batch's price that may be paid in credit, as it was set last."""
    return session.exec(
        select(BatchCredit).where(BatchCredit.batch_id == number).order_by(col(BatchCredit.number).desc()).limit(1)
    ).first()


def set_part(stores: Stores, account_id: int, number: int, wish: PartWish) -> None:
    """Take a part of a batch's price in credit, as an operator of who leads it. Raises: Conflict, Forbidden, ..."""
    with stores.db.transaction() as session:
        policy = policy_with_currency(session)
        batch, now = held_batch(session, number)
        lead = _lead(session, number)
        require_operator(session, lead, account_id)
        if wish.share_bp:
            _need_member(session, ("fabricator", lead), "The workshop is")
        before = part_of_batch(session, number)
        rules.judge_part(batch.state, wish.share_bp, policy.community.price_share_bp_max,
                         before.share_bp if before else 0, batch.reserved, batch.currency,
                         policy.bank.currency)  # fmt: skip
        if (before.share_bp if before else 0) == wish.share_bp:
            return
        session.add(BatchCredit(batch_id=number, number=before.number + 1 if before else 1, share_bp=wish.share_bp,
                                currency=policy.community.currency, by_id=account_id, at=now))  # fmt: skip


def split_reservation(batch: Batch, units: int, share_bp: int, own_exponent: int) -> tuple[int, int, int]:
    """(total, money, credit) of so many units at the price that holds now."""
    unit = unit_price(batch.prices, max(batch.reserved, batch.units_min)) or 0
    total = unit * units
    return total, *rules.split(total, share_bp, iso_currency(batch.currency).exponent, own_exponent)


def part_key(reservation: Reservation) -> str:
    """The key under which a reservation's part in credit is booked: once."""
    return f"credit-reservation-{reservation.id}"


def pay_part(stores: Stores, account_id: int, number: int, place: int) -> int:
    """Pay a confirmed reservation's part in credit to the workshop, once. Returns: the transfer. Raises: Conflict."""
    with stores.db.transaction() as session:
        policy = policy_with_currency(session)
        batch, _ = held_batch(session, number)
        row = session.exec(
            select(Reservation).where(
                Reservation.batch_id == number, Reservation.number == place, Reservation.account_id == account_id
            )
        ).first()
        if row is None:
            raise NotFound(f"You have no reservation {place} in batch {number}.", "Look at its queue.")
        part = part_of_batch(session, number)
        if part is None or not part.share_bp or part.currency != policy.community.currency:
            raise Conflict("This batch takes money alone.", "Pay the workshop in money.")
        if batch.state not in rules.PAYABLE or row.state != "confirmed":
            raise Conflict("The price is not final before the deadline.", "Pay when the batch is made.")
        _, _, credit = split_reservation(batch, row.units, part.share_bp, policy.community.exponent)
        giver, taker = ("person", account_id), ("fabricator", _lead(session, number))
        for owner, who in sorted(((giver, "You are"), (taker, "The workshop is"))):
            _need_member(session, owner, who)
        return _post(session, policy, giver, taker, credit, f"Batch {number}, place {place}", part_key(row),
                     account_id).seq  # fmt: skip
