"""Use cases of designs: look at a repository, submit it, bring it up to date."""

from __future__ import annotations

import base64
import mimetypes

from pydantic import BaseModel, ConfigDict
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from registry import limits
from registry.designs import events, mirrors, revisions, search
from registry.designs.queries import find_design, find_revision
from registry.designs.reading.about import About
from registry.designs.reading.versions import order_versions
from registry.designs.revisions import Folder
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
    readme: str
    picture: str
    picture_data: str
    findings: list[FindingView]


class _Place(BaseModel):
    """A submission, understood: where the mirror is, which folder and which branch or tag."""

    model_config = ConfigDict(arbitrary_types_allowed=True, frozen=True)
    repo: RepoUrl
    subdir: str
    ref: str
    commit: str

    @property
    def folder(self) -> Folder:
        return Folder(url=self.repo.url, subdir=self.subdir, ref=self.ref)


def _kind(boards: int, parts: int) -> str:
    return "both" if boards and parts else "board" if boards else "part" if parts else "documents"


def _fetch(stores: Stores, submission: Submission) -> _Place:
    repo = git.check_url(submission.url, stores.settings)
    if (folder := submission.path.strip("/")) and (fault := git.path_fault(folder)):
        raise Invalid(f"This folder can't be used: {fault}.", "Give one such as hardware/board.", field="path")
    where = mirrors.mirror_path(stores, repo.url)
    git.mirror(repo, where, stores.settings)
    ref, subdir = git.locate(where, repo)
    ref = submission.ref or ref
    subdir = folder or subdir.strip("/")
    return _Place(repo=repo, subdir=subdir, ref=ref, commit=git.find_commit(where, ref))


def look(stores: Stores, submission: Submission) -> Preview:
    """Fetch a repository and say what is in it, without registering it. Raises: Invalid, NotFound, Unavailable."""
    place = _fetch(stores, submission)
    where = mirrors.mirror_path(stores, place.repo.url)
    about = revisions.read_commit(stores, place.folder, place.commit, _fallback_name(place))
    with GitTree(where, place.commit, place.subdir) as tree:
        files = len(tree.files)
        found = events.find_in(stores, tree)
        picture_data = _picture_data(tree, about.picture)
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
        readme=about.readme,
        picture=about.picture,
        picture_data=picture_data,
        findings=[FindingView(**finding.model_dump()) for finding in about.findings],
    )


def _picture_data(tree: GitTree, path: str) -> str:
    """A picture as a data: address, to show before anything is kept; empty for one that is large or lies elsewhere."""
    if not path or tree.files[path].size_bytes > limits.PREVIEW_PICTURE_BYTES:
        return ""
    kind, _ = mimetypes.guess_type(path)
    content = tree.read(path)
    if not kind or content.startswith(b"version https://git-lfs"):
        return ""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def submit(stores: Stores, account_id: int | None, submission: Submission) -> Submitted:
    """Register a repository (or a folder of one), or bring a known one up to date: all of it, or nothing.

    A known design whose repository can't be read keeps its last good copy, and its page says what happened.
    Raises: Invalid (address, licence), NotFound (folder, branch), TooLarge, Unavailable, Conflict.
    """
    place, about = _accept(stores, submission)
    with stores.db.reading() as session:
        here = _recorded(session, place)
        known = _known(session, place) is not None
    boards, parts = (0, 0) if known else _count(stores, place)
    chosen = revisions.choose(stores, place.folder, place.commit, about, here)
    for _ in range(5):  # two people may submit namesakes at once: the second takes the next free name
        try:
            with stores.db.transaction() as session:
                design, created = _upsert(session, place, about, account_id)
                if created:  # until its build says so for certain
                    design.boards, design.parts, design.kind = boards, parts, _kind(boards, parts)
                new = revisions.write(session, design, chosen)
                revisions.show_newest(session, design.id or 0)
            break
        except IntegrityError:
            continue
    else:
        raise Conflict("The design could not be named.", "Submit it again.")
    events.tell_synced(stores, design.id or 0, new)
    return Submitted(
        slug=design.slug,
        created=created,
        version=next((entry.name for entry in chosen.entries if entry.newest), ""),
        findings=[*(FindingView(**finding.model_dump()) for finding in about.findings), *chosen.skipped],
    )


def _count(stores: Stores, place: _Place) -> tuple[int, int]:
    """(boards, parts) that the registry will try to build."""
    with GitTree(mirrors.mirror_path(stores, place.repo.url), place.commit, place.subdir) as tree:
        kinds = [kind for kind, _, _ in events.find_in(stores, tree)]
    return kinds.count("board"), kinds.count("part")


def _accept(stores: Stores, submission: Submission) -> tuple[_Place, About]:
    url = git.check_url(submission.url, stores.settings).url
    try:
        place = _fetch(stores, submission)
        about = revisions.read_open(stores, place.folder, place.commit, _fallback_name(place))
    except RegistryError as error:
        with stores.db.transaction() as session:
            for known in session.exec(select(Design).where(Design.url == url, Design.subdir == submission.path)):
                known.sync_message = str(error)
                session.add(known)
        raise
    return place, about


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


def _recorded(session: Session, place: _Place) -> set[tuple[str, str]]:
    """Names and commits of the versions that a known design has."""
    known = _known(session, place)
    if known is None:
        return set()
    return set(session.exec(select(Revision.name, Revision.commit).where(Revision.design_id == known.id)))


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
    folder = Folder(url=design.url, subdir=design.subdir, ref=design.tracked_ref)
    about = revisions.read_open(stores, folder, commit, design.name)
    git.keep(where, commit)
    name = name or (commit[:12] if commit.startswith(text.lower()) else text)
    with stores.db.transaction() as session:
        row = revisions.row_of(design, name, "commit", commit, git.commit_date(where, commit), about)
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
        design.boards, design.parts, design.kind = boards, parts, _kind(boards, parts)
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
