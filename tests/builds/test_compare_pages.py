"""Two real versions, built, compared on the page and in JSON."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import git_support
import pytest
from build_support import LICENCE, make_design
from flask.testing import FlaskClient

from app import create_app
from registry.builds import service
from registry.designs import service as designs
from registry.designs.schemas import Submission
from registry.stores import sandbox
from registry.stores.stores import Stores

pytestmark = pytest.mark.skipif(bool(sandbox.why_not()), reason="bubblewrap does not work on this machine")
OLD = "Item,Description,Qty,MPN\n1,Plank,4,PLK-200\n2,Screw M6 x 60,16,M6X60-A2\n3,Glue,1,\n"
NEW = "Item,Description,Qty,MPN\n1,Plank,5,PLK-200\n2,Screw M6 x 60,16,M6X60-A4\n3,Oil,1,\n"


@pytest.fixture
def bench(sqlite_stores: Stores, tmp_path: Path) -> Iterator[tuple[FlaskClient, str]]:
    """(a browser, the slug of a design with v1, v2 and release/x built, and main not built)."""
    folder = make_design(tmp_path / "bench", {"bom.csv": OLD, "notes.txt": "a note to keep\n"})
    git_support.git(folder, "tag", "v1")
    git_support.git(folder, "mv", "notes.txt", "moved.txt")
    git_support.commit(folder, {"bom.csv": NEW, "README.md": "# Thing\n\nA better thing.\n"})
    git_support.git(folder, "tag", "v2")
    git_support.git(folder, "tag", "release/x")
    git_support.commit(folder, {"later.txt": "later\n", "LICENSE": LICENCE + "\n"})
    app = create_app(stores=sqlite_stores)
    slug = designs.submit(sqlite_stores, None, Submission(url=str(folder))).slug
    for ref in ("v1", "v2", "release/x"):
        service.run_build(sqlite_stores, service.request_build(sqlite_stores, slug, ref))
    yield app.test_client(), slug
    service.close_warm()


def test_versions_are_compared_on_the_page_and_in_json(bench: tuple[FlaskClient, str]) -> None:
    client, slug = bench
    html = client.get(f"/designs/{slug}/compare/v1...v2").text
    assert "What changed from v1 to v2" in html
    assert "<del>M6X60-A2</del>" in html and "<ins>M6X60-A4</ins>" in html
    told = client.get(f"/api/v1/designs/{slug}/compare/v1...v2").get_json()
    assert told["sentences"] == [
        "2 lines of the materials changed, 1 added, 1 removed.",
        "The licence is unchanged (MIT).",
        "README changed.",
        "2 files changed, 1 moved.",
    ]
    assert told["missing"] == [] and told["old"]["label"] == "v1"
    assert [(file["change"], file["path"]) for file in told["files"]] == [
        ("changed", "README.md"),
        ("changed", "bom.csv"),
        ("moved", "moved.txt"),
    ]


def test_what_is_not_built_or_not_there_is_said(bench: tuple[FlaskClient, str]) -> None:
    client, slug = bench
    waiting = client.get(f"/designs/{slug}/compare/v2...main")
    assert waiting.status_code == 200 and "main is being built" in waiting.text
    assert "later.txt" in waiting.text  # files need no build
    for spec in ("v1...nothing", "nothing...v1"):
        assert client.get(f"/designs/{slug}/compare/{spec}").status_code == 404
        assert client.get(f"/api/v1/designs/{slug}/compare/{spec}").status_code == 404
    assert client.get(f"/designs/{slug}/compare/v1").status_code == 404
    assert client.get("/designs/no-such/compare/v1...v2").status_code == 404


def test_the_same_version_and_the_same_commit(bench: tuple[FlaskClient, str]) -> None:
    client, slug = bench
    assert "These are the same version." in client.get(f"/designs/{slug}/compare/v1...v1").text
    html = client.get(f"/designs/{slug}/compare/v2...release~x").text
    assert "Both stand for the same commit" in html and "release/x" in html
    assert client.get(f"/api/v1/designs/{slug}/compare/v2...release~x").get_json()["same"] is True


def test_the_form_of_the_versions_leads_there(bench: tuple[FlaskClient, str]) -> None:
    client, slug = bench
    html = client.get(f"/designs/{slug}/versions").text
    assert 'name="old"' in html and 'name="new"' in html and "What changed since" in html
    answer = client.get(f"/designs/{slug}/versions?old=v1&new=release~x")
    assert answer.status_code == 302 and answer.location == f"/designs/{slug}/compare/v1...release~x"
    assert client.get(f"/designs/{slug}/versions?old=v1").status_code == 200
