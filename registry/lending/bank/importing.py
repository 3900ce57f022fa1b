"""Statements come in: looked at first, then all of a file or none of it; each booking goes into the book once."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from functools import partial

from sqlalchemy import func
from sqlmodel import Session, col, select

from registry.errors import Conflict, Invalid, NotFound, RegistryError
from registry.lending.bank import ordering, reading, rules
from registry.lending.bank.acts import tell
from registry.lending.bank.booking import ensure, hold_unmatched, key_of, noon, till_of
from registry.lending.bank.ordering import pay
from registry.lending.bank.rules import Expected, Known, Ordered, Part, Period, Seen, Verdict
from registry.lending.bank.schemas import BankLine, BankStatement, CsvMapping
from registry.lending.bank.tables import BankEntry, BankMapping, BankStatementRow, PaymentOrder
from registry.lending.bank.values import minor_of, words
from registry.lending.campaigns.pledging import credit_pledge
from registry.lending.campaigns.service import settle_if_due
from registry.lending.campaigns.state import held
from registry.lending.campaigns.tables import LoanCampaign, Pledge
from registry.lending.campaigns.treasurers import require_treasurer
from registry.lending.loans.payback import held_loan, repayment_seen
from registry.lending.paying import make_reference
from registry.stores.clock import database_now
from registry.stores.stores import Stores

FILE_NAME_CHARS = 120


@dataclass(frozen=True)
class Upload:
    """A file as somebody brings it. `closing`: the balance after the last booking, where a table does not tell it."""

    content: bytes
    name: str = ""
    mapping: CsvMapping | None = None
    closing: str = ""
    accept_gap: bool = False


@dataclass(frozen=True)
class Look:
    """What a file would bring."""

    form: str
    parts: list[Part]
    mapping: CsvMapping | None

    @property
    def gap(self) -> bool:
        """Whether statements seem to be missing."""
        return any(part.gap for part in self.parts)


@dataclass(frozen=True)
class Brought:
    """What a file has brought."""

    fresh: int
    known: int
    waiting: int


def repayment_reference(campaign_id: int) -> str:
    """What the fabricator writes into its repayments."""
    return make_reference(f"BY{campaign_id}R")


def look(stores: Stores, account_id: int, number: int, upload: Upload) -> Look:
    """What a file would bring, without bringing it. Raises: Invalid, TooLarge, Forbidden, NotFound."""
    with stores.db.reading() as session:
        campaign = _campaign(session, account_id, number)
        statements, mapping = _read(session, campaign, upload)
        return Look(reading.form_of(upload.content), rules.plan(statements, known(session, number),
                                                               campaign.payee_iban), mapping)  # fmt: skip


def bring(stores: Stores, account_id: int, number: int, upload: Upload) -> Brought:
    """Import a file, then assign its bookings. Again, or overlapping, it adds nothing that is here.

    Raises: Conflict for a gap that is not accepted; Invalid, TooLarge, Forbidden, NotFound.
    """
    settle_if_due(stores, number)
    with stores.db.reading() as session:
        campaign = _campaign(session, account_id, number)
        statements, mapping = _read(session, campaign, upload)
    sha256 = hashlib.sha256(upload.content).hexdigest()

    def write(session: Session) -> Brought:
        row, _ = held(session, number)
        parts = rules.plan(statements, known(session, number), row.payee_iban)
        gaps = [said for part in parts if part.gap for said in part.findings if said.startswith("There is a gap")]
        if gaps and not upload.accept_gap:
            raise Conflict(gaps[0], "Import those first, or accept the gap.", field="accept_gap")
        for part in parts:
            _add(session, row, part, upload, sha256, account_id)
        if mapping is not None:
            _keep_mapping(session, row.payee_iban, mapping, account_id)
        return Brought(sum(len(part.new) for part in parts), sum(part.known for part in parts), 0)

    brought = stores.db.retrying(write)
    work_off(stores, number)
    settle_if_due(stores, number)  # a deadline that waited for this statement
    with stores.db.reading() as session:
        waiting = session.exec(
            select(func.count()).select_from(BankEntry)
            .where(BankEntry.campaign_id == number, col(BankEntry.state).in_(rules.QUEUE))
        ).one()  # fmt: skip
    return Brought(brought.fresh, brought.known, waiting)


def _campaign(session: Session, account_id: int, number: int) -> LoanCampaign:
    require_treasurer(session, account_id)
    row = session.get(LoanCampaign, number)
    if row is None:
        raise NotFound(f"There is no campaign {number}.", "Look at the list of campaigns.")
    if row.opened_at is not None:
        # An account that is free again may serve another campaign: its statements are counted in one of them alone.
        now_of = session.exec(
            select(LoanCampaign.id).where(
                LoanCampaign.payee_iban == row.payee_iban, LoanCampaign.id != number,
                col(LoanCampaign.opened_at) > row.opened_at,
            ).order_by(col(LoanCampaign.opened_at).desc()).limit(1)
        ).first()  # fmt: skip
        if now_of is not None:
            raise Conflict(f"This is the bank account of campaign {now_of} now: its statements count there.",
                           f"Import the statement at campaign {now_of}.")  # fmt: skip
    return row


def _read(
    session: Session, campaign: LoanCampaign, upload: Upload
) -> tuple[list[BankStatement], CsvMapping | None]:  # fmt: skip
    mapping = None
    closing = None
    if reading.form_of(upload.content) == "csv":
        mapping = upload.mapping or kept_mapping(session, campaign.payee_iban)
        if upload.closing.strip():
            plain = upload.closing.strip().replace(",", ".").replace("−", "-")
            try:
                closing = minor_of(plain, campaign.currency, "The balance")
            except Invalid as error:
                raise Invalid(error.message, "Write it like 1234.50.", field="closing") from error
    return reading.read(upload.content, campaign.payee_iban, campaign.currency, mapping, closing), mapping


def kept_mapping(session: Session, iban: str) -> CsvMapping | None:
    """How this account's tables were read last."""
    row = session.exec(
        select(BankMapping).where(BankMapping.iban == iban).order_by(col(BankMapping.id).desc()).limit(1)
    ).first()
    return CsvMapping.model_validate(row.mapping) if row else None


def _keep_mapping(session: Session, iban: str, mapping: CsvMapping, account_id: int) -> None:
    if kept_mapping(session, iban) != mapping:
        session.add(BankMapping(iban=iban, mapping=mapping.model_dump(), account_id=account_id,
                                at=database_now(session)))  # fmt: skip


def known(session: Session, number: int) -> Known:
    """What the account's statements have brought so far."""
    entries = session.exec(select(BankEntry).where(BankEntry.campaign_id == number).order_by(col(BankEntry.id))).all()
    periods = session.exec(
        select(BankStatementRow).where(BankStatementRow.campaign_id == number).order_by(col(BankStatementRow.id))
    ).all()
    return Known(
        [Seen(each.key, each.amount_minor) for each in entries],
        [Period(each.form, each.since, each.until, each.closing_minor) for each in periods],
        next((each.booked_on for each in entries if each.key == rules.CARRIED), None),
    )


def _add(
    session: Session, campaign: LoanCampaign, part: Part, upload: Upload, sha256: str, account_id: int
) -> None:  # fmt: skip
    if not part.tells:
        return
    told = part.statement
    row = BankStatementRow(
        campaign_id=campaign.id or 0, form=told.form, opening_minor=told.opening_minor,
        closing_minor=told.closing_minor, since=told.since, until=told.until, number=told.number,
        file_name=words(upload.name, FILE_NAME_CHARS), sha256=sha256,
        lines=len(told.lines), fresh=len(part.new), account_id=account_id, at=database_now(session),
    )  # fmt: skip
    session.add(row)
    session.flush()
    session.add_all(
        BankEntry(campaign_id=campaign.id or 0, statement_id=row.id or 0, key=each.key, occurrence=each.occurrence,
                  **each.line.model_dump())
        for each in part.new
    )  # fmt: skip
    session.flush()


# --- into the book


def work_off(stores: Stores, number: int | None = None) -> int:
    """Assign and book what was imported and not worked off, one booking at a time. Returns: how many."""
    with stores.db.reading() as session:
        query = select(BankEntry.id, BankEntry.campaign_id).where(BankEntry.state == "imported")
        if number is not None:
            query = query.where(BankEntry.campaign_id == number)
        waiting = session.exec(query.order_by(col(BankEntry.id))).all()
    for entry_id, campaign_id in waiting:
        stores.db.retrying(partial(_work_off_one, entry_id=entry_id or 0, campaign_id=campaign_id))
    return len(waiting)


def _work_off_one(session: Session, entry_id: int, campaign_id: int) -> None:
    campaign, _ = held_loan(session, campaign_id)
    entry = session.get_one(BankEntry, entry_id, populate_existing=True)
    if entry.state != "imported":
        return
    verdict = _judge(session, campaign, entry)
    if verdict.state == "matched":
        try:
            with session.begin_nested():
                _credit(session, campaign, entry, verdict)
        except RegistryError as error:
            session.refresh(entry)
            session.refresh(campaign)
            verdict = rules.with_reason(verdict, "invalid", error.message)
    if verdict.state != "matched":
        hold_unmatched(session, till_of(campaign), entry)
    entry.state, entry.reasons = verdict.state, list(verdict.reasons)
    entry.pledge_id, entry.order_id = verdict.pledge_id, verdict.order_id
    act = "match" if verdict.state == "matched" else "warn" if verdict.alarm else "ask"
    tell(session, entry, act, " ".join(verdict.reasons))


def _judge(session: Session, campaign: LoanCampaign, entry: BankEntry) -> Verdict:
    if entry.key == rules.CARRIED:
        return Verdict("no match", ("This lay in the account before the first statement.",))
    line = line_of(entry)
    codes = rules.codes_in(entry.structured, f"{entry.text} {entry.end_to_end}")
    number = campaign.id or 0
    if entry.amount_minor > 0 and not entry.return_code and repayment_reference(number) in codes:
        return Verdict("matched")
    rows = session.exec(select(Pledge).where(col(Pledge.reference).in_(codes))).all() if codes else []
    # seen before the deadline it counts; later, the day of its booking tells whether it lay in the bank by then
    last_day = campaign.deadline_on if database_now(session) >= campaign.deadline_at else dt.date.max
    pledges = [
        Expected(row.id or 0, row.campaign_id, row.reference or "", row.state, row.amount_minor,
                 min(row.pay_by.date(), last_day))
        for row in rows
    ]  # fmt: skip
    return rules.judge(line, number, campaign.currency, campaign.state == "open", pledges, codes,
                       _order(session, number, entry))  # fmt: skip


def line_of(entry: BankEntry) -> BankLine:
    """A booking as the statement told it."""
    return BankLine(**entry.model_dump(include=set(BankLine.model_fields)))


def _order(session: Session, number: int, entry: BankEntry) -> Ordered | None:
    found = session.exec(
        select(PaymentOrder).where(PaymentOrder.campaign_id == number, PaymentOrder.end_to_end == entry.end_to_end)
    ).first() if entry.end_to_end else None  # fmt: skip
    if found is None:
        # Banks that have no field for it write it among the words.
        named = [word for word in entry.text.upper().split() if word.startswith(f"BY{number}X")]
        found = session.exec(
            select(PaymentOrder).where(PaymentOrder.campaign_id == number, col(PaymentOrder.end_to_end).in_(named))
        ).first() if named else None  # fmt: skip
    return Ordered(found.id or 0, found.end_to_end, found.state, found.amount_minor) if found else None


def _credit(session: Session, campaign: LoanCampaign, entry: BankEntry, verdict: Verdict) -> None:
    """Book what needs nobody's decision. Raises: RegistryError, for the queue."""
    till = till_of(campaign)
    if verdict.order_id is not None:
        pay(session, till, session.get_one(PaymentOrder, verdict.order_id), entry)
        return
    ensure(session, till.bank)
    if verdict.pledge_id is None:
        repayment_seen(session, campaign, entry.amount_minor, source=till.bank, key=key_of(entry),
                       now=database_now(session), effective_at=noon(entry.booked_on))  # fmt: skip
        return
    pledge = session.get_one(Pledge, verdict.pledge_id)
    credit_pledge(session, campaign.id or 0, pledge.reference or "", entry.amount_minor, campaign.currency,
                  key=key_of(entry), effective_at=noon(entry.booked_on))  # fmt: skip


def keep(stores: Stores) -> None:
    """What a worker looks after: bookings that an import left behind when it was stopped, orders that are over."""
    work_off(stores)
    ordering.keep(stores)


def install(stores: Stores) -> None:
    """Let workers look after bookings that an import left behind."""
    hooks = stores.hooks.setdefault("worker.keep", [])
    if keep not in hooks:
        hooks.append(keep)
