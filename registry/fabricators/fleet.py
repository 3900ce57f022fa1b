"""What first looks need of all machines, and of all that designs need: kept in memory, renewed by what changed since.

The database stays the truth: each look asks it for a stamp, and reads again only what is newer.
"""

from __future__ import annotations

import bisect
import datetime as dt
import heapq
import itertools
import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from sqlalchemy import func
from sqlmodel import Session, col, select

from registry.fabricators.matching import kinds
from registry.fabricators.needs import SHEET, Need
from registry.fabricators.needs_tables import DesignNeed, VersionNeeds
from registry.fabricators.schemas import MachineFacts
from registry.fabricators.tables import Fabricator, Machine, MachineMaterial

# A transaction may end after one that began later: what changed in this time before the newest is read again.
OVERLAP = dt.timedelta(seconds=60)
ALL_AGAIN = 2000
LAST = 100
SHOPS_KEPT = 4000
_ANY = (float("inf"), float("inf"))

Size = tuple[float, float]
Machines = Mapping[str, Sequence[MachineFacts]]
Asked = tuple[str, float, float]  # way, longest side, next side
Guess = tuple[int, int]  # revision, needs that surely lack a machine


class Shop(NamedTuple):
    """A fabricator as far as matching shows it; the place as precisely as it wants."""

    id: int
    slug: str
    name: str
    town: str
    country: str
    lead_time_days: int | None
    currency: str
    lat_deg: float | None
    lon_deg: float | None
    changed: dt.datetime


class Rooms(NamedTuple):
    """Tables of one process, the longest first, as columns."""

    longs: tuple[float, ...]
    """The longer sides, negative: rising."""
    shorts: tuple[float, ...]
    ids: tuple[int, ...]


@dataclass(frozen=True)
class Fleet:
    """Active fabricators, and by process whose machines that run are how large. Never changed once it is made."""

    stamp: tuple[Any, ...] = ()
    shops: Mapping[int, Shop] = field(default_factory=dict)
    sizes: Mapping[str, Mapping[int, tuple[Size, ...]]] = field(default_factory=dict)
    rooms: Mapping[str, Rooms] = field(default_factory=dict)

    def scores(self, needs: Iterable[Need]) -> Counter[int]:
        """How many of some needs each fabricator may meet, by processes and sizes alone."""
        score: Counter[int] = Counter()
        for need in needs:
            hull = need.hull_mm if need.process in SHEET else None
            able: set[int] = set()
            for process in kinds(need.processes):
                if hull is None:
                    able.update(self.sizes.get(process, {}))
                elif (room := self.rooms.get(process)) is not None:
                    long, short = hull[0], float(hull[1])
                    # the longest first: what is too short altogether isn't looked at
                    end = bisect.bisect_right(room.longs, -long)
                    able.update(itertools.compress(room.ids[:end], map(short.__le__, room.shorts[:end])))
            score.update(able)
        return score


@dataclass(frozen=True)
class Asks:
    """What the newest version of each design needs of machines: (design, its revision, needs)."""

    stamp: tuple[Any, ...] = ()
    designs: Mapping[int, tuple[int, tuple[Asked, ...]]] = field(default_factory=dict)
    ways: frozenset[str] = frozenset()


class _Kept:
    """What one database's looks share."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.fleet = Fleet()
        self.asks = Asks()
        self.machines: dict[int, tuple[dt.datetime, Machines]] = {}


_every: WeakKeyDictionary[Any, _Kept] = WeakKeyDictionary()
_making = threading.Lock()


def _kept(session: Session) -> _Kept:
    engine = session.get_bind()
    with _making:
        if engine not in _every:
            _every[engine] = _Kept()
        return _every[engine]


def _stamp(session: Session, id_: Any, changed: Any) -> tuple[Any, ...]:
    """(how many rows, the newest time, how many of the last minute before it, the last that changed with their times).

    Clocks of several hosts differ and transactions end in another order than they began, so a change may bear an
    older time than one that is known already: it moves within the last ones, or changes how many those are.
    """
    newest_first = select(id_, changed).order_by(changed.desc(), id_.desc()).limit(LAST)
    last = tuple((row[0], row[1]) for row in session.exec(newest_first))
    if not last:
        return (0, None, 0, ())
    newest = last[0][1]
    many = session.exec(select(func.count(changed))).one()
    lately = session.exec(select(func.count(changed)).where(changed >= newest - OVERLAP)).one()
    return (many, newest, lately, last)


def fleet_of(session: Session) -> Fleet:
    """All active fabricators with what their machines can hold, as the database has them now."""
    kept = _kept(session)
    stamp = _stamp(session, col(Fabricator.id), col(Fabricator.updated_at))
    with kept.lock:
        if kept.fleet.stamp != stamp:
            kept.fleet = _renewed(session, kept.fleet, stamp)
        return kept.fleet


def _renewed(session: Session, old: Fleet, stamp: tuple[Any, ...]) -> Fleet:
    there = set(session.exec(select(Fabricator.id)))
    newer = _newer(session, Fabricator.id, col(Fabricator.updated_at), old.stamp)
    if newer is not None and len(newer) > ALL_AGAIN:
        newer = None
    kept = {} if newer is None else old.shops
    shops = {id_: shop for id_, shop in kept.items() if id_ in there and id_ not in (newer or ())}
    sizes: dict[str, dict[int, tuple[Size, ...]]] = defaultdict(dict)
    for process, have in old.sizes.items():
        sizes[process] = {id_: found for id_, found in have.items() if id_ in shops}
    of: Any = (
        Fabricator.id, Fabricator.slug, Fabricator.name, Fabricator.town, Fabricator.region, Fabricator.country,
        Fabricator.lead_time_days, Fabricator.currency, Fabricator.shown_lat_deg, Fabricator.shown_lon_deg,
        Fabricator.precision, Fabricator.updated_at,
    )  # fmt: skip
    read: Any = select(*of).where(Fabricator.status == "active")
    measured: Any = select(Machine.fabricator_id, Machine.process, Machine.work_x_mm, Machine.work_y_mm).where(
        col(Machine.status).in_(("ready", "busy"))
    )
    if newer is not None:
        read = read.where(col(Fabricator.id).in_(newer))
        measured = measured.where(col(Machine.fabricator_id).in_(newer))
    for id_, slug, name, town, region, country, days, currency, lat, lon, precision, changed in session.exec(read):
        shown = town if precision in ("exact", "town") else "" if precision == "country" else region
        shops[id_] = Shop(id_, slug, name, shown, country, days, currency, lat, lon, changed)
    for id_, process, wide, high in session.exec(measured):
        if id_ in shops:
            size: Size = _ANY if wide is None or high is None else (max(wide, high), min(wide, high))
            known = sizes[process].get(id_, ())
            if size not in known:
                sizes[process][id_] = (*known, size)
    return Fleet(stamp, shops, dict(sizes), {process: _rooms(have) for process, have in sizes.items() if have})


def _rooms(have: Mapping[int, Sequence[Size]]) -> Rooms:
    rows = sorted((-long, float(short), id_) for id_, sizes in have.items() for long, short in sizes)
    return Rooms(
        tuple(long for long, _, _ in rows), tuple(short for _, short, _ in rows), tuple(id_ for *_, id_ in rows)
    )


def _newer(session: Session, id_: Any, changed: Any, stamp: tuple[Any, ...]) -> set[int] | None:
    """Ids of what changed since a stamp; None: all."""
    if not stamp or stamp[1] is None:
        return None
    return set(session.exec(select(id_).where(changed >= stamp[1] - OVERLAP)))


def machines_of(session: Session, shops: Sequence[Shop]) -> dict[int, Machines]:
    """The machines of some fabricators by process, in the order in which they were added."""
    kept = _kept(session).machines
    found = {}
    for shop in shops:
        known = kept.get(shop.id)
        if known is not None and known[0] == shop.changed:
            found[shop.id] = known[1]
    missing = [shop for shop in shops if shop.id not in found]
    if missing:
        if len(kept) + len(missing) > SHOPS_KEPT:
            kept.clear()
        ids = [shop.id for shop in missing]
        # The time is asked for before the machines, of the very state that they are read from: another session may
        # have seen a newer one, and what is kept under its time would never be read again.
        times = select(Fabricator.id, Fabricator.updated_at).where(col(Fabricator.id).in_(ids))
        changed: dict[int | None, dt.datetime] = dict(session.exec(times).all())
        read = read_machines(session, ids)
        for id_ in ids:
            found[id_] = read.get(id_, {})
            if id_ in changed:
                kept[id_] = (changed[id_], found[id_])
    return found


def read_machines(session: Session, fabricators: Sequence[int]) -> dict[int, Machines]:
    """Machines of some fabricators by process, read without the weight of whole rows."""
    columns = (
        Machine.id, Machine.fabricator_id, Machine.name, Machine.process, Machine.count, Machine.status,
        Machine.work_x_mm, Machine.work_y_mm, Machine.work_z_mm, Machine.parameters, Machine.setup_minor,
        Machine.hour_minor, Fabricator.currency,
    )  # fmt: skip
    chosen: Any = (
        select(*columns)  # type: ignore[call-overload]
        .join(Fabricator, col(Fabricator.id) == col(Machine.fabricator_id))
        .where(col(Machine.fabricator_id).in_(fabricators))
        .order_by(Machine.id)
    )
    takes: dict[int, list[tuple[str, float | None, float | None]]] = defaultdict(list)
    of_these = (
        select(
            MachineMaterial.machine_id,
            MachineMaterial.material,
            MachineMaterial.thickness_min_mm,
            MachineMaterial.thickness_max_mm,
        )
        .join(Machine, col(Machine.id) == col(MachineMaterial.machine_id))
        .where(col(Machine.fabricator_id).in_(fabricators))
        .order_by(col(MachineMaterial.id))
    )
    for machine_id, material, thin, thick in session.exec(of_these):
        takes[machine_id].append((material, thin, thick))
    found: dict[int, dict[str, list[MachineFacts]]] = defaultdict(lambda: defaultdict(list))
    for row in session.exec(chosen):
        found[row[1]][row[3]].append(
            MachineFacts(
                id=row[0], fabricator_id=row[1], name=row[2], process=row[3], count=row[4], status=row[5],
                work_x_mm=row[6], work_y_mm=row[7], work_z_mm=row[8], materials=tuple(takes.get(row[0], ())),
                parameters=row[9] or {}, setup_minor=row[10], hour_minor=row[11], currency=row[12],
            )
        )  # fmt: skip
    return {id_: dict(machines) for id_, machines in found.items()}


def asks_of(session: Session) -> Asks:
    """What all designs need, as the database has it now."""
    kept = _kept(session)
    stamp = _stamp(session, col(VersionNeeds.revision_id), col(VersionNeeds.derived_at))
    with kept.lock:
        if kept.asks.stamp != stamp:
            kept.asks = _asked_again(session, kept.asks, stamp)
        return kept.asks


def _asked_again(session: Session, old: Asks, stamp: tuple[Any, ...]) -> Asks:
    newer = _newer(session, VersionNeeds.design_id, col(VersionNeeds.derived_at), old.stamp)
    if newer is not None and (len(newer) > ALL_AGAIN or stamp[0] < old.stamp[0]):
        newer = None
    read: Any = select(  # type: ignore[call-overload]
        DesignNeed.design_id, DesignNeed.revision_id, DesignNeed.way, DesignNeed.x_mm, DesignNeed.y_mm
    )
    if newer is not None:
        read = read.where(col(DesignNeed.design_id).in_(newer))
    found: dict[int, tuple[int, list[Asked]]] = {}
    for design_id, revision_id, way, long, short in session.exec(read):
        found.setdefault(design_id, (revision_id, []))[1].append((way, long, short))
    designs = {} if newer is None else {id_: one for id_, one in old.designs.items() if id_ not in newer}
    for id_, (revision_id, asked) in found.items():
        designs[id_] = (revision_id, tuple(asked))
    ways = frozenset(way for _, asked in designs.values() for way, _, _ in asked)
    return Asks(stamp, designs, ways)


def likely(asks: Asks, sizes: Mapping[str, Size | None], parts_max: int = 0) -> tuple[list[Guess], list[Guess]]:
    """Two lists of (revision, needs that surely lack a machine), best first: designs that lack at most one, and of
    those that lack more but have a need that is met, the best `parts_max`. `sizes` maps a way to the largest sides that
    are taken for it, None for any; a way that is missing is served by nobody."""
    found: list[Guess] = []
    parts: list[Guess] = []
    for revision_id, asked in asks.designs.values():
        lacking = 0
        for way, long, short in asked:
            size = sizes.get(way, (0.0, 0.0))
            if size is not None and (long > size[0] or short > size[1] or size == (0.0, 0.0)):
                lacking += 1
                if lacking > 1 and not parts_max:
                    break
        if lacking == len(asked):
            continue
        (found if lacking <= 1 else parts).append((revision_id, lacking))
    found.sort(key=lambda one: (one[1], -one[0]))
    return found, heapq.nsmallest(parts_max, parts, key=lambda one: (one[1], -one[0]))
