"""Who can make a version, and what a fabricator could make: a first look in the database, then every limit."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Integer, and_, case, func, or_
from sqlalchemy import cast as sql_cast
from sqlmodel import Session, col, select

from registry.designs.tables import Design, Revision
from registry.errors import NotFound
from registry.fabricators.estimates import cost_minor
from registry.fabricators.making_schemas import CouldMake, FabricatorMatch, Makeable, Matches, Near, NeedAnswer
from registry.fabricators.matching import Answer, does, judge, kinds, quick
from registry.fabricators.needs import SHEET, Need, Needs
from registry.fabricators.needs_tables import DesignNeed, VersionNeeds
from registry.fabricators.plans import Offer, plans
from registry.fabricators.schemas import MachineFacts
from registry.fabricators.tables import Fabricator, Machine, MachineMaterial
from registry.fabricators.vocabulary import process_and_kinds

CANDIDATES = 300
SHOWN = 24
DESIGNS_JUDGED = 120
EARTH_KM = 6371.0088
_RANK: dict[Answer, int] = {"no": 0, "unknown": 1, "yes": 2}


def distance_km(lat: float, lon: float, to_lat: float, to_lon: float) -> float:
    """The way over the ground between two places, as the crow flies."""
    one, two = math.radians(lat), math.radians(to_lat)
    part = (
        math.sin((two - one) / 2) ** 2 + math.cos(one) * math.cos(two) * math.sin(math.radians(to_lon - lon) / 2) ** 2
    )
    return 2 * EARTH_KM * math.asin(min(1.0, math.sqrt(part)))


def kinds_of(need: Need) -> frozenset[str]:
    """Every process whose machines may be asked for a need."""
    return kinds(need.processes)


def find_matches(session: Session, design: str, version: str, needs: Sequence[Need], near: Near) -> Matches:
    """Fabricators for a version, best first, with plans over several where no one covers all."""
    wanted = [need for need in needs if not need.by_yourself and need.processes]
    asked = wanted or [need for need in needs if need.processes]
    if not asked:
        return Matches(
            design=design, version=version, items=[], total=0, can=0, perhaps=0, more=False, plans=[], slugs={}
        )
    found, more = _first_look(session, asked, near)
    machines = _machines(session, list(found), frozenset().union(*(kinds_of(need) for need in needs)))
    judged = []
    for id_, fabricator in found.items():
        answers = {need.id: _best(need, machines.get(id_, ())) for need in needs}
        judged.append((fabricator, answers, _distance(near, fabricator)))
    if near.known and near.km:
        judged = [one for one in judged if one[2] is not None and one[2] <= near.km]
    must = [need.id for need in asked]
    judged.sort(key=lambda one: _order(one[0], one[1], one[2], must))
    overall = [_overall(answers, must) for _, answers, _ in judged]
    offers = [_offer(fabricator, answers, away, needs) for fabricator, answers, away in judged]
    made = [] if overall[:1] == ["yes"] else plans(needs, [offer for offer in offers if offer.covered])
    return Matches(
        design=design,
        version=version,
        items=[_item(fabricator, answers, away, needs, must) for fabricator, answers, away in judged[:SHOWN]],
        total=len(judged),
        can=overall.count("yes"),
        perhaps=overall.count("unknown"),
        more=more,
        plans=made,
        slugs={fabricator.id or 0: fabricator.slug for fabricator, _, _ in judged if _in_plans(fabricator, made)},
    )


def _in_plans(fabricator: Fabricator, made: Iterable[Any]) -> bool:
    return any(share.fabricator_id == fabricator.id for plan in made for share in plan.shares)


def count_makers(session: Session, needs: Sequence[Need]) -> tuple[int, int, bool]:
    """(who surely can, who perhaps can, whether there are more than were judged) for a version's box."""
    wanted = [need for need in needs if not need.by_yourself and need.processes]
    if not wanted or any(not need.processes for need in needs):
        return 0, 0, False
    found, more = _first_look(session, wanted, Near(), full=True)
    machines = _machines(session, list(found), frozenset().union(*(kinds_of(need) for need in wanted)))
    overall = [
        _overall({need.id: _best(need, machines.get(id_, ())) for need in wanted}, [need.id for need in wanted])
        for id_ in found
    ]
    return overall.count("yes"), overall.count("unknown"), more


def _first_look(
    session: Session, needs: Sequence[Need], near: Near, *, full: bool = False
) -> tuple[dict[int, Fabricator], bool]:
    """The likeliest fabricators by processes and sizes alone; with `full`, only those who have a machine for each."""
    scores = [
        func.max(case((and_(col(Machine.process).in_(sorted(kinds_of(need))), _fits(need)), 1), else_=0))
        for need in needs
    ]
    score: Any = sum(scores[1:], start=scores[0])
    every = frozenset().union(*(kinds_of(need) for need in needs))
    statement = (
        select(Machine.fabricator_id)
        .join(Fabricator, col(Fabricator.id) == col(Machine.fabricator_id))
        .where(
            col(Machine.process).in_(sorted(every)),
            col(Machine.status).in_(("ready", "busy")),
            Fabricator.status == "active",
        )
        .group_by(col(Machine.fabricator_id), col(Fabricator.shown_lat_deg), col(Fabricator.shown_lon_deg))
        .having(score >= (len(needs) if full else 1))
    )
    order: list[Any] = [score.desc()]
    if near.lat is not None and near.lon is not None:
        statement = statement.where(col(Fabricator.shown_lat_deg).is_not(None))
        if near.km:
            high = near.km / 111.0
            statement = statement.where(col(Fabricator.shown_lat_deg).between(near.lat - high, near.lat + high))
            wide = high / max(0.01, math.cos(math.radians(min(89.0, abs(near.lat) + high))))
            if wide < 180 and -180 <= near.lon - wide and near.lon + wide <= 180:
                statement = statement.where(col(Fabricator.shown_lon_deg).between(near.lon - wide, near.lon + wide))
        north = col(Fabricator.shown_lat_deg) - near.lat
        east = (col(Fabricator.shown_lon_deg) - near.lon) * math.cos(math.radians(near.lat))
        order.append(north * north + east * east)
    ids = list(session.exec(statement.order_by(*order, col(Machine.fabricator_id)).limit(CANDIDATES + 1)))
    rows = session.exec(select(Fabricator).where(col(Fabricator.id).in_(ids[:CANDIDATES])))
    return {row.id or 0: row for row in rows}, len(ids) > CANDIDATES


def _fits(need: Need) -> Any:
    """Whether a machine's table may be large enough, as far as a database can tell: never no where `judge` says yes."""
    hull = need.hull_mm
    if hull is None or need.process not in SHEET:
        return Machine.id == Machine.id
    wide, high = col(Machine.work_x_mm), col(Machine.work_y_mm)
    return or_(
        wide.is_(None),
        high.is_(None),
        and_(wide >= hull[0], high >= hull[1]),
        and_(wide >= hull[1], high >= hull[0]),
    )


def _machines(session: Session, fabricators: Sequence[int], processes: frozenset[str]) -> dict[int, list[MachineFacts]]:
    """Machines of some processes by fabricator, read without the weight of whole rows."""
    columns = (
        Machine.id, Machine.fabricator_id, Machine.name, Machine.process, Machine.count, Machine.status,
        Machine.work_x_mm, Machine.work_y_mm, Machine.work_z_mm, Machine.parameters, Machine.setup_minor,
        Machine.hour_minor, Fabricator.currency,
    )  # fmt: skip
    chosen: Any = (
        select(*columns)  # type: ignore[call-overload]
        .join(Fabricator, col(Fabricator.id) == col(Machine.fabricator_id))
        .where(col(Machine.fabricator_id).in_(fabricators), col(Machine.process).in_(sorted(processes)))
    )
    rows = list(session.exec(chosen))
    takes: dict[int, list[tuple[str, float | None, float | None]]] = defaultdict(list)
    of_these = (
        select(
            MachineMaterial.machine_id,
            MachineMaterial.material,
            MachineMaterial.thickness_min_mm,
            MachineMaterial.thickness_max_mm,
        )
        .join(Machine, col(Machine.id) == col(MachineMaterial.machine_id))
        .where(col(Machine.fabricator_id).in_(fabricators), col(Machine.process).in_(sorted(processes)))
    )
    for machine_id, material, thin, thick in session.exec(of_these):
        takes[machine_id].append((material, thin, thick))
    found: dict[int, list[MachineFacts]] = defaultdict(list)
    for row in rows:
        found[row[1]].append(
            MachineFacts(
                id=row[0], fabricator_id=row[1], name=row[2], process=row[3], count=row[4], status=row[5],
                work_x_mm=row[6], work_y_mm=row[7], work_z_mm=row[8], materials=tuple(takes.get(row[0], ())),
                parameters=row[9] or {}, setup_minor=row[10], hour_minor=row[11], currency=row[12],
            )
        )  # fmt: skip
    return found


_Best = tuple[Answer, MachineFacts | None]
_Named = tuple[str, str, str]  # slug, name, version


def _best(need: Need, machines: Iterable[MachineFacts]) -> _Best:
    """The best answer of a fabricator's machines to a need; the asked process before one that does as well."""
    found: _Best = ("no", None)
    place = 99
    for machine in machines:
        if not does(need, machine.process):
            continue
        answer = quick(need, machine)
        here = need.processes.index(machine.process) if machine.process in need.processes else 50
        if found[1] is None or (_RANK[answer], -here) > (_RANK[found[0]], -place):
            found, place = (answer, machine), here
    return found


def _overall(answers: Mapping[str, _Best], must: Sequence[str]) -> Answer:
    return min((answers[id_][0] for id_ in must), key=lambda one: _RANK[one])


def _order(fabricator: Fabricator, answers: Mapping[str, _Best], away: float | None, must: Sequence[str]) -> Any:
    said = [answers[id_][0] for id_ in must]
    days = fabricator.lead_time_days if fabricator.lead_time_days is not None else 10_000
    return (said.count("no"), said.count("unknown"), away if away is not None else 1e9, days, fabricator.id)


def _distance(near: Near, fabricator: Fabricator) -> float | None:
    lat, lon = fabricator.shown_lat_deg, fabricator.shown_lon_deg
    if near.lat is None or near.lon is None or lat is None or lon is None:
        return None
    return round(distance_km(near.lat, near.lon, lat, lon), 1)


def _offer(fabricator: Fabricator, answers: Mapping[str, _Best], away: float | None, needs: Sequence[Need]) -> Offer:
    costs = {}
    for need in needs:
        answer, machine = answers[need.id]
        if answer == "yes" and machine and (cost := cost_minor(need, machine)) is not None:
            costs[need.id] = cost
    covered = frozenset(id_ for id_, (answer, _) in answers.items() if answer == "yes")
    return Offer(fabricator.id or 0, fabricator.name, covered, away, costs, fabricator.currency)


def _item(
    fabricator: Fabricator, answers: Mapping[str, _Best], away: float | None, needs: Sequence[Need], must: Sequence[str]
) -> FabricatorMatch:
    told = []
    for need in needs:
        answer, machine = answers[need.id]
        reasons = list(judge(need, machine).reasons) if machine else []
        told.append(NeedAnswer(need=need.id, answer=answer, machine=machine.name if machine else "", reasons=reasons))
    return FabricatorMatch(
        slug=fabricator.slug,
        name=fabricator.name,
        town=fabricator.town if fabricator.precision in ("exact", "town") else fabricator.region,
        country=fabricator.country,
        distance_km=away,
        lead_time_days=fabricator.lead_time_days,
        answer=_overall(answers, must),
        covered=sum(answers[id_][0] == "yes" for id_ in must),
        of=len(must),
        answers=told,
    )


# --- from a fabricator


def find_makeable(session: Session, slug: str, unread: int = 0) -> CouldMake:
    """What a fabricator could make today of the newest versions here, and what lacks one step. Raises: NotFound."""
    fabricator = session.exec(select(Fabricator).where(Fabricator.slug == slug)).first()
    if fabricator is None:
        raise NotFound(f"There is no fabricator called {slug[:80]} here.", "Look at the list of fabricators.")
    every = session.exec(select(Machine.process).where(Machine.fabricator_id == fabricator.id).distinct()).all()
    machines = _machines(session, [fabricator.id or 0], frozenset(every)).get(fabricator.id or 0, [])
    ready = [machine for machine in machines if machine.status in ("ready", "busy")]
    rows = _likely(session, ready)
    names = dict(_named(session, [row[0] for row in rows[:DESIGNS_JUDGED]]))
    today, one_step = [], []
    for revision_id, _ in rows[:DESIGNS_JUDGED]:
        if revision_id not in names:
            continue
        named, data = names[revision_id]
        one = _makeable(named, Needs.model_validate(data).needs, ready)
        if one is not None and not one.lacking:
            today.append(one)
        elif one is not None and len(one.lacking) == 1 and one.answer == "no":
            one_step.append(one)
    today.sort(key=lambda one: len(one.unsure))
    return CouldMake(
        slug=fabricator.slug,
        name=fabricator.name,
        today=today,
        one_step=one_step,
        candidates=len(rows),
        judged=min(len(rows), DESIGNS_JUDGED),
        unread=unread,
    )


def _likely(session: Session, machines: Sequence[MachineFacts]) -> list[tuple[int, int]]:
    """(revision, needs that surely lack a machine) of designs that lack at most one, best first."""
    ways = session.exec(select(DesignNeed.way).distinct()).all()
    ours = {way: _largest(way, machines) for way in ways}
    served = [
        and_(
            col(DesignNeed.way) == way,
            *([] if size is None else [col(DesignNeed.x_mm) <= size[0], col(DesignNeed.y_mm) <= size[1]]),
        )
        for way, size in ours.items()
        if size != (0.0, 0.0)
    ]
    if not served:
        return []
    lacking = func.sum(sql_cast(case((or_(*served), 0), else_=1), Integer))
    statement = (
        select(DesignNeed.revision_id, lacking)
        .group_by(col(DesignNeed.design_id), col(DesignNeed.revision_id))
        .having(and_(lacking <= 1, lacking < func.count(col(DesignNeed.id))))
        .order_by(lacking, col(DesignNeed.revision_id).desc())
    )
    return [(int(revision), int(count)) for revision, count in session.exec(statement)]


def _largest(way: str, machines: Sequence[MachineFacts]) -> tuple[float, float] | None:
    """The largest sides that any machine for a way takes; None for any size, (0, 0) if there is no machine."""
    asked = way.split("-")
    kinds = frozenset().union(*(process_and_kinds(process) for process in asked))
    able = [machine for machine in machines if machine.process in kinds]
    if not able:
        return (0.0, 0.0)
    if asked[0] not in SHEET or any(machine.work_x_mm is None or machine.work_y_mm is None for machine in able):
        return None
    sides = [sorted((machine.work_x_mm or 0.0, machine.work_y_mm or 0.0), reverse=True) for machine in able]
    return (max(side[0] for side in sides), max(side[1] for side in sides))


def _named(session: Session, revisions: Sequence[int]) -> list[tuple[int, tuple[_Named, dict[str, Any]]]]:
    rows = session.exec(
        select(  # type: ignore[call-overload]
            Revision.id, Design.slug, Design.name, Revision.label, VersionNeeds.data
        )
        .join(Design, col(Design.id) == col(Revision.design_id))
        .join(VersionNeeds, col(VersionNeeds.revision_id) == col(Revision.id))
        .where(col(Revision.id).in_(revisions))
    )
    return [(id_ or 0, ((slug, name, label), dict(data))) for id_, slug, name, label, data in rows]


def _makeable(named: _Named, needs: Sequence[Need], machines: Sequence[MachineFacts]) -> Makeable | None:
    asked = [need for need in needs if not need.by_yourself]
    if not asked:
        return None
    answers = [(need, *_best(need, machines)) for need in asked]
    lacking = [(need, machine) for need, answer, machine in answers if answer == "no"]
    unsure = [(need, machine) for need, answer, machine in answers if answer == "unknown"]
    why = []
    for need, machine in [*lacking, *unsure][:4]:
        if machine is None:
            why.append(f"{need.title}: no machine of theirs does this.")
        else:
            why += [f"{machine.name}: {reason.sentence}" for reason in judge(need, machine).against[:2]]
    return Makeable(
        design=named[0],
        name=named[1],
        version=named[2],
        answer="no" if lacking else "unknown" if unsure else "yes",
        lacking=[need.title for need, _ in lacking],
        unsure=[need.title for need, _ in unsure],
        why=why,
    )
