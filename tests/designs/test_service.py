"""Submitting: all of a design or nothing, versions that can't be shown left out, failures told on the page."""

from __future__ import annotations

import shutil
import subprocess
import threading
from pathlib import Path

import pytest
from sqlmodel import select

from registry.builds import service as builds
from registry.builds.tables import Build
from registry.designs import files, queries, service
from registry.designs.schemas import DesignQuery, Submission
from registry.designs.tables import Design, Revision
from registry.errors import Invalid, RegistryError
from registry.stores.stores import Stores


def git(repository: Path, *arguments: str) -> None:
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    subprocess.run(["git", *who, *arguments], cwd=repository, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Two tags: the first without a licence, the second with one."""
    folder = tmp_path / "knob"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    (folder / "README.md").write_text("# Knob\n\nA knob for pots with a six millimetre shaft.\n")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "first")
    git(folder, "tag", "v0.1")
    (folder / "LICENSE").write_text("SPDX-License-Identifier: CERN-OHL-P-2.0\n")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "licence")
    git(folder, "tag", "v1.0")
    return folder


def test_versions_without_an_open_licence_are_left_out_and_told(stores: Stores, repository: Path) -> None:
    done = service.submit(stores, None, Submission(url=str(repository)))
    assert done.created and done.version == "v1.0"
    assert any("v0.1 is not shown" in finding.sentence for finding in done.findings)
    with stores.db.reading() as session:
        assert [item.name for item in queries.get_design(session, done.slug).versions] == ["main", "v1.0"]
        assert [card.slug for card in queries.list_designs(session, DesignQuery(q="shaft")).items] == [done.slug]


def test_submitting_again_updates_and_a_moved_tag_leaves_its_old_row(stores: Stores, repository: Path) -> None:
    service.submit(stores, None, Submission(url=str(repository)))
    (repository / "README.md").write_text("# Knob\n\nA better knob for pots with a six millimetre shaft.\n")
    git(repository, "commit", "-q", "-am", "better")
    git(repository, "tag", "-f", "v1.0")
    again = service.submit(stores, None, Submission(url=str(repository)))
    assert not again.created
    with stores.db.reading() as session:
        rows = session.exec(select(Revision).where(Revision.name == "v1.0")).all()
        assert sorted(row.current for row in rows) == [False, True]
        assert queries.get_version(session, "knob", "v1.0").summary.startswith("A better knob")
        assert len(session.exec(select(Design)).all()) == 1


def test_a_vanished_repository_keeps_its_last_good_copy_and_says_so(stores: Stores, repository: Path) -> None:
    done = service.submit(stores, None, Submission(url=str(repository)))
    shutil.rmtree(repository)
    with pytest.raises(RegistryError):
        service.submit(stores, None, Submission(url=str(repository)))
    with stores.db.reading() as session:
        detail = queries.get_design(session, done.slug)
    assert detail.sync_message and detail.versions
    assert "knob" in files.read_text(stores, done.slug, "v1.0", "README.md").lower()


def test_a_closed_design_leaves_nothing_behind(stores: Stores, repository: Path) -> None:
    (repository / "LICENSE").write_text("All rights reserved.\n")
    git(repository, "commit", "-q", "-am", "closed")
    with pytest.raises(Invalid):
        service.submit(stores, None, Submission(url=str(repository)))
    with stores.db.reading() as session:
        assert session.exec(select(Design)).all() == [] and session.exec(select(Revision)).all() == []


def test_ten_who_ask_at_once_share_one_build(stores: Stores, repository: Path) -> None:
    builds.install(stores)
    done = service.submit(stores, None, Submission(url=str(repository)))
    with stores.db.transaction() as session:
        for build in session.exec(select(Build)):
            build.state = "done"
            session.add(build)
    ids: list[int] = []
    asking = [threading.Thread(target=lambda: ids.append(builds.request_build(stores, done.slug))) for _ in range(10)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    assert len(ids) == 10 and len(set(ids)) == 1
