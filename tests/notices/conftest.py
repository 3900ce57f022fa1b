"""What tests of notices share: a market whose registry has a mail server."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from batch_support import Market, open_market
from mail_support import Mailbox, mail_server

from registry.notices import service
from registry.notices.collecting import collect
from registry.notices.tables import MailAddress
from registry.stores.stores import Stores
from registry.values import utcnow


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mail_server(Mailbox()) as listening:
        yield listening


def with_mail(stores: Stores, box: Mailbox, **server: object) -> Stores:
    settings = dataclasses.replace(
        stores.settings, smtp=box.server(**server), mail_from="Brickyard <notices@example.org>",
        public_url="https://hw.example.org",
    )  # fmt: skip
    return dataclasses.replace(stores, settings=settings)


@pytest.fixture
def market(stores: Stores, tmp_path: Path, box: Mailbox) -> Market:
    """Ada buys, olga operates and otto owns north, vera looks at it; nothing is untold yet."""
    return _opened(stores, tmp_path, box)


@pytest.fixture
def sqlite_market(sqlite_stores: Stores, tmp_path: Path, box: Mailbox) -> Market:
    """The same on SQLite alone, for what does not depend on the database."""
    return _opened(sqlite_stores, tmp_path, box)


def _opened(stores: Stores, tmp_path: Path, box: Mailbox) -> Market:
    stores = with_mail(stores, box)
    service.install(stores)
    market = open_market(stores, tmp_path / "thing")
    collect(stores)
    return market


@pytest.fixture
def confirmed() -> Callable[..., None]:
    """Give people addresses that are confirmed: handle@example.org."""

    def give(market: Market, *handles: str) -> None:
        with market.stores.db.transaction() as session:
            for handle in handles:
                session.add(
                    MailAddress(
                        account_id=market.people[handle], address=f"{handle}@example.org", confirmed_at=utcnow(),
                        stop_secret=f"stop-{handle}",
                    )
                )  # fmt: skip

    return give
