"""Tables of open books: the statements that were signed, sealed."""

import datetime as dt

from sqlalchemy import BigInteger, Column, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

SEALED = ("books_statement",)


class BooksStatement(SQLModel, table=True):
    """A month's figures as they were signed. `text` is their JSON, `digest` names the signed PDF in the store.

    `head_seq` and `head_hash` say up to which transfer the book had been written then.
    """

    __tablename__ = "books_statement"
    __table_args__ = (UniqueConstraint("month", name="uq_books_statement_month"),)

    id: int | None = Field(default=None, primary_key=True)
    month: str
    text: str = Field(sa_column=Column(Text, nullable=False))
    digest: str
    public_key: str
    signature: str
    head_seq: int = Field(sa_type=BigInteger)
    head_hash: str
    made_at: dt.datetime
