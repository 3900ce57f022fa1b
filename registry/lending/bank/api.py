"""JSON of a treasurer's desk."""

from __future__ import annotations

import base64
import binascii
from typing import Literal

from flask import Blueprint, request
from pydantic import BaseModel, Field

from registry import limits
from registry.errors import Invalid
from registry.lending.bank import again, deciding, funds, importing, ordering, queries
from registry.lending.bank.deciding import Decision
from registry.lending.bank.importing import Upload
from registry.lending.bank.schemas import CsvMapping
from registry.lending.bank.views import (
    BroughtView,
    DeskView,
    EntryList,
    EntryQuery,
    EntryView,
    FileList,
    OrderList,
    PreviewView,
    StatementList,
)
from registry.lending.paying import Payee
from registry.lending.sepa import SCHEMAS, Schema
from registry.web import people
from registry.web.context import stores
from registry.web.openapi import operation

blueprint = Blueprint("lending_bank_api", __name__)
_DESK = "/lending/campaigns/<int(max=2147483647):number>/bank"


class StatementWish(BaseModel):
    """A file of the bank, as large as the page takes it: 1 MiB."""

    content_base64: str = Field(max_length=limits.STATEMENT_BYTES * 4 // 3 + 4)
    name: str = Field(default="", max_length=200)
    mapping: CsvMapping | None = Field(default=None, description="for a table; else as the last one was read")
    closing: str = Field(default="", max_length=40, description="the balance after it, if a table does not tell it")
    accept_gap: bool = False

    def upload(self) -> Upload:
        """As the service takes it. Raises: Invalid."""
        try:
            content = base64.b64decode(self.content_base64, validate=True)
        except (binascii.Error, ValueError) as error:
            raise Invalid("The content is not base64.", "Encode the file.", field="content_base64") from error
        return Upload(content, self.name, self.mapping, self.closing, self.accept_gap)


class PaymentWish(BaseModel):
    """Payments that are proposed: all that is due to lenders, a part of the loan to the fabricator, or what is the
    commons fund's to its own account."""

    to: Literal["lenders", "fabricator", "fund"]
    stage: str = Field(default="", max_length=20, description="materials, made or shipped, for the fabricator")
    amount_minor: int | None = Field(default=None, ge=1, description="for the fund; else all that lies here for it")
    why: str = Field(max_length=400)


class FundAccountWish(BaseModel):
    """Where a design's commons fund receives money."""

    name: str = Field(max_length=140)
    iban: str = Field(max_length=50)
    bic: str = Field(default="", max_length=20)


class FundAccountView(BaseModel):
    """Where a design's commons fund receives money: the account's ends alone."""

    name: str
    iban: str


class PaymentMove(BaseModel):
    """What is done with a payment."""

    action: Literal["approve", "refuse", "send", "again", "give back"] = Field(
        description="send: it was entered at the bank by hand; again: what came back is proposed anew; give back: a "
        "part of the loan that came back goes to the lenders"
    )
    why: str = Field(default="", max_length=400)
    name: str = Field(default="", max_length=140, description="for 'again': another payee")
    iban: str = Field(default="", max_length=50)


class FileWish(BaseModel):
    """A file for the bank, of all approved payments."""

    form: Schema = SCHEMAS[0]


@operation(blueprint, "GET", _DESK, answers={200: DeskView}, account=True)
def read_bank_desk(number: int) -> DeskView:
    """How a campaign's account stands, for treasurers."""
    with stores().db.reading() as session:
        return queries.get_desk(session, people.required().id, number)


@operation(blueprint, "GET", f"{_DESK}/bookings", query=EntryQuery, answers={200: EntryList}, account=True)
def list_bank_bookings(number: int, query: EntryQuery) -> EntryList:
    """Bookings of a campaign's account; `state=queue` for those that wait."""
    with stores().db.reading() as session:
        found = queries.list_entries(session, people.required().id, number, query)
    return found.model_copy(update={"next": request.path + found.next if found.next else None})


@operation(
    blueprint, "GET", f"{_DESK}/bookings/<int(max=2147483647):entry>", answers={200: EntryView}, account=True
)  # fmt: skip
def read_bank_booking(number: int, entry: int) -> EntryView:
    """A booking, with what can be decided about it."""
    with stores().db.reading() as session:
        return queries.get_entry(session, people.required().id, number, entry)


@operation(
    blueprint, "POST", f"{_DESK}/bookings/<int(max=2147483647):entry>", body=Decision, answers={200: EntryView},
    faults=(409,), account=True,
)  # fmt: skip
def decide_bank_booking(number: int, entry: int, body: Decision) -> EntryView:
    """Decide about a booking that waits."""
    deciding.decide(stores(), people.required().id, number, entry, body)
    with stores().db.reading() as session:
        return queries.get_entry(session, people.required().id, number, entry)


@operation(blueprint, "GET", f"{_DESK}/statements", answers={200: StatementList}, account=True)
def list_bank_statements(number: int) -> StatementList:
    """Statements that were imported."""
    with stores().db.reading() as session:
        return queries.list_statements(session, people.required().id, number)


@operation(
    blueprint, "POST", f"{_DESK}/statements/look", body=StatementWish, answers={200: PreviewView}, account=True,
    body_bytes=limits.STATEMENT_BODY_BYTES,
)  # fmt: skip
def look_at_bank_statement(number: int, body: StatementWish) -> PreviewView:
    """What a statement would bring; nothing is changed."""
    return queries.preview_of(importing.look(stores(), people.required().id, number, body.upload()))


@operation(
    blueprint, "POST", f"{_DESK}/statements", body=StatementWish, answers={201: BroughtView}, faults=(409,),
    account=True, body_bytes=limits.STATEMENT_BODY_BYTES,
)  # fmt: skip
def import_bank_statement(number: int, body: StatementWish) -> tuple[BroughtView, int]:
    """Import a statement; again, it adds nothing."""
    brought = importing.bring(stores(), people.required().id, number, body.upload())
    return BroughtView(fresh=brought.fresh, known=brought.known, waiting=brought.waiting), 201


@operation(blueprint, "GET", f"{_DESK}/payments", answers={200: OrderList}, account=True)
def list_bank_payments(number: int) -> OrderList:
    """Payments that leave."""
    return _payments(number)


def _payments(number: int) -> OrderList:
    with stores().db.reading() as session:
        return queries.list_orders(session, people.required().id, number)


@operation(
    blueprint, "POST", f"{_DESK}/payments", body=PaymentWish, answers={201: OrderList}, faults=(409,), account=True
)  # fmt: skip
def propose_bank_payments(number: int, body: PaymentWish) -> tuple[OrderList, int]:
    """Propose payments; others approve them."""
    me = people.required().id
    if body.to == "lenders":
        ordering.propose_to_lenders(stores(), me, number, body.why)
    elif body.to == "fund":
        funds.propose_pay_over(stores(), me, number, body.why, body.amount_minor)
    else:
        ordering.propose_disbursement(stores(), me, number, body.stage, body.why)
    return _payments(number), 201


@operation(
    blueprint, "POST", f"{_DESK}/payments/<int(max=2147483647):order>", body=PaymentMove, answers={200: OrderList},
    faults=(409,), account=True,
)  # fmt: skip
def move_bank_payment(number: int, order: int, body: PaymentMove) -> OrderList:
    """Approve or refuse a payment, or say that it was entered at the bank."""
    me = people.required().id
    if body.action == "approve":
        ordering.approve(stores(), me, number, order)
    elif body.action == "refuse":
        ordering.refuse(stores(), me, number, order, body.why)
    elif body.action == "again":
        again.send_again(stores(), me, number, order, body.why, body.name, body.iban)
    elif body.action == "give back":
        again.give_back(stores(), me, number, order, body.why)
    else:
        ordering.send_by_hand(stores(), me, number, order, body.why)
    return _payments(number)


@operation(blueprint, "GET", f"{_DESK}/files", answers={200: FileList}, account=True)
def list_bank_files(number: int) -> FileList:
    """Files for the bank; each lies at /lending/NUMBER/bank/payments/ID.xml."""
    with stores().db.reading() as session:
        return queries.list_files(session, people.required().id, number)


@operation(
    blueprint, "POST", f"{_DESK}/files", body=FileWish, answers={201: FileList}, faults=(409,), account=True
)  # fmt: skip
def make_bank_file(number: int, body: FileWish) -> tuple[FileList, int]:
    """Put all approved payments into one file for the bank."""
    ordering.make_file(stores(), people.required().id, number, body.form)
    with stores().db.reading() as session:
        return queries.list_files(session, people.required().id, number), 201


@operation(
    blueprint, "POST", "/commons/<slug>/account", body=FundAccountWish, answers={201: FundAccountView}, faults=(409,),
    account=True,
)  # fmt: skip
def set_commons_account(slug: str, body: FundAccountWish) -> tuple[FundAccountView, int]:
    """Say where a design's commons fund receives money, as a maintainer."""
    funds.set_fund_payee(stores(), people.required().id, slug, Payee(body.name, body.iban, body.bic))
    return FundAccountView(name=body.name, iban=queries.masked(body.iban.replace(" ", "").upper())), 201
