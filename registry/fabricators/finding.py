"""Who can make a version, and what a fabricator could make: a first look in the database, then every limit."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlmodel import Session, col, select

from registry.designs.tables import Design, Revision
from registry.errors import NotFound
from registry.fabricators.estimates import cost_minor
from registry.fabricators.fleet import Guess, Machines, Shop, asks_of, fleet_of, likely, machines_of, read_machines
from registry.fabricators.making_schemas import (
    CouldMake,
    FabricatorMatch,
    Makeable,
    MakeableParts,
    Matches,
    Near,
    NeedAnswer,
)
from registry.fabricators.matching import Answer, judge, kinds, quick
from registry.fabricators.needs import SHEET, Need, Needs
from registry.fabricators.needs_tables import VersionNeeds
from registry.fabricators.piecewise import makeable_pieces, pieces_of
from registry.fabricators.plans import Offer, plans
from registry.fabricators.schemas import MachineFacts
from registry.fabricators.tables import Fabricator
from registry.fabricators.vocabulary import process_and_kinds
from registry.recent import Recent

CANDIDATES = 300
SHOWN = 24
DESIGNS_JUDGED = 120
PARTS_JUDGED = 24
NEEDS_KEPT = 20_000
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
    machines = machines_of(session, found)
    judged = []
    for fabricator in found:
        answers = {need.id: _best(need, machines[fabricator.id]) for need in needs}
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
        slugs={fabricator.id: fabricator.slug for fabricator, _, _ in judged if _in_plans(fabricator, made)},
    )


def _in_plans(fabricator: Shop, made: Iterable[Any]) -> bool:
    return any(share.fabricator_id == fabricator.id for plan in made for share in plan.shares)


def count_makers(session: Session, needs: Sequence[Need]) -> tuple[int, int, bool]:
    """(who surely can, who perhaps can, whether there are more than were judged) for a version's box."""
    wanted = [need for need in needs if not need.by_yourself and need.processes]
    if not wanted or any(not need.processes for need in needs):
        return 0, 0, False
    found, more = _first_look(session, wanted, Near(), full=True)
    machines = machines_of(session, found)
    overall = [_worst(wanted, machines[shop.id]) for shop in found]
    return overall.count("yes"), overall.count("unknown"), more


def _first_look(session: Session, needs: Sequence[Need], near: Near, *, full: bool = False) -> tuple[list[Shop], bool]:
    """The likeliest fabricators by processes and sizes alone; with `full`, only those who have a machine for each."""
    fleet = fleet_of(session)
    least = len(needs) if full else 1
    found = []
    scale = math.cos(math.radians(near.lat)) if near.lat is not None else 1.0
    for id_, score in fleet.scores(needs).items():
        if score < least:
            continue
        shop = fleet.shops[id_]
        far = 0.0
        if near.lat is not None and near.lon is not None:
            if shop.lat_deg is None or shop.lon_deg is None:
                continue
            north, east = shop.lat_deg - near.lat, abs(shop.lon_deg - near.lon)
            # a degree of latitude is the same everywhere: what is farther north or south is too far in any case
            if near.km and abs(north) > near.km / 110.0:
                continue
            if near.km and distance_km(near.lat, near.lon, shop.lat_deg, shop.lon_deg) > near.km + 0.1:
                continue
            east = min(east, 360.0 - east) * scale
            far = north * north + east * east
        found.append((-score, far, id_))
    likeliest = heapq.nsmallest(CANDIDATES, found)
    return [fleet.shops[id_] for _, _, id_ in likeliest], len(found) > CANDIDATES


_Best = tuple[Answer, MachineFacts | None]
_Named = tuple[str, str, str]  # slug, name, version
_read: Recent[Needs] = Recent(NEEDS_KEPT, lambda needs: 1 + len(needs.needs))


def _best(need: Need, machines: Machines) -> _Best:
    """The best answer of a fabricator's machines to a need; the asked process before one that does as well."""
    found: _Best = ("no", None)
    for process in need.processes:
        found = _better(need, machines.get(process, ()), found)
        if found[0] == "yes":
            return found
    others = [
        machine
        for process in kinds(need.processes)
        if process not in need.processes
        for machine in machines.get(process, ())
    ]
    return _better(need, sorted(others, key=lambda one: one.id), found)


def best_machine(need: Need, machines: Machines) -> MachineFacts | None:
    """The machine of a fabricator's that meets a need best; None if none may be asked at all."""
    return _best(need, machines)[1]


def _better(need: Need, machines: Iterable[MachineFacts], found: _Best) -> _Best:
    for machine in machines:
        answer = quick(need, machine)
        if found[1] is None or _RANK[answer] > _RANK[found[0]]:
            found = (answer, machine)
            if answer == "yes":
                break
    return found


def _worst(needs: Iterable[Need], machines: Machines) -> Answer:
    """The overall answer alone: the first no settles it."""
    worst: Answer = "yes"
    for need in needs:
        answer, _ = _best(need, machines)
        if answer == "no":
            return "no"
        if answer == "unknown":
            worst = "unknown"
    return worst


def _overall(answers: Mapping[str, _Best], must: Sequence[str]) -> Answer:
    return min((answers[id_][0] for id_ in must), key=lambda one: _RANK[one])


def _order(fabricator: Shop, answers: Mapping[str, _Best], away: float | None, must: Sequence[str]) -> Any:
    said = [answers[id_][0] for id_ in must]
    days = fabricator.lead_time_days if fabricator.lead_time_days is not None else 10_000
    return (said.count("no"), said.count("unknown"), away if away is not None else 1e9, days, fabricator.id)


def _distance(near: Near, fabricator: Shop) -> float | None:
    lat, lon = fabricator.lat_deg, fabricator.lon_deg
    if near.lat is None or near.lon is None or lat is None or lon is None:
        return None
    return round(distance_km(near.lat, near.lon, lat, lon), 1)


def _offer(fabricator: Shop, answers: Mapping[str, _Best], away: float | None, needs: Sequence[Need]) -> Offer:
    costs = {}
    for need in needs:
        answer, machine = answers[need.id]
        if answer == "yes" and machine and (cost := cost_minor(need, machine)) is not None:
            costs[need.id] = cost
    covered = frozenset(id_ for id_, (answer, _) in answers.items() if answer == "yes")
    return Offer(fabricator.id, fabricator.name, covered, away, costs, fabricator.currency)


def _item(
    fabricator: Shop, answers: Mapping[str, _Best], away: float | None, needs: Sequence[Need], must: Sequence[str]
) -> FabricatorMatch:
    told = []
    for need in needs:
        answer, machine = answers[need.id]
        reasons = list(judge(need, machine).reasons) if machine else []
        told.append(NeedAnswer(need=need.id, answer=answer, machine=machine.name if machine else "", reasons=reasons))
    return FabricatorMatch(
        slug=fabricator.slug,
        name=fabricator.name,
        town=fabricator.town,
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
    machines = read_machines(session, [fabricator.id or 0]).get(fabricator.id or 0, {})
    ready = {
        process: [machine for machine in these if machine.status in ("ready", "busy")]
        for process, these in machines.items()
    }
    rows, further = _likely(session, [machine for these in ready.values() for machine in these])
    rows_judged = rows[:DESIGNS_JUDGED]
    names = dict(_named(session, [row[0] for row in [*rows_judged, *further]]))
    today, one_step, parts = [], [], []
    for revision_id, _ in rows_judged:
        if revision_id not in names:
            continue
        named, data = names[revision_id]
        one = _makeable(named, data.needs, ready)
        if one is not None and not one.lacking:
            today.append(one)
            continue
        if one is not None and len(one.lacking) == 1:
            one_step.append(one)
        if one is not None:
            further.append((revision_id, len(one.lacking)))
    for revision_id, _ in sorted(further, key=lambda row: row[1])[:PARTS_JUDGED]:
        if revision_id in names and (some := _parts(*names[revision_id], ready)).pieces:
            parts.append(some)
    today.sort(key=lambda one: len(one.unsure))
    return CouldMake(
        slug=fabricator.slug,
        name=fabricator.name,
        today=today,
        one_step=one_step,
        parts=parts,
        candidates=len(rows),
        judged=len(rows_judged),
        unread=unread,
    )


def _likely(session: Session, machines: Sequence[MachineFacts]) -> tuple[list[Guess], list[Guess]]:
    """(revision, needs that surely lack a machine) of designs that lack at most one, and of some that lack more."""
    asks = asks_of(session)
    return likely(asks, {way: _largest(way, machines) for way in asks.ways}, PARTS_JUDGED)


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


def _named(session: Session, revisions: Sequence[int]) -> list[tuple[int, tuple[_Named, Needs]]]:
    """Names and needs of some versions; of needs that were read lately, not even the text is fetched."""
    rows = list(
        session.exec(
            select(  # type: ignore[call-overload]
                Revision.id, Design.slug, Design.name, Revision.label, VersionNeeds.derived_at
            )
            .join(Design, col(Design.id) == col(Revision.design_id))
            .join(VersionNeeds, col(VersionNeeds.revision_id) == col(Revision.id))
            .where(col(Revision.id).in_(revisions), col(Revision.newest), col(Revision.current))
        )
    )
    engine = id(session.get_bind())
    found = []
    for id_, slug, name, label, derived_at in rows:

        def read(id_: int = id_) -> Needs:
            data = session.exec(select(VersionNeeds.data).where(VersionNeeds.revision_id == id_)).one()
            return Needs.model_validate(data)

        found.append((id_, ((slug, name, label), _read.get((engine, id_, derived_at), read))))
    return found


def _makeable(named: _Named, needs: Sequence[Need], machines: Machines) -> Makeable | None:
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


def _parts(named: _Named, needs: Needs, machines: Machines) -> MakeableParts:
    """The boards and parts of a version that machines can make, with what the rest lacks."""
    return MakeableParts(
        design=named[0],
        name=named[1],
        version=named[2],
        pieces=makeable_pieces(needs.needs, lambda need: _best(need, machines)),
        of=len(pieces_of(needs.needs)),
        lacking=[need.title for need in needs.needs if not need.by_yourself and _best(need, machines)[0] == "no"],
    )
