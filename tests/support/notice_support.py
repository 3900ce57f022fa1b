"""What tests of notices ask again and again."""

from __future__ import annotations

import datetime as dt

from batch_support import Market
from sqlmodel import select

from registry.notices import collecting, rules, sources
from registry.notices.tables import NoticeMail
from registry.stores.stores import Stores
from registry.values import utcnow


def mails(stores: Stores) -> dict[int, str]:
    """id -> state of every mail."""
    with stores.db.reading() as session:
        return {row.id or 0: row.state for row in session.exec(select(NoticeMail)).all()}


def notice_for(market: Market, handle: str, title: str, text: str = "") -> None:
    """Have something happen that concerns one person, in these words."""

    def once(session: object, now: dt.datetime) -> list[sources.Told]:
        del session
        telling = rules.Telling("all", "batches", title, text)
        return [sources.Told(1, utcnow(), "/batches/1", [telling], {"all": {market.people[handle]}})]

    with market.stores.db.transaction() as session:
        collecting._write(session, f"test {handle}", once(session, utcnow()), utcnow())
