"""What pages, JSON and commands read of designs."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict
from sqlalchemy import String, cast, func
from sqlmodel import Session, col, select

from registry.accounts.queries import find_account, handle_of
from registry.designs import search
from registry.designs.reading.licence_names import in_words
from registry.designs.schemas import (
    AuthorView,
    DesignCard,
    DesignDetail,
    DesignList,
    DesignQuery,
    Facet,
    Facets,
    FindingView,
    VersionDetail,
    VersionItem,
)
from registry.designs.standing import PROVEN_LABELS, standing_words
from registry.designs.tables import Design, DesignTool, Revision
from registry.errors import NotFound

KIND_LABELS = {
    "board": "Boards",
    "part": "Parts and machines",
    "both": "Board and parts",
    "documents": "Documents only",
}
READINESS_LABELS = {
    "built": "Built",
    "partly": "Partly built",
    "failed": "Build failed",
    "waiting": "Waiting to be built",
}
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
        "proven": design.proven,
        "others": design.others,
        "failed": design.failed,
        "proven_version": design.proven_version,
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
    """A design as a card."""
    return DesignCard(**_card_values(design))


def _chosen(statement: Any, query: DesignQuery, session: Session) -> tuple[Any, Any]:
    statement, rank = search.matching(statement, query.q, on_sqlite=_on_sqlite(session))
    for field in ("kind", "licence", "readiness", "proven"):
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
    total = session.exec(_chosen(select(func.count(col(Design.id))), query, session)[0]).one()
    more = query.page * query.per_page < total
    return DesignList(items=_cards(session, query), total=total, next=next_page(query) if more else None)


def _cards(session: Session, query: DesignQuery) -> list[DesignCard]:
    """The cards of one page."""
    statement, rank = _chosen(select(col(Design.id)), query, session)
    orders: dict[str, list[Any]] = {
        "new": [col(Design.updated_at).desc()],
        "built": [col(Design.others).desc(), col(Design.built_count).desc(), col(Design.updated_at).desc()],
        "proven": [col(Design.proven_at).is_(None), col(Design.proven_at).desc(), col(Design.updated_at).desc()],
        "name": [func.lower(Design.name)],
        "relevance": [rank] if rank is not None else [col(Design.updated_at).desc()],
    }
    statement = statement.order_by(*orders[query.sort], col(Design.id).desc())
    # Only ids are sorted, and whole rows read for one page of them: sorting wide rows takes several times as long.
    ids = session.exec(statement.offset((query.page - 1) * query.per_page).limit(query.per_page)).all()
    by_id = {row.id: row for row in session.exec(select(Design).where(col(Design.id).in_(ids)))}
    return [card_of(by_id[number]) for number in ids]


def next_page(query: DesignQuery) -> str:
    """Query string of the next page."""
    changed = query.model_dump(exclude_defaults=True) | {"page": query.page + 1}
    return "?" + urlencode(changed)


_FACETS: dict[str, dict[str, str]] = {
    "kind": KIND_LABELS,
    "licence": _SELF_LABELS,
    "tool": _SELF_LABELS,
    "readiness": READINESS_LABELS,
    "proven": PROVEN_LABELS,
}
_FACET_CHOICES = 20


def find_facets(session: Session, query: DesignQuery) -> Facets:
    """How many designs each choice would leave; a facet's own choice does not narrow it."""
    searching = bool(search.words_of(query.q) or query.tag)
    counts = _count_found(session, query) if searching else {name: _count_all(session, query, name) for name in _FACETS}

    def facet(name: str) -> list[Facet]:
        ordered = sorted(counts[name].items(), key=lambda item: (-item[1], item[0]))
        labels = _FACETS[name]
        chosen = [Facet(value=value, label=labels.get(value, value), count=count) for value, count in ordered if value]
        return chosen[:_FACET_CHOICES]

    return Facets(**{name: facet(name) for name in _FACETS})


def _count_found(session: Session, query: DesignQuery) -> dict[str, Counter[str]]:
    """Counts for all facets from one search: finding costs far more than counting what was found."""
    tools = cast(col(Design.tools), String)
    columns: tuple[Any, ...] = (col(Design.kind), col(Design.licence), col(Design.readiness), col(Design.proven), tools)
    asked = DesignQuery(q=query.q, tag=query.tag)
    statement, _ = _chosen(select(*columns, func.count(col(Design.id))), asked, session)  # type: ignore[call-overload]
    counts: dict[str, Counter[str]] = {name: Counter() for name in _FACETS}
    for kind, licence, readiness, proven, tools_json, count in session.exec(statement.group_by(*columns)):
        has = {"kind": [kind], "licence": [licence], "readiness": [readiness], "proven": [proven]}
        has["tool"] = json.loads(tools_json)
        unmet = [name for name in _FACETS if getattr(query, name) and getattr(query, name) not in has[name]]
        for name in _FACETS if not unmet else unmet[:1] if len(unmet) == 1 else ():
            counts[name].update(dict.fromkeys(has[name], count))
    return counts


def _count_all(session: Session, query: DesignQuery, name: str) -> Counter[str]:
    """Counts for one facet without a search, from an index where nothing else is chosen."""
    without = query.model_copy(update={name: ""})
    if name != "tool":
        column: Any = getattr(Design, name)
        statement, _ = _chosen(select(column, func.count(col(Design.id))), without, session)
    else:
        column = col(DesignTool.tool)
        statement = select(column, func.count(col(DesignTool.design_id)))
        if any(getattr(query, other) for other in _FACETS if other != name):
            base = statement.join(Design, col(DesignTool.design_id) == col(Design.id))
            statement, _ = _chosen(base, without, session)
    return Counter(dict(session.exec(statement.group_by(column)).all()))


def home_rows(session: Session, per_row: int = 8) -> list[HomeRow]:
    """Rows of the front page. A design stands in the first row that it fits; a row with nothing of its own is
    left out."""
    wanted = (
        ("Lately proven", "Built by others, who told how it went", DesignQuery(proven="others", sort="proven")),
        ("Ready to make", "Built here, with files to download", DesignQuery(readiness="built", sort="new")),
        ("Boards", "Electronics with gerbers, positions and parts", DesignQuery(kind="board", sort="new")),
        ("Machines and parts", "To cut, print, turn and weld", DesignQuery(kind="part", sort="new")),
        ("New here", "Lately submitted or updated", DesignQuery(sort="new")),
    )
    rows: list[HomeRow] = []
    shown: set[str] = set()
    for title, hint, query in wanted:
        found = _cards(session, query.model_copy(update={"per_page": per_row * (len(rows) + 1)}))
        cards = [card for card in found if card.slug not in shown][:per_row]
        if cards:
            shown |= {card.slug for card in cards}
            asked = query.model_dump(include={"kind", "readiness", "proven", "sort"}, exclude_defaults=True)
            rows.append(HomeRow(title=title, hint=hint, cards=cards, more_url="/designs?" + urlencode(asked)))
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
    told = {field: getattr(revision, field) for field in (*fields, "proven", "others", "failed")}
    return {**told, "standing": standing_words(revision.proven, revision.others, revision.failed)}


def list_versions(session: Session, design: Design) -> list[VersionItem]:
    """A design's versions as its page lists them, without those that a tag or branch has left behind."""
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
    return version_detail(design, find_revision(session, design, label))


def version_detail(design: Design, revision: Revision) -> VersionDetail:
    """A version with what was learned from its files, from its rows."""
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
        picture_path=about.get("picture", ""),
    )
