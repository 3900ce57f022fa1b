"""The backup that README describes, made of a live instance and put back in another place."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from build_support import RecipeBuilder, make_design
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from web_support import PASSWORD, log_in, sign_up

import builders
from app import create_app
from registry.builds import service
from registry.designs import service as designs
from registry.designs.schemas import Submission
from registry.stores import sandbox
from registry.stores.stores import Stores, open_stores

pytestmark = pytest.mark.skipif(bool(sandbox.why_not()), reason="bubblewrap does not work on this machine")


def program(name: str) -> str:
    """A database's own program, from the path or where Debian puts PostgreSQL's."""
    debian = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    found = shutil.which(name) or (str(debian[-1]) if debian else "")
    if not found:
        pytest.skip(f"{name} is not installed")
    return found


@pytest.fixture
def copy_url(database_url: str, tmp_path: Path) -> Iterator[str]:
    """Where the copy of the database is put: an empty one beside it."""
    if database_url.startswith("sqlite"):
        yield f"sqlite:///{tmp_path / 'restored' / 'brickyard.sqlite3'}"
        return
    url = make_url(database_url)
    name = f"test_{uuid.uuid4().hex[:12]}"
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    yield url.set(database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    engine.dispose()


def copy_database(url: str, new_url: str) -> None:
    """What README says, with the databases' own programs."""
    if url.startswith("sqlite"):
        place, copy = url.removeprefix("sqlite:///"), new_url.removeprefix("sqlite:///")
        subprocess.run([program("sqlite3"), place, f".backup '{copy}'"], check=True)
        return
    old, new = (each.replace("postgresql+psycopg://", "postgresql://") for each in (url, new_url))
    dump = subprocess.run([program("pg_dump"), old], check=True, capture_output=True).stdout
    command = [program("psql"), "--quiet", "--set", "ON_ERROR_STOP=1", "--single-transaction", new]
    subprocess.run(command, check=True, input=dump, stdout=subprocess.DEVNULL)


def test_a_live_instance_is_copied_and_comes_back_elsewhere(
    stores: Stores, copy_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    builder = RecipeBuilder()
    monkeypatch.setattr(builders, "all_builders", lambda: (builder,))
    app = create_app(stores=replace(stores, settings=replace(stores.settings, secret_key="")))
    client = app.test_client()
    sign_up(client, "ada")
    folder = make_design(tmp_path / "thing", {"a.recipe": "#out a.txt g\necho made > a.txt\n"})
    slug = designs.submit(stores, None, Submission(url=str(folder))).slug
    service.run_build(stores, service.request_build(stores, slug))
    page = client.get(f"/designs/{slug}/main").get_data(as_text=True)
    bundle = client.get(f"/designs/{slug}/main/bundle.zip").data
    assert bundle[:2] == b"PK"

    # the database first, then the files: what the copied rows name is there by then
    restored = tmp_path / "restored"
    restored.mkdir()
    ended = threading.Event()

    def others_work() -> None:
        number = 0
        while not ended.is_set():
            number += 1
            stores.blobs.put(os.urandom(1000))
            with stores.db.transaction() as session:
                session.execute(text("UPDATE build SET message = :m"), {"m": f"written {number}"})

    busy = threading.Thread(target=others_work)
    busy.start()
    try:
        copy_database(stores.settings.database_url, copy_url)
        for name in ("blobs", "mirrors"):
            shutil.copytree(stores.settings.data / name, restored / name, ignore=shutil.ignore_patterns("incoming"))
        shutil.copy2(stores.settings.data / "secret_key", restored)
    finally:
        ended.set()
        busy.join()

    shutil.move(tmp_path / "thing", tmp_path / "gone")  # what is there does not hang on the repository's host
    again = open_stores(replace(stores.settings, data=restored, database_url=copy_url, secret_key=""))
    try:
        app = create_app(stores=again)
        client = app.test_client()
        assert app.config["SECRET_KEY"] == (stores.settings.data / "secret_key").read_text()
        assert client.get(f"/designs/{slug}/main").get_data(as_text=True).count(slug) == page.count(slug) > 0
        assert client.get(f"/designs/{slug}/main/bundle.zip").data == bundle
        assert log_in(client, "ada", PASSWORD).status_code == 303 and client.get("/account").status_code == 200

        # files that are lost are made again, and are the same
        shutil.rmtree(restored / "blobs")
        (restored / "blobs" / "incoming").mkdir(parents=True)
        assert client.get(f"/designs/{slug}/main/bundle.zip").status_code == 404
        service.run_build(again, service.request_build(again, slug))
        assert client.get(f"/designs/{slug}/main/bundle.zip").data == bundle
        assert builder.started == ["a", "a"]
    finally:
        again.close()
