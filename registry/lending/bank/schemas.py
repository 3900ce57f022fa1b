"""What comes out of a bank's file, whatever its form, and how a table's columns are read."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Form = Literal["camt.053", "mt940", "csv"]
FORM_WORDS: dict[str, str] = {"camt.053": "CAMT.053", "mt940": "MT940", "csv": "CSV"}
Column = Annotated[str, Field(max_length=80, description="the column's title, or its number from 1")]
DATE_FORMS = {
    "DD.MM.YYYY": "%d.%m.%Y", "DD.MM.YY": "%d.%m.%y", "YYYY-MM-DD": "%Y-%m-%d", "DD/MM/YYYY": "%d/%m/%Y",
    "MM/DD/YYYY": "%m/%d/%Y", "DD-MM-YYYY": "%d-%m-%Y", "YYYYMMDD": "%Y%m%d", "YYYY/MM/DD": "%Y/%m/%d",
}  # fmt: skip
ENCODINGS = ("utf-8", "cp1252", "iso-8859-1", "iso-8859-15", "cp1250", "utf-16")


class _Out(BaseModel):
    model_config = ConfigDict(frozen=True)


class BankLine(_Out):
    """A booking on a statement. Units: `amount_minor` in the currency's smallest, below zero where money left."""

    booked_on: dt.date
    valued_on: dt.date
    amount_minor: int
    bank_reference: str = ""
    name: str = Field(default="", description="who paid, or was paid")
    iban: str = ""
    text: str = ""
    structured: str = Field(default="", description="the creditor's reference, in a field of its own")
    end_to_end: str = ""
    return_code: str = Field(default="", description="why the bank booked it back: AC04, MS03, RETURN, REVERSAL")


class BankStatement(_Out):
    """A statement: opening balance and lines make the closing balance, or there is none."""

    form: Form
    account: str = Field(description="an IBAN, or what the bank writes instead")
    currency: str
    number: str = ""
    opening_minor: int
    closing_minor: int
    since: dt.date
    until: dt.date
    lines: list[BankLine]
    findings: list[str] = []


class CsvMapping(BaseModel):
    """Which column of a bank's table means what. Either `amount`, or `paid_in` and `paid_out`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    encoding: Literal["utf-8", "cp1252", "iso-8859-1", "iso-8859-15", "cp1250", "utf-16"] = "utf-8"
    delimiter: Literal[",", ";", "tab", "|"] = ";"
    skip_rows: int = Field(default=0, ge=0, le=100, description="lines before the row of titles")
    date_form: Literal["DD.MM.YYYY", "DD.MM.YY", "YYYY-MM-DD", "DD/MM/YYYY", "MM/DD/YYYY", "DD-MM-YYYY", "YYYYMMDD",
                       "YYYY/MM/DD"] = "DD.MM.YYYY"  # fmt: skip
    decimal: Literal[",", "."] = ","
    booked_on: Column = Field(default="1", min_length=1)
    valued_on: Column = ""
    amount: Column = ""
    paid_in: Column = ""
    paid_out: Column = ""
    direction: Column = Field(default="", max_length=80, description="a column that says H or S, C or D, + or -")
    name: Column = ""
    iban: Column = ""
    text: Column = ""
    text_more: Column = ""
    reference: Column = Field(default="", max_length=80, description="the bank's own, one for each booking")
    end_to_end: Column = ""
    currency: Column = ""
    account: Column = Field(default="", max_length=80, description="the campaign's own account")
    balance: Column = Field(default="", max_length=80, description="after each booking")

    @model_validator(mode="after")
    def _one_amount(self) -> CsvMapping:
        if bool(self.amount) == bool(self.paid_in and self.paid_out):
            raise ValueError("name the column of the amount, or those of money in and of money out")
        if self.direction and not self.amount:
            raise ValueError("a column for the direction goes with one column for the amount")
        return self
