"""Makes a git repository of a folder of our own, always with the same commit id."""

from __future__ import annotations

import subprocess
from pathlib import Path

_WHEN = "2026-01-01T00:00:00Z"
_WHO = {"NAME": "Brickyard contributors", "EMAIL": "designs@brickyard.invalid"}


def commit_all(folder: Path, message: str, *, tag: str) -> None:
    """Commit everything in `folder` on a branch `main`, and tag it."""
    env = {"PATH": "/usr/bin:/bin:/usr/local/bin", "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1", "TZ": "UTC"}
    for role in ("AUTHOR", "COMMITTER"):
        env |= {f"GIT_{role}_NAME": _WHO["NAME"], f"GIT_{role}_EMAIL": _WHO["EMAIL"], f"GIT_{role}_DATE": _WHEN}
    for arguments in (
        ["init", "--quiet", "--initial-branch=main", "--template="],
        ["-c", "core.autocrlf=false", "add", "--all", "--force"],
        ["commit", "--quiet", "--message", message],
        ["tag", tag],
    ):
        subprocess.run(["git", *arguments], cwd=folder, env=env, check=True, capture_output=True)
