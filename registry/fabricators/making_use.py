"""Use cases of matching that pages, JSON and the command line share."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from sqlalchemy import func
from sqlmodel import col, or_, select

from registry.errors import Invalid
from registry.fabricators import finding, making
from registry.fabricators.fleet import fleet_of
from registry.fabricators.making_schemas import CorrectionWish, CouldMake, Matches, Near, NeedsView
from registry.fabricators.place import country_name, find_spot
from registry.fabricators.queries import shown_region, shown_town
from registry.fabricators.tables import Fabricator
from registry.recent import Recent
from registry.stores.stores import Stores

KEPT_COUNTS = 20_000
PLACE_CHARS = 80
AIMS = {"hands": "fewest hands", "distance": "least distance", "cost": "least cost"}
_counts: Recent[tuple[int, int, bool]] = Recent(KEPT_COUNTS, lambda _: 1)


class NearQuery(BaseModel):
    """Where to look: a place as people say it, or degrees; and how far."""

    model_config = ConfigDict(frozen=True)

    place: str = ""
    lat: str = ""
    lon: str = ""
    km: str = ""


def near_of(stores: Stores, query: NearQuery) -> tuple[Near, str]:
    """(place, what it was taken for). Raises: Invalid for what is no place."""
    lat, lon, km = (_degrees(name, text) for name, text in (("lat", query.lat), ("lon", query.lon), ("km", query.km)))
    told = ""
    place = query.place.strip()
    if place and lat is None:
        pair = place.replace(";", ",").split(",")
        numbers = [_number(part) for part in pair]
        if len(pair) == 2 and None not in numbers:
            lat, lon = numbers
        else:
            lat, lon, told = _place(stores, place)
    if (lat is None) != (lon is None):
        raise Invalid("lat and lon: one is missing.", "Give both, in degrees.", field="lat")
    if (lat is not None and not -90 <= lat <= 90) or (lon is not None and not -180 <= lon <= 180):
        raise Invalid(
            "lat, lon: that is nowhere on Earth.", "Latitude is -90 to 90, longitude -180 to 180.", field="lat"
        )
    if km is not None and not 0 < km <= 20_100:
        raise Invalid("km: a distance is more than 0 and at most 20,100 km.", "Correct it, and try again.", field="km")
    return Near(lat=lat, lon=lon, km=km), told


def _number(text: str) -> float | None:
    try:
        number = float(text.strip())
    except ValueError:
        return None
    return number if number == number and abs(number) < 1e6 else None


def _degrees(name: str, text: str) -> float | None:
    if not text.strip():
        return None
    number = _number(text.replace(",", "."))
    if number is None:
        raise Invalid(f"{name}: {text[:40]!r} is no number.", "Write it with digits.", field=name)
    return number


def _place(stores: Stores, place: str) -> tuple[float, float, str]:
    """A town or region where fabricators of this registry are, or else any town or country. Raises: Invalid."""
    wanted = place.split(",")[0].strip().lower()[:PLACE_CHARS]
    with stores.db.reading() as session:
        row = session.exec(
            select(
                func.avg(Fabricator.shown_lat_deg),
                func.avg(Fabricator.shown_lon_deg),
                func.count(),
            )
            # only towns and regions that are shown: nobody learns by asking who hides behind a country
            .where(or_(func.lower(shown_town()) == wanted, func.lower(shown_region()) == wanted))
            .where(col(Fabricator.shown_lat_deg).is_not(None))
        ).one()
    if wanted and row[2] and "," not in place:
        return float(row[0]), float(row[1]), place
    spot = find_spot(place)
    if spot is None:
        raise Invalid(
            f"place: {place[:PLACE_CHARS]!r} is no larger town, no country, and no fabricator's town.",
            "Name a larger town near it, or give latitude and longitude, as in '52.5, 13.4'.",
            field="place",
        )
    return spot.lat_deg, spot.lon_deg, ", ".join(filter(None, (spot.name, country_name(spot.country))))


def needs_of(stores: Stores, slug: str, label: str | None) -> NeedsView:
    """What a version needs. Raises: NotFound."""
    return making.read_version(stores, slug, label)


def correct(
    stores: Stores, account_id: int, is_steward: bool, slug: str, label: str | None, wish: CorrectionWish
) -> NeedsView:
    """Keep a designer's correction. Returns: what the version needs now. Raises: NotFound, Forbidden, Invalid."""
    making.correct(stores, account_id, is_steward, slug, label, making.Said(**wish.model_dump()))
    return needs_of(stores, slug, label)


def matches_of(stores: Stores, view: NeedsView, near: Near) -> Matches:
    """Who can make a version, best first."""
    with stores.db.reading() as session:
        return finding.find_matches(session, view.design, view.version, view.needs, near)


def makers_count(stores: Stores, view: NeedsView) -> tuple[int, int, bool]:
    """(who surely can, who perhaps can, are there more), counted again when a fabricator or the needs changed."""
    with stores.db.reading() as session:
        key = (view.design, view.version, view.build_id, len(view.corrections), fleet_of(session).stamp)
        return _counts.get(key, lambda: finding.count_makers(session, view.needs))


def could_make(stores: Stores, slug: str) -> CouldMake:
    """What a fabricator could make of the designs here; some that nobody looked at yet are read first."""
    unread = making.derive_unread(stores)
    with stores.db.reading() as session:
        return finding.find_makeable(session, slug, unread)
