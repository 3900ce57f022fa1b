"""Revisions of a design: which of a repository's versions are taken, what each says of itself, and their rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Set
from concurrent.futures import ThreadPoolExecutor

from pydantic import BaseModel, ConfigDict
from sqlmodel import Session, select

from registry import limits
from registry.designs import mirrors, search
from registry.designs.reading.about import About, read_about
from registry.designs.reading.versions import VersionEntry, order_versions
from registry.designs.schemas import FindingView
from registry.designs.standing import show_standing
from registry.designs.tables import Design, Revision
from registry.errors import Invalid, NotFound, RegistryError
from registry.stores import git
from registry.stores.git import GitTree
from registry.stores.stores import Stores
from registry.values import utcnow

_READ_AT_ONCE = 4


class Folder(BaseModel):
    """Where a design lies: a folder ("" for all) of a mirrored repository, and the branch or tag that it follows."""

    model_config = ConfigDict(frozen=True)

    url: str
    subdir: str
    ref: str


class Chosen(BaseModel):
    """The versions to record, in order, and what those new here say of themselves, by commit."""

    model_config = ConfigDict(arbitrary_types_allowed=True, frozen=True)

    entries: list[VersionEntry]
    abouts: dict[str, About]
    skipped: list[FindingView]


def read_commit(stores: Stores, folder: Folder, commit: str, fallback: str) -> About:
    """What a design says of itself at a commit; `fallback` is its name if it gives none. Raises: NotFound."""
    where = mirrors.mirror_path(stores, folder.url)
    authors = git.authors(where, commit, folder.subdir)
    with GitTree(where, commit, folder.subdir) as tree:
        if not folder.subdir:
            return read_about(tree, authors, fallback)
        if not tree.files:
            raise NotFound(
                f"The repository has no folder {folder.subdir}.", "Give the path of a folder that has files in it."
            )
        with GitTree(where, commit) as outer:
            return read_about(tree, authors, fallback, outer)


def read_open(stores: Stores, folder: Folder, commit: str, fallback: str) -> About:
    """The same, if its licence is open. Raises: Invalid (licence), NotFound."""
    about = read_commit(stores, folder, commit, fallback)
    if not about.licence.open:
        raise Invalid(about.licence.reason, about.licence.remedy, field="url")
    return about


def choose(stores: Stores, folder: Folder, commit: str, about: About, here: Set[tuple[str, str]]) -> Chosen:
    """Read every version that is new here; a version that can't be shown is left out, and said so.

    `commit` and `about` are the head, which was read already; `here` are names and commits of versions recorded before.
    """
    where = mirrors.mirror_path(stores, folder.url)
    tracked = folder.ref or git.default_branch(where)
    abouts = {commit: about}
    kept: list[git.Ref] = []
    skipped: list[FindingView] = []
    wanted = {
        (entry.name, entry.kind) for entry in order_versions(git.refs(where), tracked)[: limits.VERSIONS_PER_DESIGN]
    }
    refs = [ref for ref in git.refs(where) if (ref.name, ref.kind) in wanted]
    new = {ref.commit for ref in refs if (ref.name, ref.commit) not in here and ref.commit not in abouts}

    def read(commit: str) -> About | RegistryError:
        try:
            return read_open(stores, folder, commit, about.name)
        except RegistryError as error:
            return error

    with ThreadPoolExecutor(_READ_AT_ONCE) as pool:  # most of the time git works, and this process waits
        read_now = dict(zip(new, pool.map(read, new), strict=True))
    for ref in refs:
        told = None if (ref.name, ref.commit) in here else read_now.get(ref.commit)
        if isinstance(told, RegistryError):
            sentence = f"Version {ref.name} is not shown: {told.message}"
            skipped.append(FindingView(level="info", where=ref.name, sentence=sentence))
            continue
        if told is not None:
            abouts[ref.commit] = told
        kept.append(ref)
    git.keep_all(where, (ref.commit for ref in kept))
    return Chosen(entries=order_versions(kept, tracked), abouts=abouts, skipped=skipped[: limits.FINDINGS])


def write(session: Session, design: Design, chosen: Chosen) -> list[int]:
    """Record tags and the tracked head as revisions. Returns: the ids of those that are new."""
    rows = {
        (row.name, row.commit): row for row in session.exec(select(Revision).where(Revision.design_id == design.id))
    }
    for row in rows.values():
        row.current = row.kind == "commit" and row.current
        row.newest = False
    new: list[int] = []
    for position, entry in enumerate(chosen.entries):
        row_or_none = rows.get((entry.name, entry.commit))
        if row_or_none is None:
            about = chosen.abouts.get(entry.commit)
            if about is None:
                continue  # it was here when the repository was read, and is gone since
            row_or_none = row_of(design, entry.name, entry.kind, entry.commit, entry.committed_at, about)
            row_or_none.prerelease = entry.prerelease
            session.add(row_or_none)
            session.flush()
            new.append(row_or_none.id or 0)
        row_or_none.current, row_or_none.newest, row_or_none.position = True, entry.newest, position
        session.add(row_or_none)
    return new


def row_of(design: Design, name: str, kind: str, commit: str, committed_at: dt.datetime, about: About) -> Revision:
    """The row of a version that was read, not yet added to a session."""
    if committed_at.tzinfo is None:
        committed_at = committed_at.replace(tzinfo=dt.UTC)
    return Revision(
        design_id=design.id or 0,
        name=name,
        label=name.replace("/", "~"),
        kind=kind,
        commit=commit,
        committed_at=committed_at,
        licence=about.licence.expression,
        about=about.for_storage(),
    )


def show_newest(session: Session, design_id: int) -> None:
    """Copy what lists show from the newest version to the design."""
    design = session.get_one(Design, design_id)
    row = session.exec(
        select(Revision).where(Revision.design_id == design_id, Revision.newest, Revision.current)
    ).first()
    if row is None:
        return
    about = row.about
    design.name = about.get("name") or design.name
    design.summary = about.get("summary", "")
    design.tags = about.get("tags", [])
    design.licence = about.get("licences", {}).get("hardware") or row.licence
    design.newest_version = row.name
    design.updated_at = utcnow()
    session.add(design)
    session.flush()
    show_standing(session, design)
    search.put_text(
        session,
        design_id,
        name=f"{design.name} {design.slug}",
        tags=" ".join(design.tags),
        summary=design.summary,
        readme=about.get("readme_text", "")[: limits.README_BYTES],
    )
