"""Makes and updates bare mirrors: the only place that talks to other people's git servers."""

from __future__ import annotations

import contextlib
import fcntl
import glob
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from registry import limits
from registry.errors import Invalid, RegistryError, TooLarge, Unavailable
from registry.settings import Settings
from registry.stores import git_run
from registry.stores.git_refs import commit_of, ref_lines, ref_name_fault
from registry.stores.git_run import GitFailed
from registry.stores.git_url import Lookup, RepoUrl, check_url, resolve, system_lookup

_FETCH = (
    *"fetch --quiet --no-tags --prune --force --update-shallow --no-recurse-submodules --no-write-fetch-head".split(),
    "--no-auto-maintenance",
)
_REFS = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")


class RepoGone(Invalid):
    """There is no public repository at this address: it is private, was removed, or never was."""


class RepoMoved(Invalid):
    """The host names another address for the repository: `new_url`, or "" where that one is not safe."""

    def __init__(self, message: str, remedy: str, new_url: str = "") -> None:
        super().__init__(message, remedy, field="url")
        self.new_url = new_url


class RepoEmpty(Invalid):
    """The repository has no commit on any branch."""


@dataclass(frozen=True, slots=True)
class Mirrored:
    """What a synchronisation left: the default branch, its commit, and whether any ref moved."""

    default_branch: str
    head: str
    changed: bool


def mirror(
    url: RepoUrl,
    where: Path,
    settings: Settings,
    *,
    lookup: Lookup = system_lookup,
    timeout_s: float = limits.REPOSITORY_CLONE_S,
    size_bytes: int = limits.REPOSITORY_SIZE_BYTES,
) -> Mirrored:
    """Make `where` a bare mirror of the repository, or bring it up to date; one at a time per mirror.

    What is there already stays as it was when anything fails.
    Raises: RepoGone, RepoMoved, RepoEmpty, Invalid (private network, damaged), TooLarge, Unavailable (time, network).
    """
    config = _network(url, settings, lookup)
    where.parent.mkdir(parents=True, exist_ok=True)
    with _locked(where):
        for leftover in where.parent.glob(f".{glob.escape(where.name)}.*/"):  # of a process that was killed
            shutil.rmtree(leftover, ignore_errors=True)
        branch = _ask_remote(url, settings, config, min(timeout_s, limits.REPOSITORY_LIST_S))
        with tempfile.TemporaryDirectory(prefix=f".{where.name}.", dir=where.parent) as temporary:
            bare = Path(temporary, "new.git")
            git_run.run(None, ["init", "--quiet", "--bare", "--template=", "--initial-branch=main", "--", str(bare)])
            known = where if (where / "HEAD").exists() else None
            if known is not None:
                _borrow(known, bare)
            _download(url, settings, config, bare, timeout_s, size_bytes, known)
            head = commit_of(bare, f"refs/heads/{branch}")
            if head is None:
                raise Unavailable("The default branch changed while it was read.", "Try again.")
            git_run.run(bare, ["symbolic-ref", "HEAD", f"refs/heads/{branch}"])
            if known is not None:
                return Mirrored(branch, head, _take_over(known, bare, branch))
            if where.exists():  # without HEAD: what an interrupted removal left
                shutil.rmtree(where)
            bare.rename(where)
            return Mirrored(branch, head, True)


def remove(where: Path) -> None:
    """Delete a mirror."""
    with _locked(where):
        shutil.rmtree(where, ignore_errors=True)


def tidy(where: Path) -> None:
    """Repack a mirror; commits that nothing keeps any more go after two weeks."""
    with _locked(where):
        git_run.run(where, ["gc", "--quiet", "--prune=2.weeks.ago"], timeout_s=limits.REPOSITORY_CLONE_S)


@contextlib.contextmanager
def _locked(where: Path) -> Iterator[None]:
    with open(where.parent / f".{where.name}.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _network(url: RepoUrl, settings: Settings, lookup: Lookup) -> dict[str, str]:
    """Settings for one conversation: the one transport it needs, and the addresses that were checked."""
    if url.local:
        if not settings.git_local and not url.example_place:
            raise Invalid(
                "Local repositories are not read here.", "Set BRICKYARD_GIT_LOCAL=1 to allow them.", field="url"
            )
        if not Path(url.source).is_dir():
            if url.example_place:
                raise RepoGone(f"There is no {url.url} here.", "Load the examples with `brickyard demo`.", field="url")
            raise RepoGone("There is no folder at this path.", "Give the path of a git repository.", field="url")
        return {"protocol.file.allow": "always"}
    addresses = resolve(url, settings, lookup)
    host = url.host.strip("[]")
    pinned = ",".join(f"[{address}]" if ":" in address else address for address in addresses)
    config = {f"protocol.{url.scheme}.allow": "always"}
    if ":" not in host:
        config["http.curloptResolve"] = f"{host}:{url.port}:{pinned}"
    return config


def _ask_remote(url: RepoUrl, settings: Settings, config: dict[str, str], timeout_s: float) -> str:
    """The remote's default branch; its refs are counted before anything is downloaded."""
    listing = ["ls-remote", "--quiet", "--symref", "--", url.source]
    try:
        out = git_run.run(None, listing, config=config, timeout_s=timeout_s, out_bytes=16 * limits.MIB).out
    except GitFailed as error:
        raise _explain(error, url, settings, config) from error
    lines = [line.split("\t") for line in out.decode("utf-8", "replace").splitlines() if "\t" in line]
    names = [line[1] for line in lines if not line[0].startswith("ref: ")]
    branches = [name.removeprefix("refs/heads/") for name in names if name.startswith("refs/heads/")]
    if not branches:
        raise RepoEmpty(
            "This repository is empty: no branch has a commit.", "Push a commit, then submit it again.", field="url"
        )
    if len(branches) + sum(name.startswith("refs/tags/") for name in names) > 2 * limits.REPOSITORY_REFS:
        raise TooLarge(
            f"This repository has more than {limits.REPOSITORY_REFS} branches and tags.",
            "Remove those that nobody needs.",
        )
    head = [
        line[0].removeprefix("ref: refs/heads/") for line in lines if line[0].startswith("ref: ") and line[1] == "HEAD"
    ]
    at_head = {line[0] for line in lines if line[1] == "HEAD"}
    same = [line[1].removeprefix("refs/heads/") for line in lines if line[0] in at_head and line[1] != "HEAD"]
    wanted = [*head, "main", "master", *same]
    usable = [name for name in wanted if name in branches and ref_name_fault(name) == ""]
    usable += [name for name in branches if ref_name_fault(name) == ""]
    if not usable:
        raise Invalid(
            "No branch of this repository has a name that git accepts.", "Rename the default branch.", field="url"
        )
    return usable[0]


def _borrow(known: Path, bare: Path) -> None:
    """Let a new repository read the objects of the mirror, so that only new ones are downloaded."""
    (bare / "objects" / "info").mkdir(exist_ok=True)
    (bare / "objects" / "info" / "alternates").write_text(f"{known.resolve() / 'objects'}\n")
    if (known / "shallow").exists():
        shutil.copy(known / "shallow", bare / "shallow")


def _download(
    url: RepoUrl,
    settings: Settings,
    config: dict[str, str],
    bare: Path,
    timeout_s: float,
    size_bytes: int,
    known: Path | None,
) -> None:
    room_bytes = size_bytes - (git_run.folder_bytes(known) if known else 0)
    try:
        git_run.run(
            bare,
            [*_FETCH, "--", url.source, *_REFS],
            config=config,
            timeout_s=timeout_s,
            file_bytes=max(room_bytes, 0),
            watch=lambda: _too_large(bare, room_bytes, size_bytes),
        )
    except GitFailed as error:
        raise _explain(error, url, settings, config) from error


def _take_over(known: Path, bare: Path, branch: str) -> bool:
    """Bring what was downloaded and checked into the mirror. Returns: whether any ref moved."""
    changed = ref_lines(bare) != ref_lines(known)
    if changed:
        git_run.run(known, [*_FETCH, "--", str(bare), *_REFS], config={"protocol.file.allow": "always"})
    git_run.run(known, ["symbolic-ref", "HEAD", f"refs/heads/{branch}"])
    return changed


def _too_large(where: Path, room_bytes: int, size_bytes: int) -> str:
    """A sentence if a mirror outgrew its limits; the count of objects stands in the head of the incoming pack."""
    if git_run.folder_bytes(where) > room_bytes:
        return f"The repository is larger than {size_bytes / limits.MIB:.0f} MB."
    for pack in (where / "objects" / "pack").glob("tmp_pack_*"):
        with contextlib.suppress(OSError), open(pack, "rb") as stream:
            head = stream.read(12)
            if head[:4] == b"PACK" and int.from_bytes(head[8:12], "big") > limits.REPOSITORY_OBJECTS:
                return f"The repository holds more than {limits.REPOSITORY_OBJECTS} objects."
    return ""


def _explain(error: GitFailed, url: RepoUrl, settings: Settings, config: dict[str, str]) -> RegistryError:
    """What a failed conversation with a remote means for the person who gave its address."""
    said = error.outcome.said
    shown = url.url
    if error.outcome.status < 0 or re.search("out of memory|file too large|signal 25", said, re.I):
        return TooLarge(
            "Reading the repository needs more memory or space than it may take.", "Make the repository smaller."
        )
    if re.search(r"returned error: 30[12378]|unable to update url base from redirection", said):
        return _moved(url, settings, config)
    if re.search(r"could not read (Username|Password)|Authentication failed|returned error: 40[13]", said):
        return RepoGone(
            f"{shown} is private, or there is no such repository.",
            "Make it public, or check the address for typing errors.",
            field="url",
        )
    if re.search(
        r"not found|returned error: 4(04|10)|does not appear to be a git repository|not a git repository", said
    ):
        return RepoGone(
            f"There is no git repository at {shown}.",
            "Check the address; if the repository was moved or removed, submit it from its new place.",
            field="url",
        )
    fault = re.search(r"error(?: in [a-z]+|: object) [0-9a-f]{40,64}: (\w+)", said)
    if fault or re.search(r"fsck error|(?:bad|corrupt|invalid) \w+", said):
        return Invalid(
            f"git found objects in {shown} that it can't accept ({fault[1] if fault else 'damaged'}).",
            "Run 'git fsck' in the repository and repair what it names.",
            field="url",
        )
    if re.search(r"transport '?\w*'? not allowed|not supported", said):
        return Invalid("The repository asks for a transport that is not allowed.", "Serve it over https.", field="url")
    if "SSL" in said or "certificate" in said:
        return Unavailable(
            f"{url.host} could not prove who it is (TLS).", "Repair the host's certificate, or try again later."
        )
    return Unavailable(f"The repository at {shown} could not be read.", "Try again later.")


def _moved(url: RepoUrl, settings: Settings, config: dict[str, str]) -> RepoMoved:
    """Ask once more with git's own trace of headers on, only to tell where the host points to."""
    with tempfile.NamedTemporaryFile(prefix="brickyard-git-") as trace:
        env = {"GIT_TRACE_CURL": trace.name, "GIT_TRACE_CURL_NO_DATA": "1"}
        with contextlib.suppress(RegistryError):
            git_run.run(
                None, ["ls-remote", "--quiet", "--", url.url], config=config, env=env, out_bytes=limits.MIB, check=False
            )
        headers = Path(trace.name).read_bytes()[: limits.MIB].decode("utf-8", "replace")
    found = re.search(r"<= Recv header(?:, \d+ bytes)?: location: (\S+)", headers, re.IGNORECASE)
    remedy = "Look up the repository's address on its own page, and submit that."
    if found:
        location = found[1].split("/info/refs", 1)[0]
        with contextlib.suppress(RegistryError):
            new = check_url(location, settings)
            if not new.local and new.url != url.url:
                return RepoMoved(f"{url.url} has moved to {new.url}.", f"Submit {new.url} instead.", new.url)
    return RepoMoved(f"{url.url} sends readers to another address.", remedy)
