"""A search in plain words, read into fields: 'laser cutter that takes 3 mm aluminium within 100 km of Ghent'."""

from __future__ import annotations

import re

from registry.fabricators import vocabulary
from registry.fabricators.place import country_name, find_country, find_spot
from registry.fabricators.schemas import FabricatorQuery

_UNITS = {"mm": 1.0, "cm": 10.0, "m": 1000.0, "inch": 25.4, "in": 25.4}
_NUMBER = r"(\d+(?:[.,]\d+)?)"
_WITHIN = re.compile(rf"\b(?:within|in|less than|up to|at most)?\s*{_NUMBER}\s*(km|miles?|mi)\b", re.I)
_NEAR = re.compile(r"\b(?:near|around|close to|of|from|in)\s+([^\d\s,][^\d]{1,60})$", re.I)
_SIZE = re.compile(rf"\b{_NUMBER}\s*(mm|cm|m)?\s*(?:x|×|by)\s*{_NUMBER}\s*(mm|cm|m)\b", re.I)
_THICK = re.compile(rf"\b{_NUMBER}\s*(mm|cm|inch)\b(?:\s+thick)?", re.I)
_FILLERS = frozenset(
    "a an the that which who can could takes take taking cut cuts cutting make makes with for of in near within around "
    "from to and or me my some any works work up thick thickness sheet someone somebody do does is are place".split()
)
_SPAN = 4  # words in the longest name


def _figure(text: str) -> float:
    return float(text.replace(",", "."))


def read_words(query: FabricatorQuery) -> FabricatorQuery:
    """The words of `q` as fields; a field that is set is not overruled, what isn't understood stays in `q`."""
    rest = query.q
    found: dict[str, object] = {}
    if hit := _WITHIN.search(rest):
        found["within_km"] = _figure(hit[1]) * (1 if hit[2].lower() == "km" else 1.609344)
        rest = rest[: hit.start()] + " near " * (rest[hit.end() :].strip().lower()[:3] == "of ") + rest[hit.end() :]
        rest = re.sub(r"\bnear\s+of\b", "near", " ".join(rest.split()), flags=re.I)
    if (hit := _NEAR.search(rest.strip())) and _is_place(hit[1]):
        found["near"] = hit[1].strip(" ,.")
        rest = rest.strip()[: hit.start()]
    if hit := _SIZE.search(rest):
        found["x_mm"] = _figure(hit[1]) * _UNITS[(hit[2] or hit[4]).lower()]
        found["y_mm"] = _figure(hit[3]) * _UNITS[hit[4].lower()]
        rest = rest[: hit.start()] + " " + rest[hit.end() :]
    if hit := _THICK.search(rest):
        found["thickness_mm"] = round(_figure(hit[1]) * _UNITS[hit[2].lower()], 6)
        rest = rest[: hit.start()] + " " + rest[hit.end() :]
    words = vocabulary.fold(rest).split()
    for field, names in (("process", vocabulary.process_names()), ("material", vocabulary.material_names())):
        if spot := _longest(words, names):
            start, size, id_ = spot
            found[field] = id_
            words[start : start + size] = []
    found = {name: value for name, value in found.items() if getattr(query, name) in ("", None)}
    left = " ".join(word for word in words if word not in _FILLERS) if found else query.q
    return query.model_copy(update={**found, "q": left})


def _is_place(text: str) -> bool:
    return find_spot(text.strip(" ,.")) is not None


def _longest(words: list[str], names: object) -> tuple[int, int, str] | None:
    """(first word, words, id) of the longest name among the words."""
    assert isinstance(names, dict)
    for size in range(min(_SPAN, len(words)), 0, -1):
        for start in range(len(words) - size + 1):
            form = " ".join(words[start : start + size])
            if size == 1 and (len(form) < 3 or form in _FILLERS) and form not in ("pp", "pe"):
                continue
            id_ = names.get(form) or (names.get(form[:-1]) if form.endswith("s") else None)
            if id_:
                return start, size, id_
    return None


def canonical(query: FabricatorQuery) -> FabricatorQuery:
    """A query whose process and material are ids; a name that nobody knows stays, and finds nothing."""
    query = read_words(query)
    if query.near and not query.within_km and not query.country and (country := find_country(query.near)):
        query = query.model_copy(update={"country": country, "near": ""})
    process, material = vocabulary.find_process(query.process), vocabulary.find_material(query.material)
    return query.model_copy(
        update={
            "process": process.id if process else query.process,
            "material": material.id if material else query.material,
        }
    )


def in_words(query: FabricatorQuery, near_name: str) -> list[str]:
    """What is looked for, field by field."""
    told = []
    if query.process:
        told.append(vocabulary.process_name(query.process))
    if query.material:
        told.append(vocabulary.material_name(query.material))
    if query.thickness_mm is not None:
        told.append(f"{query.thickness_mm:g} mm thick")
    if query.x_mm is not None or query.y_mm is not None:
        told.append(" × ".join(f"{side:g}" for side in (query.x_mm, query.y_mm) if side is not None) + " mm")
    if near_name:
        told.append(f"within {query.within_km:g} km of {near_name}" if query.within_km else f"near {near_name}")
    elif query.within_km:
        told.append(f"within {query.within_km:g} km of a place that is not named")
    if query.country:
        told.append(country_name(find_country(query.country) or query.country))
    if query.q:
        told.append(f"“{query.q}”")
    return told
