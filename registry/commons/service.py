"""Use cases of commons funds: the designers' cut, contributors, gifts, proposals. Rows are locked before the book."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, func, select

from registry.accounts.queries import find_account
from registry.commons import links, people, rules
from registry.commons.fund import bank_name, fund_name, in_bank, income, open_fund
from registry.commons.schemas import GiftWish, MoveWish, NamedWish, ProposalWish, ShareWish, VoiceWish
from registry.commons.tables import (
    CommonsEvent,
    CommonsNamed,
    CommonsProof,
    CommonsProposal,
    CommonsShare,
    CommonsVoice,
)
from registry.designs.maintainers import require_maintainer
from registry.designs.queries import find_design
from registry.designs.tables import Design
from registry.errors import Conflict, Forbidden, Invalid, NotFound, TooLarge
from registry.ledger import book
from registry.ledger import queries as ledger
from registry.ledger.money import iso_currency, plain
from registry.ledger.schemas import Transfer
from registry.stores.clock import database_now
from registry.stores.stores import Stores

PROOF_BYTES = 1_500_000  # a form with it stays below what a request may bring
_KINDS = {b"%PDF-": "pdf", b"\x89PNG\r\n": "png", b"\xff\xd8\xff": "jpg"}
OPEN_PER_DESIGN = 40


def _need(words: str, what: str, remedy: str, field: str = "words") -> str:
    if not words.strip():
        raise Invalid(what, remedy, field=field)
    return words.strip()


def set_share(stores: Stores, account_id: int, slug: str, wish: ShareWish) -> None:
    """Set the designers' cut of each unit sold from now on, as a maintainer. Raises: Forbidden, Invalid, Conflict."""
    why = _need(wish.why, "The designers' cut changes for a reason.", "Say it in one line.", "why")
    try:
        with stores.db.transaction() as session:
            design = find_design(session, slug)
            require_maintainer(session, design, account_id)
            rules.check_share(wish.share_bp, links.shares(session).share_bp_max)
            last = session.exec(
                select(CommonsShare).where(CommonsShare.design_id == design.id)
                .order_by(col(CommonsShare.number).desc()).limit(1)
            ).first()  # fmt: skip
            if last is not None and last.share_bp == wish.share_bp:
                raise Conflict("That is the share which holds already.", "Choose another.", field="share")
            session.add(CommonsShare(
                design_id=design.id or 0, number=last.number + 1 if last else 1, share_bp=wish.share_bp, why=why,
                by_id=account_id, at=database_now(session),
            ))  # fmt: skip
    except IntegrityError as error:
        raise Conflict("Somebody set it in the same moment.", "Look at it, then decide anew.") from error


def name_person(stores: Stores, account_id: int, slug: str, wish: NamedWish) -> None:
    """Name somebody as a contributor, or take that back, as a maintainer. Raises: Forbidden, Invalid, NotFound, ..."""
    why = _need(wish.why, "Somebody is named for a reason.", "Say what they did, in one line.", "why")
    with stores.db.transaction() as session:
        design = find_design(session, slug)
        require_maintainer(session, design, account_id)
        who = find_account(session, wish.handle)
        if who is None or who.id is None:
            raise NotFound(f"There is no account called {wish.handle[:80]}.", "Check the handle.", field="handle")
        if (who.id in people.named_now(session, design.id or 0)) == wish.named:
            raise Conflict(f"{who.handle} is {'named already' if wish.named else 'not named'}.", "Look at the list.")
        session.add(CommonsNamed(
            design_id=design.id or 0, account_id=who.id, named=wish.named, why=why, by_id=account_id,
            at=database_now(session),
        ))  # fmt: skip


def record_gift(stores: Stores, account_id: int, slug: str, wish: GiftWish) -> int:
    """Book money that came to the fund's own account, as a maintainer. Returns: the transfer. Raises: Invalid, ..."""
    iso_currency(wish.currency)
    reference = _need(wish.reference, "The gift has no reference.", "Write what the statement says.", "reference")
    with stores.db.transaction() as session:
        design = find_design(session, slug)
        require_maintainer(session, design, account_id)
        if wish.seen_on > database_now(session).date():
            raise Invalid("That day has not come yet.", "Write the day on the statement.", field="seen_on")
        design_id = design.id or 0
        open_fund(session, design_id, wish.currency)
        book.open_account(session, bank_name(design_id, wish.currency))
        return book.post(session, income(
            "gifts", design_id, bank_name(design_id, wish.currency), wish.amount_minor,
            cause=f"{design_id}-{account_id}-{wish.key}", purpose=f"Gift: {reference}", by_id=account_id,
            effective_at=dt.datetime.combine(wish.seen_on, dt.time(), dt.UTC),
        )).seq  # fmt: skip


# --- proposals


def propose(stores: Stores, account_id: int, slug: str, wish: ProposalWish) -> int:
    """Open a proposal and hold its amount. Returns: its number. Raises: Forbidden, Invalid, Conflict."""
    _check(wish)
    try:
        with stores.db.transaction() as session:
            design = session.exec(
                select(Design).where(Design.id == find_design(session, slug).id).with_for_update()
            ).one()
            people.require_speaker(session, design, account_id)
            before = session.exec(
                select(CommonsProposal).where(CommonsProposal.by_id == account_id, CommonsProposal.key == wish.key)
            ).first()
            if before is not None:
                return _same(before, design, wish)
            still = select(func.count(col(CommonsProposal.id))).where(
                CommonsProposal.design_id == design.id, col(CommonsProposal.state).in_(rules.HOLDING)
            )
            if session.exec(still).one() >= OPEN_PER_DESIGN:
                raise Conflict(f"{OPEN_PER_DESIGN} proposals wait already.", "Decide some of them first.")
            return _open(session, design, account_id, wish)
    except IntegrityError as error:
        raise Conflict("This form was sent twice in the same moment.", "Look at the proposals.") from error


def _check(wish: ProposalWish) -> None:
    least, most = rules.PERIOD_DAYS
    if not least <= wish.days <= most:
        raise Invalid(f"A period has {least} to {most} days.", "Choose another number.", field="days")
    _need(wish.title, "The proposal has no title.", "Say in a line what is bought.", "title")
    _need(wish.text, "The proposal says nothing.", "Say what is bought and what the design gains.", "text")
    _need(wish.payee, "Nobody is named who is paid.", "Name the supplier, or who lays out the money.", "payee")
    if not wish.things_only:
        raise Invalid(
            "The fund pays for things alone, never for anybody's work on the design.",
            "Confirm that this pays for things, or give the work as everybody gives theirs.", field="things_only",
        )  # fmt: skip


def _same(before: CommonsProposal, design: Design, wish: ProposalWish) -> int:
    told = (before.design_id, before.kind, before.title, before.text, before.payee, before.currency,
            before.amount_minor, (before.ends_at - before.opened_at).days)  # fmt: skip
    if told != (design.id, wish.kind, wish.title, wish.text, wish.payee, wish.currency, wish.amount_minor, wish.days):
        raise Conflict("This key was used for another proposal.", "Make a new key for a new one.", field="key")
    return before.id or 0


def _open(session: Session, design: Design, account_id: int, wish: ProposalWish) -> int:
    now = database_now(session)
    row = CommonsProposal(
        design_id=design.id or 0, by_id=account_id, opened_at=now, ends_at=now + dt.timedelta(days=wish.days),
        changed_at=now, **wish.model_dump(exclude={"days", "things_only"}),
    )  # fmt: skip
    session.add(row)
    session.flush()
    number = row.id or 0
    session.add(CommonsEvent(proposal_id=number, action="open", was="", became="open", why="", account_id=account_id,
                             at=now))  # fmt: skip
    giver, taker = fund_name(row.design_id, row.currency), bank_name(row.design_id, row.currency)
    currency = iso_currency(row.currency)
    held = {each.account: each for each in ledger.balances(session, kind="fund", owner_id=giver.id)}.get(giver)
    free = (held.available_minor or 0) if held else 0
    if free < row.amount_minor:
        raise Conflict(
            f"The fund has {plain(free, currency.exponent)} {row.currency} that nothing else holds.",
            "Propose at most that much, or wait until more has come in.", field="amount",
        )  # fmt: skip
    book.open_account(session, taker)
    row.hold_seq = book.post(session, Transfer(
        debit=giver, credit=taker, amount_minor=row.amount_minor, key=f"commons-{number}-hold", pending=True,
        purpose=f"Proposal {number} of the fund", by_id=account_id,
    )).seq  # fmt: skip
    return number


def _held(session: Session, number: int) -> tuple[CommonsProposal, Design, dt.datetime]:
    """A proposal with its row held until the transaction ends. Raises: NotFound."""
    row = session.exec(select(CommonsProposal).where(CommonsProposal.id == number).with_for_update()).first()
    if row is None:
        raise NotFound(f"There is no proposal {number}.", "Look at the design's fund.")
    return row, session.get_one(Design, row.design_id), database_now(session)


def voices_of(session: Session, number: int) -> list[rules.Voice]:
    """What was said to a proposal, in order, as the rules ask for it."""
    rows = session.exec(
        select(CommonsVoice).where(CommonsVoice.proposal_id == number).order_by(col(CommonsVoice.id))
    ).all()
    return [rules.Voice(row.id or 0, row.account_id, row.stance, row.at, row.objection_id) for row in rows]


def say(stores: Stores, account_id: int, number: int, wish: VoiceWish) -> None:
    """Consent, object with a reason, answer an objection, or withdraw one's own. Raises: Conflict, Forbidden, ..."""
    settle(stores, number)
    with stores.db.transaction() as session:
        row, design, now = _held(session, number)
        people.require_speaker(session, design, account_id)
        voices = voices_of(session, number)
        objection = next((one for one in voices if one.id == wish.objection), None)
        rules.judge_voice(row.state, wish.stance, account_id, row.by_id, objection, voices)
        if wish.stance in ("object", "answer"):
            _need(wish.words, "An objection has a reason, and an answer too.", "Say it so that others can weigh it.")
        session.add(CommonsVoice(
            proposal_id=number, account_id=account_id, stance=wish.stance, words=wish.words, at=now,
            objection_id=wish.objection if wish.stance in ("answer", "withdraw") else None,
        ))  # fmt: skip


def move(stores: Stores, account_id: int, number: int, wish: MoveWish, file: bytes | None = None) -> None:
    """Withdraw one's proposal, hand in proof; or, as somebody else, doubt the proof or say that it was paid.

    Raises: Conflict, Forbidden, Invalid, NotFound, TooLarge.
    """
    settle(stores, number)
    digest, name = _keep_file(stores, file) if file else ("", "")
    with stores.db.transaction() as session:
        row, design, now = _held(session, number)
        actor: rules.Actor = "proposer" if wish.action in ("withdraw", "prove") else "checker"
        if actor == "proposer" and row.by_id != account_id:
            raise Forbidden("Only who proposed it may do that.", "Object, and say why.")
        people.require_speaker(session, design, account_id)
        if actor == "checker" and row.by_id == account_id:
            raise Forbidden("Somebody else looks at your proof.", "Ask another of those who may speak.")
        rules.step(row.state, wish.action, actor)
        words = _need(wish.words, "A step is taken for a reason.", "Say it in a few words.")
        if wish.action == "prove":
            _prove(session, row, account_id, now, wish, digest, name)
        if wish.action == "pay" and (wish.paid_on is None or wish.paid_on > now.date()):
            raise Invalid("The day of the payment is missing or still to come.", "Write it.", field="paid_on")
        go(session, row, wish.action, actor, account_id, now, words, wish.paid_on)


def _prove(
    session: Session, row: CommonsProposal, account_id: int, now: dt.datetime, wish: MoveWish, digest: str, name: str
) -> None:
    if wish.amount_minor is None or wish.amount_minor > row.amount_minor:
        exponent = iso_currency(row.currency).exponent
        raise Invalid(
            f"What it cost is missing, or above the {plain(row.amount_minor, exponent)} {row.currency} agreed.",
            "Write what the invoices come to; for more, open another proposal.", field="amount",
        )  # fmt: skip
    session.add(CommonsProof(
        proposal_id=row.id or 0, account_id=account_id, amount_minor=wish.amount_minor, words=wish.words,
        digest=digest, filename=name, at=now,
    ))  # fmt: skip


def _keep_file(stores: Stores, content: bytes) -> tuple[str, str]:
    if len(content) > PROOF_BYTES:
        raise TooLarge("The file is larger than 1.5 MB.", "Send a smaller one.", field="file")
    kind = next((kind for begins, kind in _KINDS.items() if content.startswith(begins)), "")
    if not kind:
        raise Invalid("The file is no PDF, PNG or JPEG.", "Send the invoice as one of these.", field="file")
    return stores.blobs.put(content), f"proof.{kind}"


def go(
    session: Session, row: CommonsProposal, action: str, actor: rules.Actor, account_id: int | None, now: dt.datetime,
    why: str, paid_on: dt.date | None = None,
) -> None:  # fmt: skip
    """A step of a proposal whose row is held, with its event and what follows in the book. Raises: Conflict."""
    was, number = row.state, row.id or 0
    row.state, row.changed_at = rules.step(was, action, actor), now
    session.add(row)
    session.add(CommonsEvent(proposal_id=number, action=action, was=was, became=row.state, why=why,
                             account_id=account_id, at=now))  # fmt: skip
    hold = row.hold_seq or 0
    if row.state in rules.LETS_GO:
        book.void(session, hold, key=f"commons-{number}-end", purpose=f"Proposal {number} {row.state}",
                  by_id=account_id)  # fmt: skip
    if row.state == "paid":
        proof = session.exec(
            select(CommonsProof).where(CommonsProof.proposal_id == number).order_by(col(CommonsProof.id).desc())
        ).first()
        if proof is None or paid_on is None:
            raise Conflict("There is no proof.", "It is handed in first.")
        book.settle(
            session, hold, key=f"commons-{number}-end", purpose=f"Proposal {number} of the fund, paid",
            amount_minor=proof.amount_minor, effective_at=dt.datetime.combine(paid_on, dt.time(), dt.UTC),
            by_id=account_id,
        )  # fmt: skip
        _require_there(session, row, proof.amount_minor)


def _require_there(session: Session, row: CommonsProposal, spent_minor: int) -> None:
    """What was spent lay in the fund's own bank account; nobody else writes before this is through. Raises: Conflict.

    Asked after the transfer, while the book is held: two that spend the same money don't both go through.
    """
    left = in_bank(session, row.design_id, row.currency)
    if left >= 0:
        return
    raise Conflict(*rules.not_there(
        row.currency, iso_currency(row.currency).exponent, spent_minor, left + spent_minor,
        {one.campaign: one.amount_minor for one in links.places(session, row.design_id, row.currency)},
    ))  # fmt: skip


# --- the calendar


def _decision(session: Session, row: CommonsProposal, now: dt.datetime) -> tuple[str, str]:
    return rules.decide(row.state, row.opened_at, row.ends_at, row.changed_at, row.by_id,
                        voices_of(session, row.id or 0), now)  # fmt: skip


def settle(stores: Stores, number: int) -> None:
    """Do what the calendar asks for with a proposal, if anything."""
    with stores.db.reading() as session:
        row = session.get(CommonsProposal, number)
        if row is None or not _decision(session, row, database_now(session))[0]:
            return
    with stores.db.transaction() as session:
        row, _, now = _held(session, number)
        action, why = _decision(session, row, now)
        if action:
            go(session, row, action, "registry", None, now, why)


def settle_due(stores: Stores) -> None:
    """Settle every proposal that the calendar may have something to say to."""
    with stores.db.reading() as session:
        waits = col(CommonsProposal.state).in_(("open", "agreed"))
        over = col(CommonsProposal.ends_at) <= database_now(session)
        due = session.exec(select(CommonsProposal.id).where(waits, over)).all()
    for number in due:
        settle(stores, number or 0)


def install(stores: Stores) -> None:
    """Let workers look after proposals."""
    hooks = stores.hooks.setdefault("worker.keep", [])
    if settle_due not in hooks:
        hooks.append(settle_due)
