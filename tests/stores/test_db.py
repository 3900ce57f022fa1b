"""One database contract on SQLite and PostgreSQL."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import Session, select

from registry.accounts.tables import Account
from registry.designs.tables import Design
from registry.errors import Unavailable
from registry.migrations import migrate
from registry.stores.db import Database
from registry.stores.stores import Stores, open_stores


def add(session: Session, slug: str) -> None:
    session.add(Design(slug=slug, url=f"https://example.org/{slug}", name=slug))


def test_a_transaction_is_whole_or_not_at_all(stores: Stores) -> None:
    with stores.db.transaction() as session:
        add(session, "kept")
    with pytest.raises(ZeroDivisionError), stores.db.transaction() as session:
        add(session, "lost")
        session.flush()
        raise ZeroDivisionError
    with stores.db.reading() as session:
        assert session.exec(select(Design.slug)).all() == ["kept"]


def test_times_come_back_as_they_went_in(stores: Stores) -> None:
    with stores.db.transaction() as session:
        design = Design(slug="a", url="u", name="a")
        session.add(design)
    with stores.db.reading() as session:
        row = session.exec(select(Design)).one()
    assert row.created_at == design.created_at and row.created_at.utcoffset() is not None


def test_rows_stay_readable_after_the_session(stores: Stores) -> None:
    with stores.db.transaction() as session:
        add(session, "a")
    with stores.db.reading() as session:
        row = session.exec(select(Design)).one()
    assert row.slug == "a" and row.tags == []


def test_many_writers_queue_and_none_is_lost(stores: Stores) -> None:
    with stores.db.transaction() as session:
        session.add(Account(handle="a", email="a@example.org", password_hash="0"))

    def count() -> None:
        for _ in range(5):

            def step(session: Session) -> None:
                row = session.exec(select(Account).with_for_update()).one()
                row.password_hash = str(int(row.password_hash) + 1)
                session.add(row)

            stores.db.retrying(step)

    threads = [threading.Thread(target=count) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with stores.db.reading() as session:
        assert session.exec(select(Account)).one().password_hash == "30"


def test_foreign_keys_hold(stores: Stores) -> None:
    with pytest.raises(Exception, match=r"(?i)foreign key"), stores.db.transaction() as session:
        session.execute(text("INSERT INTO build (design_id, revision_id, state, force, tries, worker, requested_at, message, "  # noqa: E501
                             "not_built, materials_digest, bundle_digest, bundle_bytes) VALUES (7, 7, 'queued', false, 0, '', "  # noqa: E501
                             "CURRENT_TIMESTAMP, '', '[]', '', '', 0)"))  # fmt: skip


def test_opening_again_changes_nothing(stores: Stores) -> None:
    with stores.db.transaction() as session:
        add(session, "kept")
    again = open_stores(stores.settings)
    with again.db.reading() as session:
        assert session.exec(select(Design.slug)).all() == ["kept"]
    assert again.db.answers()
    again.close()


def test_several_open_a_new_instance_at_once(stores: Stores) -> None:
    """Two processes that start together migrate once: here threads, each with an engine of its own."""
    with stores.db.engine.begin() as connection:
        tables = "design, account" if not stores.db.on_sqlite else ""
        if tables:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
    if stores.db.on_sqlite:
        stores.close()
        for path in stores.settings.data.glob("brickyard.sqlite3*"):
            path.unlink()
    faults: list[BaseException] = []

    def open_one() -> None:
        try:
            open_stores(stores.settings).close()
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=open_one) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


def test_a_database_that_is_nowhere_is_unavailable() -> None:
    database = Database("postgresql+psycopg://nobody@127.0.0.1:9/none?connect_timeout=1")
    assert not database.answers()
    with pytest.raises(Unavailable):
        database.retrying(lambda session: session.execute(text("SELECT 1")), patience_s=0.2)
    database.close()


def test_a_reader_is_not_held_up_by_a_writer(sqlite_stores: Stores, tmp_path: Path) -> None:
    with sqlite_stores.db.transaction() as writing:
        add(writing, "a")
        writing.flush()
        with sqlite_stores.db.reading() as reading:
            assert reading.exec(select(Design)).all() == []


def test_a_database_of_a_newer_brickyard_is_left_alone(stores: Stores) -> None:
    with stores.db.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'later'"))
    with pytest.raises(Unavailable, match="a newer Brickyard"):
        migrate(stores.db, stores.settings)


def test_what_sqlite_has_committed_outlives_the_power_and_other_users_do_not_read_it(tmp_path: Path) -> None:
    path = tmp_path / "brickyard.sqlite3"
    path.touch(mode=0o644)
    for durable, level in ((True, 2), (False, 1)):
        database = Database(f"sqlite:///{path}", durable=durable)
        with database.transaction() as session:
            assert session.execute(text("PRAGMA synchronous")).scalar_one() == level
            session.execute(text(f"CREATE TABLE one_{level} (id INTEGER)"))
        assert {each.stat().st_mode & 0o777 for each in tmp_path.iterdir()} == {0o600}, "its journal too"
        database.close()
