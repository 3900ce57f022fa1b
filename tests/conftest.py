"""Fixtures that every room's tests share."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import create_engine, text

from app import create_app
from registry.settings import PROJECT, Settings
from registry.stores.stores import Stores, open_stores

POSTGRES = os.environ.get("BRICKYARD_TEST_POSTGRES_URL", "")


def corpus_folder() -> Path:
    return Path(os.environ.get("BRICKYARD_CORPUS") or PROJECT.parent / "shared" / "corpus")


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The real designs as git repositories, a folder each."""
    maker = corpus_folder() / "make-repos"
    if not maker.exists():
        pytest.skip("the corpus of real designs is not on this machine (BRICKYARD_CORPUS)")
    folder = tmp_path_factory.mktemp("corpus")
    subprocess.run([str(maker), str(folder)], check=True, capture_output=True)
    return folder


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """An instance in a folder of its own, on SQLite, that takes local repositories."""
    data = tmp_path / "data"
    return Settings(
        data=data,
        database_url=f"sqlite:///{data / 'brickyard.sqlite3'}",
        git_local=True,
        secret_key="tests",
        tests=True,
    )


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, settings: Settings) -> Iterator[str]:
    """A new, empty database on each backend; PostgreSQL where BRICKYARD_TEST_POSTGRES_URL names a server."""
    if request.param == "sqlite":
        yield settings.database_url
        return
    if not POSTGRES:
        pytest.skip("no PostgreSQL server (BRICKYARD_TEST_POSTGRES_URL)")
    name = f"test_{uuid.uuid4().hex[:12]}"
    server = create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    yield server.url.set(database=name).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    server.dispose()


@pytest.fixture
def stores(settings: Settings, database_url: str) -> Iterator[Stores]:
    """The stores of a new instance, once on each database."""
    opened = open_stores(dataclasses.replace(settings, database_url=database_url))
    yield opened
    opened.close()


@pytest.fixture
def sqlite_stores(settings: Settings) -> Iterator[Stores]:
    """The stores of a new instance on SQLite, for what does not depend on the database."""
    opened = open_stores(settings)
    yield opened
    opened.close()


@pytest.fixture
def app(stores: Stores) -> Flask:
    """The web application of a new instance, once on each database."""
    return create_app(stores=stores)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser's requests to the application; forms are protected as in life."""
    return app.test_client()
