"""What pages, JSON and commands read of fabricators."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import and_, case, func, or_
from sqlmodel import Session, col, select

from registry.accounts.queries import handle_of
from registry.errors import Invalid, NotFound
from registry.fabricators import place, vocabulary
from registry.fabricators.place import Spot
from registry.fabricators.schemas import (
    FabricatorCard,
    FabricatorDetail,
    FabricatorQuery,
    MachineFacts,
    MachineView,
    MaterialView,
    MemberView,
    ParameterView,
    PictureView,
)
from registry.fabricators.tables import Fabricator, FabricatorPicture, Machine, MachineMaterial, Member
from registry.web.formats import unit

DOTS = 2_000  # on one map


def find_fabricator(session: Session, slug: str, *, hold: bool = False) -> Fabricator:
    """The row of a fabricator. Raises: NotFound."""
    statement = select(Fabricator).where(Fabricator.slug == slug)
    row = session.exec(statement.with_for_update() if hold else statement).first()
    if row is None:
        raise NotFound(f"There is no fabricator called {slug[:80]} here.", "Search for it at /fabricators.")
    return row


def shown_town() -> Any:
    """A fabricator's town in a question to the database, '' where it wants less to be known."""
    return case((col(Fabricator.precision).in_(("exact", "town")), Fabricator.town), else_="")


def shown_region() -> Any:
    """A fabricator's region in a question to the database, '' where it shows its country alone."""
    return case((col(Fabricator.precision) != "country", Fabricator.region), else_="")


def spot_of(query: FabricatorQuery) -> Spot | None:
    """Where a search looks. Raises: Invalid for a place that nobody knows."""
    if not query.near.strip():
        return None
    spot = place.find_spot(query.near)
    if spot is None:
        raise Invalid(
            f"{query.near[:80]!r} is no place that this registry knows.",
            "Write a town of 15,000 people or more, a country, or latitude and longitude such as 51.05, 3.72.",
            field="near",
        )
    return spot


def _machines_that_fit(query: FabricatorQuery) -> Any | None:
    """The fabricators that have one machine which meets all that is asked of machines."""
    asked = (query.process, query.material, query.thickness_mm, query.x_mm, query.y_mm)
    if all(value in ("", None) for value in asked):
        return None
    fits = select(Machine.fabricator_id).where(col(Machine.status).in_(("ready", "busy")))
    if query.process:
        fits = fits.where(col(Machine.process).in_(vocabulary.process_and_kinds(query.process)))
    if query.x_mm is not None or query.y_mm is not None:
        x, y = query.x_mm or 0.0, query.y_mm or 0.0
        wide, deep = col(Machine.work_x_mm), col(Machine.work_y_mm)
        fits = fits.where(or_(and_(wide >= x, deep >= y), and_(wide >= y, deep >= x)))
    if query.material or query.thickness_mm is not None:
        fits = fits.join(MachineMaterial, col(MachineMaterial.machine_id) == col(Machine.id))
        if query.material:
            # who takes steel takes mild steel; who takes stainless steel alone is offered to who asks for steel
            takes = {*vocabulary.material_line(query.material), *vocabulary.material_kinds(query.material)}
            fits = fits.where(col(MachineMaterial.material).in_(takes))
        if query.thickness_mm is not None:
            low, high = col(MachineMaterial.thickness_min_mm), col(MachineMaterial.thickness_max_mm)
            fits = fits.where(or_(low.is_(None), low <= query.thickness_mm), high >= query.thickness_mm)
    return fits


def search(session: Session, query: FabricatorQuery, spot: Spot | None) -> list[tuple[int, float | None, float, float]]:
    """(id, distance in km, shown latitude, longitude) of all that are meant, the nearest or newest first."""
    columns: tuple[Any, ...] = (Fabricator.id, Fabricator.shown_lat_deg, Fabricator.shown_lon_deg)
    statement: Any = select(*columns).where(Fabricator.status != "closed")
    if (fits := _machines_that_fit(query)) is not None:
        statement = statement.where(col(Fabricator.id).in_(fits))
    if query.country:
        statement = statement.where(Fabricator.country == (place.find_country(query.country) or "??"))
    for word in query.q.split()[:8]:
        # a town or region that is not shown is not found by its name either
        texts = (Fabricator.name, Fabricator.summary, shown_town(), shown_region())
        hits: list[Any] = [func.lower(text).contains(word.lower(), autoescape=True) for text in texts]
        named = select(Machine.fabricator_id).where(func.lower(Machine.name).contains(word.lower(), autoescape=True))
        statement = statement.where(or_(*hits, col(Fabricator.id).in_(named)))
    if spot and query.within_km:
        south, north, ranges = place.box_around(spot.lat_deg, spot.lon_deg, query.within_km)
        lat, lon = col(Fabricator.shown_lat_deg), col(Fabricator.shown_lon_deg)
        statement = statement.where(lat.between(south, north), or_(*(lon.between(w, e) for w, e in ranges)))
    found = []
    for id_, lat_deg, lon_deg in session.exec(statement.order_by(col(Fabricator.updated_at).desc(), Fabricator.id)):
        away = None
        if spot and lat_deg is not None:
            away = place.distance_km(spot.lat_deg, spot.lon_deg, lat_deg, lon_deg)
            if query.within_km and away > query.within_km:
                continue
        found.append((id_, away, lat_deg, lon_deg))
    if spot:
        found.sort(key=lambda item: item[1] if item[1] is not None else 1e9)
    return found


def names_of(session: Session, ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Id -> (slug, name)."""
    of = select(Fabricator.id, Fabricator.slug, Fabricator.name).where(col(Fabricator.id).in_(ids))
    return {id_: (slug, name) for id_, slug, name in session.exec(of) if id_ is not None}


def cards(session: Session, ids: Sequence[int], away: dict[int, float | None]) -> list[FabricatorCard]:
    """Fabricators as cards, in the order of their ids given."""
    rows = {row.id: row for row in session.exec(select(Fabricator).where(col(Fabricator.id).in_(ids)))}
    processes: dict[int, list[str]] = defaultdict(list)
    counts: dict[int, int] = defaultdict(int)
    of = select(Machine.fabricator_id, Machine.process, Machine.count).where(col(Machine.fabricator_id).in_(ids))
    for fabricator_id, process, count in session.exec(of.order_by(col(Machine.position), col(Machine.id))):
        counts[fabricator_id] += count
        if process not in processes[fabricator_id] and process != vocabulary.OTHER:
            processes[fabricator_id].append(process)
    firsts: dict[int, FabricatorPicture] = {}
    pictured = select(FabricatorPicture).where(col(FabricatorPicture.fabricator_id).in_(ids))
    for picture in session.exec(pictured.order_by(col(FabricatorPicture.id).desc())):
        firsts[picture.fabricator_id] = picture
    return [
        FabricatorCard(**_card(rows[id_], processes[id_], counts[id_], away.get(id_), firsts.get(id_))) for id_ in ids
    ]


def _picture_url(slug: str, picture: FabricatorPicture) -> str:
    return f"/fabricators/{slug}/pictures/{picture.id}-800.webp"


def _card(
    row: Fabricator, processes: list[str], machines: int, away: float | None, picture: FabricatorPicture | None
) -> dict[str, Any]:
    names = ("slug", "name", "kind", "status", "summary", "country", "lead_time_days", "is_example")
    exactness = {"country": 0, "region": 1, "town": 2, "exact": 3}[row.precision]
    return {
        **{name: getattr(row, name) for name in names},
        "town": row.town if exactness >= 2 else "",
        "region": row.region if exactness >= 1 else "",
        "lat_deg": row.shown_lat_deg,
        "lon_deg": row.shown_lon_deg,
        "distance_km": None if away is None else round(away, 1),
        "processes": processes,
        "machines": machines,
        "picture": _picture_url(row.slug, picture) if picture else None,
    }


def parameter_text(parameter: vocabulary.Parameter, value: Any) -> str:
    """A parameter's value as people read it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    if isinstance(value, int | float):
        return unit(value, parameter.unit, 3).rstrip("\u202f")
    return str(value)


def machine_views(session: Session, fabricator_id: int) -> list[MachineView]:
    """A fabricator's machines, in its order."""
    rows = session.exec(
        select(Machine).where(Machine.fabricator_id == fabricator_id).order_by(col(Machine.position), col(Machine.id))
    ).all()
    materials = _materials(session, [row.id or 0 for row in rows])
    return [_machine_view(row, materials.get(row.id or 0, [])) for row in rows]


def _materials(session: Session, ids: Iterable[int]) -> dict[int, list[MachineMaterial]]:
    found: dict[int, list[MachineMaterial]] = defaultdict(list)
    of = select(MachineMaterial).where(col(MachineMaterial.machine_id).in_(list(ids)))
    for row in session.exec(of.order_by(col(MachineMaterial.id))):
        found[row.machine_id].append(row)
    return found


def _machine_view(row: Machine, materials: list[MachineMaterial]) -> MachineView:
    ordered = [p for p in vocabulary.parameters(row.process) if p.name in row.parameters]
    ordered += [vocabulary.PARAMETERS[n] for n in row.parameters if vocabulary.PARAMETERS[n] not in ordered]
    names = (
        "name", "process", "maker", "model", "count", "status", "work_x_mm", "work_y_mm", "work_z_mm", "parameters",
        "setup_minor", "hour_minor", "notes",
    )  # fmt: skip
    return MachineView(
        id=row.id or 0,
        process_name=vocabulary.process_name(row.process),
        told=[
            ParameterView(name=p.name, label=p.label, text=parameter_text(p, row.parameters[p.name])) for p in ordered
        ],
        materials=[
            MaterialView(
                material=material.material,
                name=vocabulary.material_name(material.material),
                thickness_min_mm=material.thickness_min_mm,
                thickness_max_mm=material.thickness_max_mm,
            )
            for material in materials
        ],
        extra=row.extra,
        said_process=str(row.extra.get("process", "")) if row.process == vocabulary.OTHER else "",
        **{name: getattr(row, name) for name in names},
    )


def get_fabricator(session: Session, slug: str, away: float | None = None) -> FabricatorDetail:
    """A fabricator with its machines and pictures, as others may see it. Raises: NotFound."""
    row = find_fabricator(session, slug)
    machines = machine_views(session, row.id or 0)
    pictures = session.exec(
        select(FabricatorPicture)
        .where(FabricatorPicture.fabricator_id == row.id)
        .order_by(col(FabricatorPicture.position), col(FabricatorPicture.id))
    ).all()
    processes = list(dict.fromkeys(m.process for m in machines if m.process != vocabulary.OTHER))
    names = (
        "description", "languages", "access", "certifications", "opening_hours", "capacity_hours_week", "currency",
        "website", "email", "precision", "updated_at", "extra",
    )  # fmt: skip
    exact = row.precision == "exact"
    return FabricatorDetail(
        **_card(row, processes, sum(m.count for m in machines), away, pictures[0] if pictures else None),
        **{name: getattr(row, name) for name in names},
        id=row.id or 0,
        street=row.street if exact else "",
        postcode=row.postcode if exact else "",
        machine_list=machines,
        pictures=[
            PictureView(
                id=p.id or 0, url=_picture_url(slug, p), words=p.words, width_px=p.width_px, height_px=p.height_px
            )
            for p in pictures
        ],
    )


def list_members(session: Session, fabricator_id: int) -> list[MemberView]:
    """The people of a fabricator, the first first."""
    rows = session.exec(
        select(Member).where(Member.fabricator_id == fabricator_id).order_by(col(Member.created_at))
    ).all()
    return [
        MemberView(account_id=row.account_id, handle=handle_of(session, row.account_id), role=row.role) for row in rows
    ]


def fabricators_of(session: Session, account_id: int) -> list[tuple[str, str, str]]:
    """(slug, name, role) of what an account has a part in."""
    rows = session.exec(
        select(Fabricator.slug, Fabricator.name, Member.role)
        .join(Member, col(Member.fabricator_id) == col(Fabricator.id))
        .where(Member.account_id == account_id)
        .order_by(Fabricator.name)
    )
    return list(rows)


def picture_digest(session: Session, slug: str, picture_id: int, width: int) -> str:
    """The blob of a picture in a width. Raises: NotFound."""
    row = find_fabricator(session, slug)
    picture = session.get(FabricatorPicture, picture_id)
    if picture is None or picture.fabricator_id != row.id or str(width) not in picture.files:
        raise NotFound(f"{row.name} has no such picture.", "Reload the page you came from.")
    return picture.files[str(width)]


def machine_facts(session: Session, fabricator_ids: Iterable[int] | None = None) -> list[MachineFacts]:
    """Machines as matching sees them: of some fabricators, or of all that are not closed."""
    statement = select(Machine, Fabricator.currency).join(Fabricator, col(Fabricator.id) == Machine.fabricator_id)
    if fabricator_ids is None:
        statement = statement.where(Fabricator.status != "closed")
        materials_of = select(MachineMaterial)
    else:
        ids = list(fabricator_ids)
        statement = statement.where(col(Machine.fabricator_id).in_(ids))
        machines = select(Machine.id).where(col(Machine.fabricator_id).in_(ids))
        materials_of = select(MachineMaterial).where(col(MachineMaterial.machine_id).in_(machines))
    materials: dict[int, list[tuple[str, float | None, float | None]]] = defaultdict(list)
    for row in session.exec(materials_of.order_by(col(MachineMaterial.id))):
        materials[row.machine_id].append((row.material, row.thickness_min_mm, row.thickness_max_mm))
    names = (
        "fabricator_id", "name", "process", "count", "status", "work_x_mm", "work_y_mm", "work_z_mm", "parameters",
        "setup_minor", "hour_minor",
    )  # fmt: skip
    return [
        MachineFacts(
            id=machine.id or 0,
            materials=tuple(materials.get(machine.id or 0, ())),
            currency=currency,
            **{name: getattr(machine, name) for name in names},
        )
        for machine, currency in session.exec(statement.order_by(col(Machine.fabricator_id), col(Machine.position)))
    ]
