"""Tables of sold units, and of units taken in place of money. What tells of the past is sealed.

Money itself stands in the book (`registry/lending/chart.py` names its accounts).
"""

import datetime as dt
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Column, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

SEALED = ("loan_sale", "loan_sale_back", "loan_goods_event")


def _minor() -> Any:
    return Field(sa_type=BigInteger)


class LoanSale(SQLModel, table=True):
    """A unit that the fabricator sold: its price, and where that goes. `seq` is the first of its transfers in the book.

    A unit with a number is sold once; where that was taken back, once more: `turn` counts. Of a batch without numbers
    only `number` counts.
    """

    __tablename__ = "loan_sale"
    __table_args__ = (
        UniqueConstraint("campaign_id", "number", name="uq_loan_sale_number"),
        UniqueConstraint("campaign_id", "key", name="uq_loan_sale_key"),
        UniqueConstraint("unit_id", "turn", name="uq_loan_sale_unit"),
        CheckConstraint(
            "price_minor > 0 AND price_minor = commons_minor + lenders_minor + kept_minor", name="ck_loan_sale_poured"
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    campaign_id: int = Field(foreign_key="loan_campaign.id")
    number: int
    unit_id: int | None = Field(default=None, foreign_key="unit.id")
    turn: int = Field(default=1, sa_column_kwargs={"server_default": "1"})
    serial: str = ""
    price_minor: int = _minor()
    commons_minor: int = _minor()
    lenders_minor: int = _minor()
    kept_minor: int = _minor()
    sold_on: dt.date
    key: str
    seq: int = _minor()
    account_id: int = Field(foreign_key="account.id")
    at: dt.datetime


class LoanSaleBack(SQLModel, table=True):
    """That a sale was taken back: who, when, why. `seq` is the first of its transfers; `ahead_minor` of its price was
    passed on already, and counts for later sales."""

    __tablename__ = "loan_sale_back"
    __table_args__ = (UniqueConstraint("sale_id", name="uq_loan_sale_back_sale"),)

    id: int | None = Field(default=None, primary_key=True)
    sale_id: int = Field(foreign_key="loan_sale.id")
    ahead_minor: int = _minor()
    seq: int = _minor()
    why: str = Field(sa_column=Column(Text, nullable=False))
    account_id: int = Field(foreign_key="account.id")
    at: dt.datetime


class LoanGoods(SQLModel, table=True):
    """Units at cost in place of money, asked for by a lender or offered by the fabricator.

    state: asked, offered, agreed, refused, called off, lapsed, received. `until`: of an offer that the registry made.
    `seq` is its transfer in the book once received.
    """

    __tablename__ = "loan_goods"
    __table_args__ = (CheckConstraint("units >= 1 AND amount_minor = units * unit_minor", name="ck_loan_goods_amount"),)

    id: int | None = Field(default=None, primary_key=True)
    campaign_id: int = Field(foreign_key="loan_campaign.id", index=True)
    account_id: int = Field(foreign_key="account.id", index=True, description="the lender")
    units: int
    unit_minor: int = _minor()
    amount_minor: int = _minor()
    state: str
    until: dt.datetime | None = None
    seq: int | None = Field(default=None, sa_type=BigInteger)


class LoanGoodsEvent(SQLModel, table=True):
    """What was asked, answered and done: who, when, in which words. No account: the registry did it, by the terms."""

    __tablename__ = "loan_goods_event"

    id: int | None = Field(default=None, primary_key=True)
    goods_id: int = Field(foreign_key="loan_goods.id", index=True)
    action: str
    was: str
    became: str
    side: str
    account_id: int | None = Field(default=None, foreign_key="account.id")
    words: str = Field(default="", sa_column=Column(Text, nullable=False))
    at: dt.datetime
