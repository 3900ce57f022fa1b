"""What pages, JSON and commands read of commons funds."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sqlmodel import Session, col, select

import registry.commons.leaving  # noqa: F401  it says what goes when an account is deleted
from registry.accounts.queries import handle_of
from registry.commons import links, people, rules
from registry.commons.fund import fund_name, in_bank
from registry.commons.schemas import (
    ChangeView,
    FundView,
    IncomeView,
    NamedView,
    PersonView,
    PlaceView,
    ProofView,
    ProposalItem,
    ProposalView,
    PurseView,
    ShareView,
    VoiceView,
)
from registry.commons.service import voices_of
from registry.commons.tables import (
    CommonsEvent,
    CommonsNamed,
    CommonsProof,
    CommonsProposal,
    CommonsShare,
    CommonsVoice,
)
from registry.designs.queries import find_design
from registry.designs.tables import Design
from registry.errors import Forbidden, NotFound
from registry.ledger import queries as ledger
from registry.ledger.money import iso_currency
from registry.ledger.schemas import Balance, Entry

LAST = 20
PROPOSALS_SHOWN = 100


def share_of(session: Session, design_id: int) -> tuple[int, bool]:
    """(the designers' cut of each unit sold in ten-thousandths, whether they set it); never above the policy's most."""
    row = session.exec(
        select(CommonsShare).where(CommonsShare.design_id == design_id)
        .order_by(col(CommonsShare.number).desc()).limit(1)
    ).first()  # fmt: skip
    shares = links.shares(session)
    return min(row.share_bp if row else shares.share_bp, shares.share_bp_max), row is not None


def get_fund(session: Session, slug: str) -> FundView:
    """A design's fund. Raises: NotFound."""
    design = find_design(session, slug)
    design_id = design.id or 0
    share_bp, own = share_of(session, design_id)
    shares = session.exec(
        select(CommonsShare).where(CommonsShare.design_id == design_id).order_by(col(CommonsShare.number).desc())
    ).all()
    named = session.exec(
        select(CommonsNamed).where(CommonsNamed.design_id == design_id).order_by(col(CommonsNamed.id).desc())
    ).all()
    rows = session.exec(
        select(CommonsProposal).where(CommonsProposal.design_id == design_id)
        .order_by(col(CommonsProposal.id).desc()).limit(PROPOSALS_SHOWN)
    ).all()  # fmt: skip
    held = ledger.balances(session, kind="fund", owner_id=str(design_id), role="money")
    moves = {each.account.currency: _moves(session, design_id, each.account.currency) for each in held}
    last = sorted((move for found in moves.values() for move in found), key=lambda entry: -entry.seq)[:LAST]
    return FundView(
        design=design.slug, name=design.name, share_bp=share_bp, share_bp_max=links.shares(session).share_bp_max,
        share_by_policy=not own,
        shares=[ShareView(by=handle_of(session, row.by_id), **row.model_dump(include={"share_bp", "why", "at"}))
                for row in shares],
        purses=[_purse(session, design_id, each, moves[each.account.currency]) for each in held],
        last=[_income(session, entry, design_id) for entry in last],
        people=[PersonView(handle=handle_of(session, who), because=because)
                for who, because in people.speakers(session, design).items()],
        named=[NamedView(handle=handle_of(session, row.account_id), by=handle_of(session, row.by_id),
                         **row.model_dump(include={"named", "why", "at"})) for row in named],
        proposals=[_item(session, design, row) for row in rows],
    )  # fmt: skip


def _moves(session: Session, design_id: int, currency: str) -> list[Entry]:
    """All that came into a fund and went out of it."""
    seqs, after = [], 0
    while True:
        part = ledger.statement(session, fund_name(design_id, currency), after_seq=after)
        seqs += [line.seq for line in part.lines]
        if part.next_seq is None:
            return [entry for start in range(0, len(seqs), 500)
                    for entry in ledger.transfers(session, seqs=seqs[start : start + 500])]  # fmt: skip
        after = part.next_seq


def _purse(session: Session, design_id: int, held: Balance, moves: list[Entry]) -> PurseView:
    came: Counter[str] = Counter()
    spent = 0
    for entry in moves:
        if entry.credit == held.account:
            came[rules.source_of(entry.debit.kind, entry.debit.role, entry.key)] += entry.amount_minor
        else:
            spent += entry.amount_minor
    currency = held.account.currency
    return PurseView(
        account=str(held.account),
        currency=currency, exponent=ledger.currency(session, currency).exponent, balance_minor=held.balance_minor,
        held_minor=held.pending_debits_minor, free_minor=held.available_minor or 0, spent_minor=spent,
        in_bank_minor=in_bank(session, design_id, currency), income_minor=dict(came),
        places=[PlaceView(campaign=one.campaign, amount_minor=one.amount_minor, ordered_minor=one.ordered_minor)
                for one in links.places(session, design_id, currency)],
    )  # fmt: skip


def _income(session: Session, entry: Entry, design_id: int) -> IncomeView:
    gives = entry.debit == fund_name(design_id, entry.currency)
    return IncomeView(
        seq=entry.seq, at=entry.effective_at, currency=entry.currency, purpose=entry.purpose,
        source="spent" if gives else rules.source_of(entry.debit.kind, entry.debit.role, entry.key),
        amount_minor=-entry.amount_minor if gives else entry.amount_minor,
        exponent=ledger.currency(session, entry.currency).exponent,
    )  # fmt: skip


def _item_values(session: Session, design: Design, row: CommonsProposal) -> dict[str, Any]:
    voices = voices_of(session, row.id or 0)
    return {
        "number": row.id, "design": design.slug, "by": handle_of(session, row.by_id),
        "exponent": iso_currency(row.currency).exponent, "ends_at": rules.ends_at(row.ends_at, voices),
        "consents": len(rules.consents(voices, row.by_id)), "objections": len(rules.open_objections(voices)),
        **row.model_dump(include={"kind", "title", "currency", "amount_minor", "state", "opened_at"}),
    }  # fmt: skip


def _item(session: Session, design: Design, row: CommonsProposal) -> ProposalItem:
    return ProposalItem.model_validate(_item_values(session, design, row))


def get_proposal(session: Session, number: int, slug: str | None = None) -> ProposalView:
    """A proposal with all that was said and done. Raises: NotFound."""
    row = session.get(CommonsProposal, number)
    design = session.get_one(Design, row.design_id) if row else None
    if row is None or design is None or (slug is not None and design.slug != slug):
        raise NotFound(f"There is no proposal {number} here.", "Look at the design's fund.")
    still = set(rules.open_objections(voices_of(session, number)))
    voices = session.exec(
        select(CommonsVoice).where(CommonsVoice.proposal_id == number).order_by(col(CommonsVoice.id))
    ).all()
    proofs = session.exec(
        select(CommonsProof).where(CommonsProof.proposal_id == number).order_by(col(CommonsProof.id))
    ).all()
    events = session.exec(
        select(CommonsEvent).where(CommonsEvent.proposal_id == number).order_by(col(CommonsEvent.id))
    ).all()
    ended = ledger.end_of(session, row.hold_seq) if row.hold_seq else None
    return ProposalView(
        **_item_values(session, design, row), text=row.text, payee=row.payee, hold_seq=row.hold_seq,
        spent_minor=ended.amount_minor if ended and ended.kind == "settled" else None,
        voices=[VoiceView(who=handle_of(session, one.account_id), objection=one.objection_id, open=one.id in still,
                          **one.model_dump(include={"id", "stance", "words", "at"})) for one in voices],
        proofs=[ProofView(by=handle_of(session, one.account_id),
                          **one.model_dump(include={"id", "amount_minor", "words", "digest", "filename", "at"}))
                for one in proofs],
        history=[ChangeView(by=handle_of(session, one.account_id),
                            **one.model_dump(include={"action", "was", "became", "why", "at"})) for one in events],
    )  # fmt: skip


def may_speak(session: Session, slug: str, account_id: int | None) -> bool:
    """Whether somebody may speak for a design's fund. Raises: NotFound."""
    return account_id is not None and account_id in people.speakers(session, find_design(session, slug))


def proof_file(session: Session, slug: str, number: int, proof_id: int, account_id: int) -> tuple[str, str]:
    """(digest, name) of the file that was handed in as proof, for those who may speak. Raises: NotFound, Forbidden."""
    get_proposal(session, number, slug)
    row = session.get(CommonsProof, proof_id)
    if row is None or row.proposal_id != number or not row.digest:
        raise NotFound("There is no such file.", "Reload the page you came from.")
    if not may_speak(session, slug, account_id):
        raise Forbidden("Invoices are shown to those who may speak for the fund.", "Their hashes are public.")
    return row.digest, row.filename


def waiting(session: Session, design_id: int) -> int:
    """How many proposals of a design wait for consent."""
    return len(session.exec(
        select(CommonsProposal.id).where(CommonsProposal.design_id == design_id, CommonsProposal.state == "open")
    ).all())  # fmt: skip


def consenting(proposal: ProposalView) -> set[str]:
    """Who consents now, by handle: their last word of consent or objection counts."""
    last = {voice.who: voice.stance for voice in proposal.voices if voice.stance in ("consent", "object")}
    return {who for who, stance in last.items() if stance == "consent"}


def purses(session: Session, design_id: int) -> list[tuple[int, str, int]]:
    """(balance, currency, decimals) of a design's fund, without what is empty."""
    held = ledger.balances(session, kind="fund", owner_id=str(design_id), role="money")
    return [
        (each.balance_minor, each.account.currency, ledger.currency(session, each.account.currency).exponent)
        for each in held
        if each.balance_minor
    ]
