"""New databases as copies of one that was migrated once in a run: fixtures for tests/conftest.py."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text

from registry.settings import Settings
from registry.stores.stores import open_stores

POSTGRES = os.environ.get("BRICKYARD_TEST_POSTGRES_URL", "")


def _migrated(folder: Path, url: str) -> None:
    open_stores(Settings(data=folder, database_url=url, secret_key="tests", tests=True)).close()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template")
    _migrated(folder, f"sqlite:///{folder / 'brickyard.sqlite3'}")
    return folder / "brickyard.sqlite3"


@pytest.fixture(scope="session")
def postgres_template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Engine, str]]:
    if not POSTGRES:
        pytest.skip("no PostgreSQL server (BRICKYARD_TEST_POSTGRES_URL)")
    server = create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    name = f"test_{uuid.uuid4().hex[:12]}"
    with server.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    _migrated(tmp_path_factory.mktemp("template"), server.url.set(database=name).render_as_string(hide_password=False))
    yield server, name
    with server.connect() as connection:
        connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    server.dispose()


@pytest.fixture
def settings(tmp_path: Path, sqlite_template: Path) -> Settings:
    """An instance in a folder of its own, on SQLite, that takes local repositories."""
    data = tmp_path / "data"
    data.mkdir(parents=True)
    shutil.copy(sqlite_template, data / "brickyard.sqlite3")
    return Settings(
        data=data,
        database_url=f"sqlite:///{data / 'brickyard.sqlite3'}",
        git_local=True,
        secret_key="tests",
        tests=True,
    )


@contextmanager
def _copy_of(server: Engine, template: str) -> Iterator[str]:
    name = f"test_{uuid.uuid4().hex[:12]}"
    with server.connect() as connection:
        # The template does not change: its files are copied as they are, not page by page through the log.
        how = "STRATEGY FILE_COPY" if (connection.dialect.server_version_info or ()) >= (15,) else ""
        connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE "{template}" {how}'))
    yield server.url.set(database=name).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, settings: Settings) -> Iterator[str]:
    """A new database on each backend, migrated, without rows; PostgreSQL where BRICKYARD_TEST_POSTGRES_URL names it."""
    if request.param == "sqlite":
        yield settings.database_url
        return
    with _copy_of(*request.getfixturevalue("postgres_template")) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A new database on each backend, without tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.sqlite3'}"
        return
    server, _ = request.getfixturevalue("postgres_template")
    with _copy_of(server, "template1") as url:
        yield url
