"""Use cases of designs: look at a repository, submit it, bring it up to date."""

from __future__ import annotations

import datetime as dt

from pydantic import BaseModel, ConfigDict
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from registry import limits
from registry.designs import events, mirrors, search
from registry.designs.queries import find_design, find_revision
from registry.designs.reading.about import About, read_about
from registry.designs.reading.versions import VersionEntry, order_versions
from registry.designs.schemas import FindingView, Submission
from registry.designs.tables import Design, DesignTool, Revision
from registry.errors import Conflict, Invalid, NotFound, RegistryError
from registry.stores import git
from registry.stores.git import GitTree, RepoUrl
from registry.stores.stores import Stores
from registry.values import slugify, utcnow

_GENERIC_FOLDERS = {
    "hardware",
    "hw",
    "pcb",
    "kicad",
    "board",
    "boards",
    "electronics",
    "cad",
    "src",
    "design",
    "mechanical",
}


class Submitted(BaseModel):
    """What a submission led to."""

    model_config = ConfigDict(frozen=True)
    slug: str
    created: bool
    version: str
    findings: list[FindingView]


class Preview(BaseModel):
    """What the registry sees in a repository before it is submitted."""

    model_config = ConfigDict(frozen=True)
    url: str
    path: str
    ref: str
    name: str
    summary: str
    licence: str
    licence_words: str
    accepted: bool
    refusal: str
    remedy: str
    versions: list[str]
    files: int
    boards: list[str]
    parts: list[str]
    boms: list[str]
    findings: list[FindingView]


class _Place(BaseModel):
    """A submission, understood: where the mirror is, which folder and which branch or tag."""

    model_config = ConfigDict(arbitrary_types_allowed=True, frozen=True)
    repo: RepoUrl
    subdir: str
    ref: str
    commit: str


def _fetch(stores: Stores, submission: Submission) -> _Place:
    repo = git.check_url(submission.url, stores.settings)
    where = mirrors.mirror_path(stores, repo.url)
    git.mirror(repo, where, stores.settings)
    ref, subdir = git.locate(where, repo)
    ref = submission.ref or ref
    subdir = (submission.path or subdir).strip("/")
    return _Place(repo=repo, subdir=subdir, ref=ref, commit=git.find_commit(where, ref))


def _read(stores: Stores, place_url: str, subdir: str, commit: str, fallback: str) -> About:
    where = mirrors.mirror_path(stores, place_url)
    authors = git.authors(where, commit, subdir)
    with GitTree(where, commit, subdir) as tree:
        if not subdir:
            return read_about(tree, authors, fallback)
        if not tree.files:
            raise NotFound(f"The repository has no folder {subdir}.", "Give the path of a folder that has files in it.")
        with GitTree(where, commit) as outer:
            return read_about(tree, authors, fallback, outer)


def _refuse_closed(about: About) -> None:
    if not about.licence.open:
        raise Invalid(about.licence.reason, about.licence.remedy, field="url")


def look(stores: Stores, submission: Submission) -> Preview:
    """Fetch a repository and say what is in it, without registering it. Raises: Invalid, NotFound, Unavailable."""
    place = _fetch(stores, submission)
    where = mirrors.mirror_path(stores, place.repo.url)
    about = _read(stores, place.repo.url, place.subdir, place.commit, _fallback_name(place))
    with GitTree(where, place.commit, place.subdir) as tree:
        files = len(tree.files)
        found = events.find_in(stores, tree)
    verdict = about.licence
    return Preview(
        url=place.repo.url,
        path=place.subdir,
        ref=place.ref,
        name=about.name,
        summary=about.summary,
        licence=verdict.expression,
        licence_words=about.licence_words,
        accepted=verdict.open,
        refusal="" if verdict.open else verdict.reason,
        remedy="" if verdict.open else verdict.remedy,
        versions=[entry.name for entry in order_versions(git.refs(where), place.ref or git.default_branch(where))],
        files=files,
        boards=[source for kind, _, source in found if kind == "board"],
        parts=[source for kind, _, source in found if kind == "part"],
        boms=[source for kind, _, source in found if kind == "bom"],
        findings=[FindingView(**finding.model_dump()) for finding in about.findings],
    )


class _Sight(BaseModel):
    """All that a submission read, before anything is written: versions with what each says of itself."""

    model_config = ConfigDict(arbitrary_types_allowed=True, frozen=True)
    place: _Place
    about: About
    entries: list[VersionEntry]
    abouts: dict[str, About]
    skipped: list[FindingView]


def submit(stores: Stores, account_id: int | None, submission: Submission) -> Submitted:
    """Register a repository (or a folder of one), or bring a known one up to date: all of it, or nothing.

    A known design whose repository can't be read keeps its last good copy, and its page says what happened.
    Raises: Invalid (address, licence), NotFound (folder, branch), TooLarge, Unavailable, Conflict.
    """
    sight = _see(stores, submission)
    for _ in range(5):  # two people may submit namesakes at once: the second takes the next free name
        try:
            with stores.db.transaction() as session:
                design, created = _upsert(session, sight.place, sight.about, account_id)
                new = _write_versions(session, design, sight)
                _show_newest(session, design.id or 0)
            break
        except IntegrityError:
            continue
    else:
        raise Conflict("The design could not be named.", "Submit it again.")
    events.tell_synced(stores, design.id or 0, new)
    return Submitted(
        slug=design.slug,
        created=created,
        version=next((entry.name for entry in sight.entries if entry.newest), ""),
        findings=[*(FindingView(**finding.model_dump()) for finding in sight.about.findings), *sight.skipped],
    )


def _accept(stores: Stores, submission: Submission) -> tuple[_Place, About]:
    url = git.check_url(submission.url, stores.settings).url
    try:
        place = _fetch(stores, submission)
        about = _read(stores, place.repo.url, place.subdir, place.commit, _fallback_name(place))
        _refuse_closed(about)
    except RegistryError as error:
        with stores.db.transaction() as session:
            for known in session.exec(select(Design).where(Design.url == url, Design.subdir == submission.path)):
                known.sync_message = str(error)
                session.add(known)
        raise
    return place, about


def _see(stores: Stores, submission: Submission) -> _Sight:
    """Read the head and every version that is new here; a version that can't be shown is left out, and said so."""
    place, about = _accept(stores, submission)
    where = mirrors.mirror_path(stores, place.repo.url)
    tracked = place.ref or git.default_branch(where)
    with stores.db.reading() as session:
        known = _known(session, place)
        rows = (
            session.exec(select(Revision.name, Revision.commit).where(Revision.design_id == known.id)) if known else ()
        )
        here = set(rows)
    abouts = {place.commit: about}
    kept: list[git.Ref] = []
    skipped: list[FindingView] = []
    wanted = {
        (entry.name, entry.kind) for entry in order_versions(git.refs(where), tracked)[: limits.VERSIONS_PER_DESIGN]
    }
    for ref in git.refs(where):
        if (ref.name, ref.kind) not in wanted:
            continue
        try:
            if (ref.name, ref.commit) not in here and ref.commit not in abouts:
                found = _read(stores, place.repo.url, place.subdir, ref.commit, about.name)
                _refuse_closed(found)
                abouts[ref.commit] = found
        except RegistryError as error:
            sentence = f"Version {ref.name} is not shown: {error.message}"
            skipped.append(FindingView(level="info", where=ref.name, sentence=sentence))
            continue
        git.keep(where, ref.commit)
        kept.append(ref)
    return _Sight(
        place=place,
        about=about,
        entries=order_versions(kept, tracked),
        abouts=abouts,
        skipped=skipped[: limits.FINDINGS],
    )


def register_only(stores: Stores, submission: Submission, *, slug: str) -> str:
    """Register a repository under a given slug without queueing builds: what building a bundle again needs."""
    place, about = _accept(stores, submission)
    with stores.db.transaction() as session:
        design, _ = _upsert(session, place, about, None)
        design.slug = slug
        session.add(design)
    return slug


def _fallback_name(place: _Place) -> str:
    if not place.subdir:
        return place.repo.fallback_name
    folder = place.subdir.rsplit("/", 1)[-1]
    return f"{place.repo.fallback_name} {folder}" if folder.lower() in _GENERIC_FOLDERS else folder


def _known(session: Session, place: _Place) -> Design | None:
    return session.exec(
        select(Design).where(
            Design.url == place.repo.url, Design.subdir == place.subdir, Design.tracked_ref == place.ref
        )
    ).first()


def _upsert(session: Session, place: _Place, about: About, account_id: int | None) -> tuple[Design, bool]:
    known = _known(session, place)
    if known is not None:
        known.synced_at = utcnow()
        known.sync_message = ""
        session.add(known)
        return known, False
    design = Design(
        slug=_free_slug(session, slugify(_fallback_name(place))),
        url=place.repo.url,
        subdir=place.subdir,
        tracked_ref=place.ref,
        owner_id=account_id,
        name=about.name,
        summary=about.summary,
        licence=about.licence.main,
        tags=about.tags,
    )
    session.add(design)
    session.flush()
    return design, True


def _free_slug(session: Session, wanted: str) -> str:
    taken = set(session.exec(select(Design.slug).where(col(Design.slug).startswith(wanted))))
    if wanted not in taken:
        return wanted
    number = next(number for number in range(2, len(taken) + 3) if f"{wanted}-{number}" not in taken)
    return f"{wanted}-{number}"


def _write_versions(session: Session, design: Design, sight: _Sight) -> list[int]:
    """Record tags and the tracked head as revisions. Returns: the ids of those that are new."""
    rows = {
        (row.name, row.commit): row for row in session.exec(select(Revision).where(Revision.design_id == design.id))
    }
    for row in rows.values():
        row.current = row.kind == "commit" and row.current
        row.newest = False
    new: list[int] = []
    for position, entry in enumerate(sight.entries):
        row_or_none = rows.get((entry.name, entry.commit))
        if row_or_none is None:
            about = sight.abouts.get(entry.commit)
            if about is None:
                continue  # it was here when the repository was read, and is gone since
            row_or_none = _revision(design, entry.name, entry.kind, entry.commit, entry.committed_at, about)
            row_or_none.prerelease = entry.prerelease
            session.add(row_or_none)
            session.flush()
            new.append(row_or_none.id or 0)
        row_or_none.current, row_or_none.newest, row_or_none.position = True, entry.newest, position
        session.add(row_or_none)
    return new


def _revision(design: Design, name: str, kind: str, commit: str, committed_at: dt.datetime, about: About) -> Revision:
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


def _show_newest(session: Session, design_id: int) -> None:
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
    search.put_text(
        session,
        design_id,
        name=f"{design.name} {design.slug}",
        tags=" ".join(design.tags),
        summary=design.summary,
        readme=about.get("readme_text", "")[: limits.README_BYTES],
    )


def take_commit(stores: Stores, slug: str, text: str, *, name: str = "") -> int:
    """The revision id of SLUG@text: a version that is there, or any other commit, branch or tag, now added.

    `name` is what a new version is called, if not by what was asked for. Raises: NotFound.
    """
    with stores.db.reading() as session:
        design = find_design(session, slug)
        try:
            return find_revision(session, design, text or None).id or 0
        except NotFound:
            pass
    where = mirrors.mirror_path(stores, design.url)
    commit = git.find_commit(where, text)
    about = _read(stores, design.url, design.subdir, commit, design.name)
    _refuse_closed(about)
    git.keep(where, commit)
    name = name or (commit[:12] if commit.startswith(text.lower()) else text)
    with stores.db.transaction() as session:
        row = _revision(design, name, "commit", commit, git.commit_date(where, commit), about)
        row.position = limits.VERSIONS_PER_DESIGN + 1
        row.current = False
        session.add(row)
        session.flush()
        return row.id or 0


def record_built(
    stores: Stores,
    revision_id: int,
    *,
    boards: int,
    parts: int,
    tools: list[str],
    readiness: str,
    picture: str,
    part_words: str,
) -> None:
    """What a finished build of the newest version says about its design; builds of other versions change nothing."""
    with stores.db.transaction() as session:
        revision = session.get_one(Revision, revision_id)
        design = session.get_one(Design, revision.design_id)
        if not (revision.newest and revision.current):
            return
        design.boards, design.parts = boards, parts
        design.kind = "both" if boards and parts else "board" if boards else "part" if parts else "documents"
        design.readiness = readiness
        design.picture = picture
        design.tools = sorted(tools)
        if readiness in ("built", "partly"):
            design.built_count = max(design.built_count, 1)
        session.add(design)
        for row in session.exec(select(DesignTool).where(DesignTool.design_id == design.id)):
            session.delete(row)
        session.flush()
        for tool in design.tools:
            session.add(DesignTool(design_id=design.id or 0, tool=tool))
        search.put_text(session, design.id or 0, parts=part_words)
