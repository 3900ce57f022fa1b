"""Fixtures that every room's tests share."""

from __future__ import annotations

import dataclasses
import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import FileSystemBytecodeCache
from template_support import database_url as database_url
from template_support import empty_database_url as empty_database_url
from template_support import postgres_template as postgres_template
from template_support import settings as settings
from template_support import sqlite_template as sqlite_template

from app import create_app
from registry.accounts import service as accounts
from registry.settings import PROJECT, Settings
from registry.stores.stores import Stores, open_stores

# Files that take minutes, the longest first; begun last they would leave one of two workers waiting for the other.
_LONG = (
    "tests/builders/test_kicad_build.py",
    "tests/builders/test_cad_build.py",
    "tests/builds/test_corpus.py",
    "tests/hostile/test_time.py",
    "tests/hostile/test_hosts.py",
    "tests/hostile/test_zips.py",
    "tests/builds/test_parts_bundle.py",
    "tests/test_ordinary_user.py",
    "tests/ledger/test_machine.py",
    "tests/lending/test_payback_machine.py",
    "tests/lending/test_killed.py",
    "tests/browser/test_campaign.py",
    "tests/browser/test_journey.py",
    "tests/browser/test_part.py",
    "tests/browser/test_four_people.py",
    "tests/browser/test_dashboard.py",
    "tests/browser/test_reports.py",
    "tests/browser/test_notices.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first, then those of many tests, so that small ones fill what is left at the end."""
    files = [item.nodeid.partition("::")[0] for item in items]
    sizes = Counter(files)
    place = {file: (_LONG.index(file) if file in _LONG else len(_LONG), -sizes[file], file) for file in sizes}
    ranks = {id(item): place[file] for item, file in zip(items, files, strict=True)}
    items.sort(key=lambda item: ranks[id(item)])


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


@pytest.fixture(scope="session", autouse=True)
def compiled_templates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Templates are compiled once in a run, not for each test's application."""
    with pytest.MonkeyPatch.context() as patch:
        kept = FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))
        patch.setattr(Flask, "jinja_options", {**Flask.jinja_options, "bytecode_cache": kept})
        yield


@pytest.fixture(autouse=True)
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords are hashed at the least cost, where hashing is not what is tested; tests/accounts takes it as it is."""
    monkeypatch.setattr(accounts, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


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
