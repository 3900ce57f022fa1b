"""Writes the rows of a small book as they are kept in today's schema, for tests of later schemas.

python tests/support/ledger_fixture.py FILE
"""

from __future__ import annotations

import datetime as dt
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from ledger_support import ANNA, BANK, BEN, FUNDS, account, opened, post
from sqlalchemy import MetaData, select

from registry.ledger import book
from registry.settings import Settings
from registry.stores.stores import Stores, open_stores

TABLES = ("currency", "account", "limit", "transfer", "balance", "hold", "head")


def fill(stores: Stores) -> None:
    opened(stores)
    with stores.db.transaction() as session:
        book.open_currency(session, "HOURS", exponent=1, name="Hours", community="riverside")
        for who in ("1", "2"):
            book.open_account(session, account(f"person/{who}/hours/HOURS"), lowest_minor=-50, highest_minor=50)
        book.open_account(session, account("external/bank/main/KWD"))
        book.open_account(session, account("campaign/1/funds/KWD"), lowest_minor=0)
    post(stores, BANK, ANNA, 100_00, "in-1", effective_at=dt.datetime(2024, 2, 29, 12, tzinfo=dt.UTC))
    wrong = post(stores, BANK, BEN, 5_00, "in-2")
    held = [post(stores, ANNA, FUNDS, 10_00, f"hold-{number}", pending=True) for number in range(4)]
    with stores.db.transaction() as session:
        book.settle(session, held[0].seq, key="settle", purpose="Paid", amount_minor=9_99)
        book.void(session, held[1].seq, key="void", purpose="Withdrawn")
        book.reverse(session, wrong.seq, key="back", purpose="Not theirs")
        book.set_limits(session, account(BEN), lowest_minor=-1_00, highest_minor=None, why="Known", by_id=None)
    post(stores, BEN, FUNDS, 1_00, "pay")
    post(stores, "person/1/hours/HOURS", "person/2/hours/HOURS", 25, "hours")
    post(stores, "external/bank/main/KWD", "campaign/1/funds/KWD", 1005, "dinar")


def rows_of(stores: Stores) -> dict[str, list[dict[str, Any]]]:
    metadata = MetaData()
    metadata.reflect(stores.db.engine, only=[f"ledger_{table}" for table in TABLES])
    with stores.db.engine.connect() as connection:
        return {
            name: [dict(row._mapping) for row in connection.execute(select(metadata.tables[name]))]
            for name in (f"ledger_{table}" for table in TABLES)
        }


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/brickyard.sqlite3"
        stores = open_stores(Settings(data=Path(folder), database_url=url, secret_key="fixture", tests=True))
        fill(stores)
        Path(sys.argv[1]).write_text(json.dumps(rows_of(stores), default=str, indent=0) + "\n", encoding="utf-8")
        stores.close()


if __name__ == "__main__":
    main()
