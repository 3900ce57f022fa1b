"""Books that were written under an older schema, migrated to the newest: the same balances, the same chain."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from alembic import command
from ledger_support import account
from sqlalchemy import DateTime, MetaData, create_engine, insert

from registry.ledger import checking, queries
from registry.migrations import config
from registry.settings import Settings
from registry.stores.stores import open_stores

OLD = sorted((Path(__file__).parent / "data").glob("book_*.json"))
BALANCES = {
    "external/bank/main": -100_00, "person/1/paid": 90_01, "person/2/paid": -1_00, "campaign/1/funds": 10_99,
    "person/1/hours/HOURS": -25, "person/2/hours/HOURS": 25,
    "external/bank/main/KWD": -1005, "campaign/1/funds/KWD": 1005,
}  # fmt: skip


@pytest.mark.parametrize("old", OLD, ids=[path.stem for path in OLD])
def test_an_old_book_adds_up_under_the_newest_schema(old: Path, tmp_path: Path, empty_database_url: str) -> None:
    engine = create_engine(empty_database_url)
    alembic = config()
    with engine.connect() as connection:
        alembic.attributes["connection"] = connection
        command.upgrade(alembic, old.stem.removeprefix("book_"))
        connection.commit()
        metadata = MetaData()
        metadata.reflect(connection)
        connection.execute(metadata.tables["ledger_head"].delete())
        for name, rows in json.loads(old.read_text(encoding="utf-8")).items():
            table = metadata.tables[name]
            times = [column.name for column in table.columns if isinstance(column.type, DateTime)]
            for row in rows:
                for time in times:
                    row[time] = row[time] and dt.datetime.fromisoformat(row[time]).replace(tzinfo=dt.UTC)
                connection.execute(insert(table), row)
        connection.commit()
    engine.dispose()

    stores = open_stores(Settings(data=tmp_path / "new", database_url=empty_database_url, secret_key="t", tests=True))
    with stores.db.reading() as session:
        report = checking.check(session)
        assert report.ok, report.faults
        assert (report.transfers, report.held) == (12, 2)
        found = {each.account: each.balance_minor for each in queries.balances(session)}
    stores.close()
    assert found == {account(name): amount for name, amount in BALANCES.items()}
