"""What a mirror holds: its branches, tags, commits and people."""

from __future__ import annotations

import contextlib
import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from registry import limits
from registry.errors import Invalid, NotFound
from registry.stores import git_run
from registry.stores.git_run import GitFailed
from registry.stores.git_url import RepoUrl

_HEX = re.compile(r"[0-9a-f]{7,64}")
_REF_FAULT = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|\.lock(?:/|$)|\.$|/$|^/|^\.|^-|^@$")


@dataclass(frozen=True, slots=True)
class Ref:
    """A tag or branch. `committed_at` is in UTC, without the zone."""

    name: str
    kind: Literal["tag", "head"]
    commit: str
    committed_at: dt.datetime


def ref_name_fault(name: str) -> str:
    """Why a short ref name is not accepted, or "": git's own rules, and no name that looks like an option."""
    if _REF_FAULT.search(name) or len(name.encode()) > 250 or not name.isprintable():
        return "names of branches and tags hold no spaces, control characters or ~^:?*[\\, and do not begin with a dash"
    return ""


def ref_lines(where: Path) -> list[list[str]]:
    """Branches and tags as git lists them, a list of fields each."""
    fields = (
        "refname",
        "objecttype",
        "objectname",
        "*objecttype",
        "*objectname",
        "committerdate:unix",
        "*committerdate:unix",
    )
    pattern = "%00".join(f"%({field})" for field in fields)
    arguments = ["for-each-ref", f"--format={pattern}", "refs/heads", "refs/tags"]
    out = git_run.run(where, arguments).out
    return [line.split("\0") for line in out.decode("utf-8", "surrogateescape").splitlines() if line.count("\0") == 6]


def refs(where: Path) -> list[Ref]:
    """Branches and tags of a mirror, tags first, by name; those with names that are not accepted are left out."""
    found: list[Ref] = []
    for name, kind, commit, inner_kind, inner, date, inner_date in ref_lines(where):
        short = name.split("/", 2)[2]
        if ref_name_fault(short):
            continue
        if kind == "tag":
            kind, commit, date = inner_kind, inner, inner_date
        if kind == "tag":  # a tag of a tag
            commit = commit_of(where, name) or ""
            kind, date = ("commit", str(_unix_date(where, commit))) if commit else ("", "")
        if kind == "commit" and date.lstrip("-").isdigit():
            found.append(Ref(short, "tag" if name.startswith("refs/tags/") else "head", commit, _utc(int(date))))
    found.sort(key=lambda ref: (ref.kind != "tag", ref.name))
    return found[: limits.REPOSITORY_REFS]


def default_branch(where: Path) -> str:
    """The branch that the remote shows first, as of the last synchronisation."""
    out = git_run.run(where, ["symbolic-ref", "--short", "HEAD"]).out
    return out.decode("utf-8", "replace").strip()


def find_commit(where: Path, text: str = "") -> str:
    """The commit that a tag, branch, full or shortened commit id names; "" is the default branch's head.

    Raises: Invalid for a name that git doesn't allow, NotFound.
    """
    text = text.removeprefix("refs/heads/").removeprefix("refs/tags/")
    if text in ("", "HEAD"):
        text = default_branch(where)
    if fault := ref_name_fault(text):
        raise Invalid("This is not the name of a version.", f"In git, {fault}.", field="ref")
    commit = commit_of(where, f"refs/tags/{text}") or commit_of(where, f"refs/heads/{text}")
    if commit is None and _HEX.fullmatch(text.lower()):
        commit = commit_of(where, text.lower())
    if commit is None:
        raise NotFound(
            f"The repository has no tag, branch or commit called {text}.",
            "Check its name, or leave it out for the default branch.",
        )
    return commit


def commit_of(where: Path, checked: str) -> str | None:
    """The commit that a checked name stands for; None if there is none."""
    outcome = git_run.run(
        where, ["rev-parse", "--verify", "--quiet", "--end-of-options", f"{checked}^{{commit}}"], check=False
    )
    text = outcome.out.decode("ascii", "replace").strip()
    return text if outcome.status == 0 and _HEX.fullmatch(text) else None


def locate(where: Path, url: RepoUrl) -> tuple[str, str]:
    """(ref, folder) that a pasted web address names, the longest ref that there is; ("", "") if it names none.

    Raises: NotFound if no ref fits.
    """
    words = url.web_path.split("/") if url.web_path else []
    for count in range(min(len(words), 8), 0, -1):
        name = "/".join(words[:count])
        if ref_name_fault(name) == "":
            with contextlib.suppress(NotFound):
                find_commit(where, name)
                rest = words[count:-1] if url.web_is_file else words[count:]
                return name, "/".join(rest)
    if words:
        raise NotFound(
            f"The repository has no branch, tag or commit called {words[0]}.", "Leave out what follows its name."
        )
    return "", ""


def keep(where: Path, commit: str) -> None:
    """Hold on to a commit whatever the remote does with its branches."""
    keep_all(where, [commit])


def keep_all(where: Path, commits: Iterable[str]) -> None:
    """The same for many, by one run of git."""
    wanted = [
        f"update refs/brickyard/keep/{commit} {commit}\n" for commit in dict.fromkeys(map(_checked_commit, commits))
    ]
    if wanted:
        git_run.run(where, ["update-ref", "--stdin"], given="".join(wanted).encode("ascii"))


def commit_date(where: Path, commit: str) -> dt.datetime:
    """When a commit was made. Units: UTC, without the zone."""
    return _utc(_unix_date(where, _checked_commit(commit)))


def _unix_date(where: Path, commit: str) -> int:
    try:
        out = git_run.run(where, ["log", "-1", "--no-walk", "--format=%ct", "--end-of-options", commit, "--"]).out
    except GitFailed as error:
        raise NotFound(
            "This commit is not in the registry's copy of the repository.", "Synchronise the design."
        ) from error
    text = out.decode("ascii", "replace").strip()
    return int(text) if text.lstrip("-").isdigit() else 0


def _utc(unix_s: int) -> dt.datetime:
    """A date from an author's clock, which may be anything, held to the years that databases know."""
    return dt.datetime.fromtimestamp(min(max(unix_s, 0), 7_258_118_399), dt.UTC).replace(tzinfo=None)


def authors(where: Path, commit: str, subdir: str = "") -> list[tuple[str, int]]:
    """(name, number of commits) of those who changed a folder, most first; .mailmap counts, addresses are dropped."""
    commit = _checked_commit(commit)
    paths = [subdir] if subdir else []  # literal: git_run says --literal-pathspecs
    arguments = [
        "shortlog",
        "-s",
        "-n",
        "--no-merges",
        f"--max-count={limits.AUTHOR_COMMITS}",
        "--end-of-options",
        commit,
        "--",
        *paths,
    ]
    out = git_run.run(where, arguments, config={"mailmap.blob": f"{commit}:.mailmap"}, out_bytes=4 * limits.MIB).out
    counts: dict[str, int] = {}
    for line in out.decode("utf-8", "replace").splitlines():
        number, _, name = line.strip().partition("\t")
        name = "".join(char for char in name if char.isprintable()).split("@")[0].strip()[: limits.NAME_CHARS]
        if name and number.isdigit():
            counts[name] = counts.get(name, 0) + int(number)
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[: limits.AUTHORS]


def _checked_commit(commit: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{40}(?:[0-9a-f]{24})?", commit):
        raise Invalid("This is not a full commit id.", "Ask for a version by its name.")
    return commit
