"""Makes a git repository of a folder of our own, always with the same commit id."""

from __future__ import annotations

from pathlib import Path

from git import Actor, Repo

_WHEN = "2026-01-01T00:00:00+0000"
_WHO = Actor("Brickyard contributors", "designs@brickyard.invalid")


def commit_all(folder: Path, message: str, *, tag: str) -> str:
    """Commit everything in `folder` on a branch `main`, and tag it. Returns: the commit id."""
    with Repo.init(folder, initial_branch="main") as repo:
        with repo.config_writer() as config:
            config.set_value("core", "autocrlf", "false")
        repo.git.add("--all", "--force")
        commit = repo.index.commit(message, author=_WHO, committer=_WHO, author_date=_WHEN, commit_date=_WHEN)
        repo.create_tag(tag)
        return commit.hexsha
