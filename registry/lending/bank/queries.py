"""What a treasurer's desk reads."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, func
from sqlmodel import Session, col, select

from registry.accounts.queries import handle_of
from registry.designs.tables import Design
from registry.errors import NotFound
from registry.ledger import queries as ledger
from registry.ledger.money import iso_currency
from registry.lending.bank import again, deciding, funds, importing, ordering, undoing
from registry.lending.bank.booking import till_of
from registry.lending.bank.rules import CARRIED, QUEUE, STATES, codes_in
from registry.lending.bank.tables import BankAct, BankEntry, BankStatementRow, PaymentFile, PaymentOrder
from registry.lending.bank.views import (
    ActView,
    DeskView,
    EntryItem,
    EntryList,
    EntryQuery,
    EntryView,
    FileList,
    FileView,
    FundChoice,
    OrderChoice,
    OrderList,
    OrderView,
    PartView,
    PledgeChoice,
    PreviewView,
    StatementList,
    StatementView,
    TrancheChoice,
)
from registry.lending.campaigns.state import tranches_of
from registry.lending.campaigns.tables import LoanCampaign, Pledge
from registry.lending.campaigns.treasurers import require_treasurer
from registry.lending.loans.rules import next_tranche
from registry.lending.loans.tranches import why_not
from registry.lending.queries import policy_now
from registry.stores.clock import database_now

SAMPLE = 12


def masked(iban: str) -> str:
    """An account's ends: enough to know it again, too little to use it."""
    return f"{iban[:4]} … {iban[-4:]}" if iban else ""


def campaign_of(session: Session, account_id: int, number: int) -> LoanCampaign:
    """A campaign for one of the treasurers. Raises: Forbidden, NotFound."""
    require_treasurer(session, account_id)
    row = session.get(LoanCampaign, number)
    if row is None:
        raise NotFound(f"There is no campaign {number}.", "Look at the list of campaigns.")
    return row


def get_desk(session: Session, account_id: int, number: int) -> DeskView:
    """How a campaign's account stands. Raises: Forbidden, NotFound."""
    campaign = campaign_of(session, account_id, number)
    till = till_of(campaign)
    last = session.exec(
        select(BankStatementRow).where(BankStatementRow.campaign_id == number)
        .order_by(col(BankStatementRow.until).desc(), col(BankStatementRow.id).desc()).limit(1)
    ).first()  # fmt: skip
    found = ledger.balances(session, kind="external", owner_id=str(number), role=till.bank.role,
                            currency=campaign.currency)  # fmt: skip
    in_book = -found[0].balance_minor if found else 0
    counts = dict.fromkeys(STATES, 0) | dict(session.exec(
        select(BankEntry.state, func.count()).where(BankEntry.campaign_id == number).group_by(BankEntry.state)
    ).all())  # fmt: skip
    orders = dict(session.exec(
        select(PaymentOrder.state, func.count()).where(PaymentOrder.campaign_id == number)
        .group_by(PaymentOrder.state)
    ).all())  # fmt: skip
    dues = ledger.balances(session, kind="person", role=till.due(1).role, currency=campaign.currency)
    return DeskView(
        number=number, title=session.get_one(Design, campaign.design_id).name, state=campaign.state,
        currency=campaign.currency, exponent=iso_currency(campaign.currency).exponent,
        payee_name=campaign.payee_name, payee_iban=campaign.payee_iban,
        repayment_reference=importing.repayment_reference(number), bank_minor=last.closing_minor if last else None,
        until=last.until if last else None, book_minor=in_book,
        difference_minor=in_book - last.closing_minor if last else 0,
        ordered_minor=found[0].pending_credits_minor if found else 0, counts=counts,
        waiting=sum(counts[state] for state in QUEUE), to_approve=orders.get("proposed", 0),
        to_file=orders.get("approved", 0),
        tranche=_tranche(session, campaign),
        due_minor=sum(max(each.balance_minor - each.pending_debits_minor, 0) for each in dues),
        fund=_fund(session, campaign), mapping=importing.kept_mapping(session, campaign.payee_iban),
    )  # fmt: skip


def _fund(session: Session, campaign: LoanCampaign) -> FundChoice | None:
    on_its_way = funds.ordered(session, campaign.id or 0)
    free = funds.free_for_fund(session, campaign)
    if not free and not on_its_way:
        return None
    design = session.get_one(Design, campaign.design_id)
    return FundChoice(design=design.slug, name=design.name, amount_minor=free, ordered_minor=on_its_way,
                      why_not=funds.why_not(session, campaign))  # fmt: skip


def _tranche(session: Session, campaign: LoanCampaign) -> TrancheChoice | None:
    stage = next_tranche(campaign.state)
    row = next((one for one in tranches_of(session, campaign.id or 0) if one.stage == stage), None)
    if row is None or not row.amount_minor:
        return None
    why = why_not(session, campaign, stage, database_now(session))
    if not why and ordering.is_ordered(session, campaign.id or 0, stage):
        why = "It is ordered already."
    if not why and not has_payee(session, campaign.id or 0):
        why = "The fabricator has not said where it receives money."
    return TrancheChoice(stage=stage, amount_minor=row.amount_minor, why_not=why)


def has_payee(session: Session, number: int) -> bool:
    """Whether the fabricator of a campaign has said where it receives money."""
    campaign = session.get_one(LoanCampaign, number)
    return ordering.fabricator_payee(session, campaign.fabricator_id) is not None


# --- bookings


def list_entries(session: Session, account_id: int, number: int, query: EntryQuery) -> EntryList:
    """Bookings, the newest first; what waits, the oldest first. Raises: Forbidden, NotFound."""
    campaign_of(session, account_id, number)
    where: list[ColumnElement[bool]] = [col(BankEntry.campaign_id) == number]
    if query.state == "queue":
        where.append(col(BankEntry.state).in_(QUEUE))
    elif query.state:
        where.append(col(BankEntry.state) == query.state)
    total = session.exec(select(func.count()).select_from(BankEntry).where(*where)).one()
    order = (col(BankEntry.booked_on), col(BankEntry.id)) if query.state == "queue" else (
        col(BankEntry.booked_on).desc(), col(BankEntry.id).desc())  # fmt: skip
    rows = session.exec(
        select(BankEntry).where(*where).order_by(*order).offset((query.page - 1) * query.per_page)
        .limit(query.per_page)
    ).all()  # fmt: skip
    numbers = _pledge_numbers(session, rows)
    more = query.page * query.per_page < total
    return EntryList(
        items=[_item(row, numbers) for row in rows], total=total,
        next=f"?state={query.state}&page={query.page + 1}&per_page={query.per_page}" if more else None,
    )  # fmt: skip


def _pledge_numbers(session: Session, rows: Sequence[BankEntry | PaymentOrder]) -> dict[int, int]:
    ids = {row.pledge_id for row in rows if row.pledge_id is not None}
    if not ids:
        return {}
    found = session.exec(select(Pledge.id, Pledge.number).where(col(Pledge.id).in_(ids)))
    return {each or 0: number for each, number in found}


def _item(row: BankEntry, numbers: dict[int, int]) -> EntryItem:
    return EntryItem(
        **row.model_dump(include={"booked_on", "amount_minor", "name", "text", "state", "reasons"}), id=row.id or 0,
        iban=masked(row.iban), pledge=numbers.get(row.pledge_id or 0), order=row.order_id,
    )  # fmt: skip


def get_entry(session: Session, account_id: int, number: int, entry_id: int) -> EntryView:
    """A booking with what can be decided about it. Raises: Forbidden, NotFound."""
    campaign = campaign_of(session, account_id, number)
    row = session.get(BankEntry, entry_id)
    if row is None or row.campaign_id != number:
        raise NotFound(f"There is no booking {entry_id} of campaign {number}.", "Look at the bookings.")
    came = row.amount_minor > 0
    aside = undoing.is_set_aside(session, row)
    decided = row.state not in QUEUE and not aside
    actions: dict[str, str] = {}
    if row.state in QUEUE:
        actions = dict(deciding.IN_WORDS if came else deciding.OUT_WORDS)
    elif aside:
        actions = {"reopen": "Bring it back into the queue"}
    states = ("unpaid", "lapsed") if came else ("paid",)
    pledges = _pledge_choices(session, number, *states) if actions.keys() & {"assign", "charge back"} else []
    if not came:
        pledges = [each for each in pledges if each.amount_minor == -row.amount_minor]
    orders = _order_choices(session, row) if actions.keys() & {"take back", "pays"} else []
    for name in ("assign", "charge back"):
        if name in actions and not pledges:
            del actions[name]
    for name in ("take back", "pays"):
        if name in actions and not orders:
            del actions[name]
    return EntryView(
        **_item(row, _pledge_numbers(session, [row])).model_dump(),
        **row.model_dump(include={"valued_on", "structured", "end_to_end", "return_code"}),
        bank_reference="" if row.key == CARRIED else row.bank_reference, codes=codes_in(row.structured, row.text),
        actions=actions, suggested=_suggested(row, actions, pledges), pledges=pledges, orders=orders,
        acts=_acts(session, col(BankAct.entry_id) == row.id), decided=decided,
        undo_why_not=undoing.why_not(session, campaign, row) if decided else "",
    )  # fmt: skip


def _suggested(row: BankEntry, actions: dict[str, str], pledges: list[PledgeChoice]) -> str:
    """What most treasurers would do; they choose themselves."""
    if row.order_id is not None and "take back" in actions:
        return "take back"
    if row.order_id is not None and "pays" in actions:
        return "pays"
    if row.amount_minor < 0 and row.return_code and "charge back" in actions:
        return "charge back"
    if row.amount_minor < 0 and "charge" in actions:
        return "charge"
    if any(each.amount_minor == row.amount_minor for each in pledges):
        return "assign"
    return "send back" if "send back" in actions and row.iban else ""


def _pledge_choices(session: Session, number: int, *states: str) -> list[PledgeChoice]:
    return [
        PledgeChoice(number=row.number, who=handle_of(session, row.account_id), amount_minor=row.amount_minor,
                     state=row.state, reference=row.reference or "")
        for row in deciding.pledges_for(session, number, *states)
    ]  # fmt: skip


def _order_choices(session: Session, entry: BankEntry) -> list[OrderChoice]:
    states = ("paid",) if entry.amount_minor > 0 else ("approved", "filed", "refused")
    rows = session.exec(
        select(PaymentOrder).where(
            PaymentOrder.campaign_id == entry.campaign_id, col(PaymentOrder.state).in_(states),
            PaymentOrder.amount_minor == abs(entry.amount_minor),
        ).order_by(col(PaymentOrder.id).desc()).limit(100)
    )  # fmt: skip
    return [_choice(row) for row in rows]


def _choice(row: PaymentOrder) -> OrderChoice:
    return OrderChoice(id=row.id or 0, end_to_end=row.end_to_end, kind=row.kind, amount_minor=row.amount_minor,
                       payee=row.payee_name, state=row.state)  # fmt: skip


def _acts(session: Session, where: ColumnElement[bool]) -> list[ActView]:
    rows = session.exec(select(BankAct).where(where).order_by(col(BankAct.number)))
    return [_act(session, row) for row in rows]


def _act(session: Session, row: BankAct) -> ActView:
    kept = row.model_dump(include={"action", "became", "why", "at"})
    return ActView(by=handle_of(session, row.account_id), **kept)


# --- statements, payments, files


def list_statements(session: Session, account_id: int, number: int) -> StatementList:
    """What was imported, the newest first. Raises: Forbidden, NotFound."""
    campaign_of(session, account_id, number)
    rows = session.exec(
        select(BankStatementRow).where(BankStatementRow.campaign_id == number)
        .order_by(col(BankStatementRow.until).desc(), col(BankStatementRow.id).desc())
    ).all()  # fmt: skip
    items = [StatementView(**row.model_dump(include=set(StatementView.model_fields)), by=handle_of(
        session, row.account_id)) for row in rows]  # fmt: skip
    return StatementList(items=items, total=len(items))


_PLACES = {"proposed": 0, "approved": 1, "filed": 2}


def list_orders(session: Session, account_id: int, number: int) -> OrderList:
    """Payments, those that wait first, then the newest. Raises: Forbidden, NotFound."""
    campaign_of(session, account_id, number)
    rows = session.exec(
        select(PaymentOrder).where(PaymentOrder.campaign_id == number).order_by(col(PaymentOrder.id).desc())
    ).all()
    rows = sorted(rows, key=lambda row: _PLACES.get(row.state, 3))
    needed = max(policy_now(session).caps.approvers, 2)
    signed = ordering.approvals(session, [row.id or 0 for row in rows])
    acts: dict[int, list[ActView]] = {}
    told = session.exec(
        select(BankAct).where(BankAct.campaign_id == number, col(BankAct.order_id).is_not(None))
        .order_by(col(BankAct.number))
    )  # fmt: skip
    for act in told:
        acts.setdefault(act.order_id or 0, []).append(_act(session, act))
    numbers = _pledge_numbers(session, rows)
    items = [
        OrderView(
            **_choice(row).model_dump(), subject=row.subject, payee_iban=masked(row.payee_iban), message=row.message,
            pledge=numbers.get(row.pledge_id or 0), file=row.file_id,
            signed_by=[handle_of(session, one) for one in signed.get(row.id or 0, [])], needed=needed,
            may_approve=row.state == "proposed" and account_id not in signed.get(row.id or 0, []),
            may_go_again=again.can_go_again(session, row), may_give_back=again.can_give_back(session, row),
            acts=acts.get(row.id or 0, []),
        )
        for row in rows
    ]  # fmt: skip
    return OrderList(items=items, total=len(items))


def list_files(session: Session, account_id: int, number: int) -> FileList:
    """Files for the bank, the newest first. Raises: Forbidden, NotFound."""
    campaign_of(session, account_id, number)
    rows = session.exec(
        select(PaymentFile).where(PaymentFile.campaign_id == number).order_by(col(PaymentFile.id).desc())
    ).all()
    items = [_file(session, row) for row in rows]
    return FileList(items=items, total=len(items))


def _file(session: Session, row: PaymentFile) -> FileView:
    return FileView(id=row.id or 0, by=handle_of(session, row.account_id),
                    **row.model_dump(include={"form", "payments", "total_minor", "sha256", "at"}))  # fmt: skip


def get_file(session: Session, account_id: int, number: int, file_id: int) -> tuple[FileView, bytes]:
    """A file for the bank, as it was made. Raises: Forbidden, NotFound."""
    campaign_of(session, account_id, number)
    row = session.get(PaymentFile, file_id)
    if row is None or row.campaign_id != number:
        raise NotFound(f"There is no file {file_id} of campaign {number}.", "Look at the payments.")
    return _file(session, row), row.content


def preview_of(look: importing.Look) -> PreviewView:
    """What a file would bring, as it is shown."""
    parts = [
        PartView(
            since=part.statement.since, until=part.statement.until, opening_minor=part.statement.opening_minor,
            closing_minor=part.statement.closing_minor, fresh=len(part.new), known=part.known,
            findings=part.findings, gap=part.gap,
            sample=[EntryItem(id=0, booked_on=each.line.booked_on, amount_minor=each.line.amount_minor,
                              name=each.line.name, iban=masked(each.line.iban), text=each.line.text, state="imported",
                              reasons=[], pledge=None, order=None) for each in part.new[:SAMPLE]],
        )
        for part in look.parts
    ]  # fmt: skip
    return PreviewView(form=look.form, parts=parts, fresh=sum(each.fresh for each in parts),
                       known=sum(each.known for each in parts), gap=look.gap)  # fmt: skip
