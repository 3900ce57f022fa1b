"""What pages, JSON and commands read of designs."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict
from sqlalchemy import String, cast, func
from sqlmodel import Session, col, select

from registry.accounts.queries import find_account, handle_of
from registry.designs import mirrors, search
from registry.designs.reading.licence_names import in_words
from registry.designs.schemas import (
    AuthorView,
    DesignCard,
    DesignDetail,
    DesignList,
    DesignQuery,
    Facet,
    Facets,
    FileView,
    FindingView,
    VersionDetail,
    VersionItem,
)
from registry.designs.tables import Design, DesignTool, Revision
from registry.errors import NotFound, TooLarge
from registry.stores.stores import Stores

KIND_LABELS = {"board": "Boards", "part": "Parts and machines", "both": "Board and parts", "documents": "Documents only"}
READINESS_LABELS = {"built": "Built", "partly": "Partly built", "failed": "Build failed", "waiting": "Waiting to be built"}
_SELF_LABELS: dict[str, str] = {}


class HomeRow(BaseModel):
    """A row of cards on the front page."""

    model_config = ConfigDict(frozen=True)
    title: str
    hint: str
    cards: list[DesignCard]
    more_url: str


def _card_values(design: Design) -> dict[str, Any]:
    return {
        "slug": design.slug,
        "name": design.name,
        "summary": design.summary,
        "kind": design.kind,
        "licence": design.licence,
        "standing": design.standing,
        "readiness": design.readiness,
        "newest_version": design.newest_version,
        "tools": design.tools,
        "tags": design.tags,
        "picture": design.picture or None,
        "boards": design.boards,
        "parts": design.parts,
        "built_count": design.built_count,
        "updated_at": design.updated_at,
    }


def card_of(design: Design) -> DesignCard:
    return DesignCard(**_card_values(design))


def _chosen(statement: Any, query: DesignQuery, session: Session) -> tuple[Any, Any]:
    statement, rank = search.matching(statement, query.q, on_sqlite=_on_sqlite(session))
    for field in ("kind", "licence", "readiness"):
        if value := getattr(query, field):
            statement = statement.where(getattr(Design, field) == value)
    if query.tool:
        with_tool = select(DesignTool.design_id).where(DesignTool.tool == query.tool)
        statement = statement.where(col(Design.id).in_(with_tool))
    if query.owner:
        owner = find_account(session, query.owner)
        statement = statement.where(Design.owner_id == (owner.id if owner else -1))
    if query.tag:
        # tags are few words in JSON; the quotes keep `arm` from finding `charm`
        statement = statement.where(func.lower(cast(col(Design.tags), String)).contains(f'"{query.tag.lower()}"'))
    return statement, rank


def _on_sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"


def list_designs(session: Session, query: DesignQuery) -> DesignList:
    """A page of designs, best first."""
    statement, rank = _chosen(select(Design), query, session)
    total = session.exec(_chosen(select(func.count(col(Design.id))), query, session)[0]).one()
    orders: dict[str, list[Any]] = {
        "new": [col(Design.updated_at).desc()],
        "built": [col(Design.built_count).desc(), col(Design.updated_at).desc()],
        "name": [func.lower(Design.name)],
        "relevance": [rank] if rank is not None else [col(Design.updated_at).desc()],
    }
    statement = statement.order_by(*orders[query.sort], col(Design.id).desc())
    rows = session.exec(statement.offset((query.page - 1) * query.per_page).limit(query.per_page)).all()
    more = query.page * query.per_page < total
    return DesignList(items=[card_of(row) for row in rows], total=total, next=next_page(query) if more else None)


def next_page(query: DesignQuery) -> str:
    """Query string of the next page."""
    changed = query.model_dump(exclude_defaults=True) | {"page": query.page + 1}
    return "?" + urlencode(changed)


def find_facets(session: Session, query: DesignQuery) -> Facets:
    """How many designs each choice would leave; a facet's own choice does not narrow it."""

    def count(field: str, labels: dict[str, str]) -> list[Facet]:
        without = query.model_copy(update={field: ""})
        column: Any = col(DesignTool.tool) if field == "tool" else getattr(Design, field)
        base: Any = select(column, func.count(col(Design.id)))
        if field == "tool":
            base = base.join(DesignTool, col(DesignTool.design_id) == col(Design.id))
        statement, _ = _chosen(base.select_from(Design) if field != "tool" else base, without, session)
        rows = session.exec(statement.group_by(column).order_by(func.count(col(Design.id)).desc(), column).limit(20)).all()
        return [Facet(value=value, label=labels.get(value, value), count=number) for value, number in rows if value]

    return Facets(
        kind=count("kind", KIND_LABELS),
        licence=count("licence", _SELF_LABELS),
        tool=count("tool", _SELF_LABELS),
        readiness=count("readiness", READINESS_LABELS),
    )


def home_rows(session: Session, per_row: int = 8) -> list[HomeRow]:
    """Rows of the front page; a row with nothing in it is left out."""
    wanted = (
        ("Ready to make", "Built here, with files to download", DesignQuery(readiness="built", sort="new", per_page=per_row)),
        ("Boards", "Electronics with gerbers, positions and parts", DesignQuery(kind="board", sort="new", per_page=per_row)),
        ("Machines and parts", "To cut, print, turn and weld", DesignQuery(kind="part", sort="new", per_page=per_row)),
        ("New here", "Lately submitted or updated", DesignQuery(sort="new", per_page=per_row)),
    )
    rows = []
    for title, hint, query in wanted:
        found = list_designs(session, query)
        if found.items:
            address = "/designs?" + urlencode(query.model_dump(include={"kind", "readiness", "sort"}, exclude_defaults=True))
            rows.append(HomeRow(title=title, hint=hint, cards=found.items, more_url=address))
    return rows


def find_design(session: Session, slug: str) -> Design:
    """The row of a design. Raises: NotFound."""
    design = session.exec(select(Design).where(Design.slug == slug)).first()
    if design is None:
        raise NotFound(f"There is no design called {slug[:80]} here.", "Search for it, or submit its repository.")
    return design


def find_revision(session: Session, design: Design, label: str | None) -> Revision:
    """A version by its label, name or commit; None is the newest. Raises: NotFound."""
    revisions = select(Revision).where(Revision.design_id == design.id)
    if label is None:
        found = session.exec(revisions.where(Revision.newest, Revision.current)).first()
    else:
        found = session.exec(
            revisions.where((col(Revision.label) == label) | (col(Revision.name) == label)).order_by(
                col(Revision.current).desc(), col(Revision.id).desc()
            )
        ).first()
        if found is None and 7 <= len(label) <= 64 and all(char in "0123456789abcdef" for char in label.lower()):
            found = session.exec(
                revisions.where(col(Revision.commit).startswith(label.lower())).order_by(col(Revision.current).desc())
            ).first()
    if found is None:
        raise NotFound(f"{design.name} has no version {label}.", "Choose one from its list of versions.")
    return found


def _version_values(revision: Revision) -> dict[str, Any]:
    fields = ("name", "label", "kind", "commit", "committed_at", "prerelease", "newest", "current")
    return {field: getattr(revision, field) for field in fields}


def list_versions(session: Session, design: Design) -> list[VersionItem]:
    rows = session.exec(
        select(Revision).where(Revision.design_id == design.id, Revision.current).order_by(col(Revision.position))
    )
    return [VersionItem(**_version_values(row)) for row in rows]


def get_design(session: Session, slug: str) -> DesignDetail:
    """A design with its versions, newest first. Raises: NotFound."""
    design = find_design(session, slug)
    return DesignDetail(
        **_card_values(design),
        url=design.url,
        subdir=design.subdir,
        owner=handle_of(session, design.owner_id),
        created_at=design.created_at,
        synced_at=design.synced_at,
        sync_message=design.sync_message,
        versions=list_versions(session, design),
    )


def get_version(session: Session, slug: str, label: str | None) -> VersionDetail:
    """A version with what was learned from its files. Raises: NotFound."""
    design = find_design(session, slug)
    revision = find_revision(session, design, label)
    about = revision.about
    return VersionDetail(
        **_version_values(revision),
        revision_id=revision.id or 0,
        title=about.get("name") or design.name,
        summary=about.get("summary", ""),
        licence=revision.licence,
        licence_words=in_words(revision.licence),
        licences=about.get("licences", {}),
        authors=[AuthorView(**author) for author in about.get("authors", [])],
        tags=about.get("tags", []),
        readme_path=about.get("readme", ""),
        docs=about.get("docs", []),
        findings=[FindingView(**finding) for finding in about.get("findings", [])],
        mass_g=about.get("mass_g"),
        outer_dimensions_mm=about.get("outer_dimensions_mm"),
        sub_designs=about.get("sub_designs", []),
        manifest=about.get("manifest", ""),
        picture=design.picture or None,
    )


def list_files(stores: Stores, slug: str, label: str | None) -> list[FileView]:
    """The version's own files. Raises: NotFound."""
    with stores.db.reading() as session:
        design = find_design(session, slug)
        revision = find_revision(session, design, label)
    with mirrors.open_tree(stores, design, revision) as tree:
        return [FileView(path=file.path, size_bytes=file.size_bytes) for file in tree.files.values()]


def open_file(stores: Stores, slug: str, label: str | None, path: str, limit_bytes: int = 32 * 1024 * 1024) -> bytes:
    """A file of the version as it lies in the repository. Raises: NotFound, TooLarge."""
    with stores.db.reading() as session:
        design = find_design(session, slug)
        revision = find_revision(session, design, label)
    with mirrors.open_tree(stores, design, revision) as tree:
        file = tree.files.get(path)
        if file is None:
            raise NotFound(f"This version has no file {path[:200]}.", "Look at its list of files.")
        if file.size_bytes > limit_bytes:
            raise TooLarge(f"{path} is too large to show here.", "Clone the repository to get it.")
        return tree.read(path, limit_bytes)


def read_text(stores: Stores, slug: str, label: str | None, path: str) -> str:
    """A text file of the version, however it is encoded. Raises: NotFound, TooLarge."""
    return open_file(stores, slug, label, path).decode("utf-8", errors="replace")
