"""One vocabulary of processes, materials and what limits machines: pure look-ups in the tables beside it."""

from __future__ import annotations

import functools
import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote

_DATA = Path(__file__).resolve().parent / "data"
_ARTICLE = re.compile(r"^(?:https?:)?(?://)?(?:[a-z-]+\.)?(?:m\.)?wikipedia\.org/(?:wiki/|w/index\.php\?title=)", re.I)
_OTHERS = re.compile(r"[^0-9a-z]+")
OTHER = "other"  # a process that the vocabulary does not know; the machine keeps what was said


@dataclass(frozen=True, slots=True)
class Process:
    """A way of making; `broader` is the id of the process that this one is a kind of."""

    id: str
    name: str
    family: str
    wikipedia: tuple[str, ...] = ()
    tsdc: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    broader: str = ""


@dataclass(frozen=True, slots=True)
class Material:
    """A material; `kind_of` is the id of the material that this one is a kind of."""

    id: str
    name: str
    family: str
    wikipedia: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    kind_of: str = ""
    density_g_cm3: float | None = None


@dataclass(frozen=True, slots=True)
class Parameter:
    """What limits a machine: the largest or smallest that it can do, a thing that it has, or things of a list."""

    name: str
    label: str
    kind: Literal["number", "integer", "bool", "list", "choice"]
    sense: Literal["max", "min", "has", "one_of"]
    unit: str = ""
    choices: tuple[str, ...] = ()
    pair: str = ""
    need: str = ""
    """What a design's need of it is called, where a machine's limit has other words."""

    @property
    def need_label(self) -> str:
        """What a need of it is called."""
        return self.need or self.label


def _load(name: str) -> dict[str, Any]:
    return tomllib.loads((_DATA / name).read_text(encoding="utf-8"))


def _tuples(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}


PROCESSES: dict[str, Process] = {id_: Process(id=id_, **_tuples(row)) for id_, row in _load("processes.toml").items()}
MATERIALS: dict[str, Material] = {id_: Material(id=id_, **_tuples(row)) for id_, row in _load("materials.toml").items()}
_TABLES = _load("parameters.toml")
PARAMETERS: dict[str, Parameter] = {name: Parameter(name, **_tuples(row)) for name, row in _TABLES["define"].items()}
_OF: dict[str, tuple[Parameter, ...]] = {
    process: tuple(PARAMETERS[name] for name in names) for process, names in _TABLES["of"].items()
}


def fold(text: str) -> str:
    """A name as it is compared: no accents, lower case, single spaces between letters and digits."""
    plain = text.casefold()
    if not plain.isascii():
        letters = unicodedata.normalize("NFKD", plain)
        plain = "".join(char for char in letters if not unicodedata.combining(char))
    return " ".join(_OTHERS.sub(" ", plain).split())


def _singular(folded: str) -> str:
    words = folded.split(" ")
    last = words[-1]
    if last.endswith("ies") and len(last) > 4:
        last = last[:-3] + "y"
    elif last.endswith(("sses", "ches", "shes", "xes", "zes")):
        last = last[:-2]
    elif last.endswith("s") and not last.endswith("ss") and len(last) > 3:
        last = last[:-1]
    return " ".join([*words[:-1], last])


def _article(text: str) -> str:
    """The title that a Wikipedia address names; other texts as they are."""
    found = _ARTICLE.match(text)
    if not found:
        return text
    title = re.split(r"[#?&]", text[found.end() :], maxsplit=1)[0]
    return unquote(unquote(title))


def _index(rows: Iterable[tuple[str, Iterable[Iterable[str]]]]) -> dict[str, str]:
    """Folded name -> id; a name in an earlier tier (ids, then names, then titles, then aliases) is never overruled."""
    tiers: dict[int, dict[str, str]] = {}
    for id_, named in rows:
        for tier, names in enumerate(named):
            for name in names:
                bare = re.sub(r"_?\(.*\)$", "", name)
                for form in (name, bare):
                    tiers.setdefault(tier, {}).setdefault(fold(form), id_)
    merged: dict[str, str] = {}
    for tier in sorted(tiers):
        for form, id_ in tiers[tier].items():
            merged.setdefault(form, id_)
            merged.setdefault(_singular(form), id_)
    merged.pop("", None)
    return merged


_PROCESS_NAMES = _index((p.id, ((p.id,), (p.name, *p.tsdc), p.wikipedia, p.aliases)) for p in PROCESSES.values())
_MATERIAL_NAMES = _index((m.id, ((m.id,), (m.name,), m.wikipedia, m.aliases)) for m in MATERIALS.values())


def _find(text: str, names: Mapping[str, str]) -> str:
    if not text or len(text) > 500:
        return ""
    form = fold(_article(text.strip()))
    return names.get(form) or names.get(_singular(form), "")


def find_process(text: str) -> Process | None:
    """The process that a Wikipedia address or title, a TSDC code, an id, a name or an alias means."""
    return PROCESSES.get(_find(text, _PROCESS_NAMES))


def find_material(text: str) -> Material | None:
    """The material that a Wikipedia address or title, an id, a name or an alias means."""
    return MATERIALS.get(_find(text, _MATERIAL_NAMES))


def process_names() -> Mapping[str, str]:
    """Folded name -> id, for reading running text."""
    return _PROCESS_NAMES


def material_names() -> Mapping[str, str]:
    """Folded name -> id, for reading running text."""
    return _MATERIAL_NAMES


def parameters(process: str) -> tuple[Parameter, ...]:
    """What limits machines of a process, in the order in which people ask."""
    return _OF.get(process, ())


@functools.cache
def process_and_kinds(process: str) -> frozenset[str]:
    """A process and those that are kinds of it: any of them does for who asks for it."""
    return frozenset(id_ for id_ in PROCESSES if process in _process_line(id_)) | {process}


def _process_line(id_: str) -> list[str]:
    line = [id_]
    while broader := PROCESSES[line[-1]].broader:
        line.append(broader)
    return line


@functools.cache
def material_line(material: str) -> tuple[str, ...]:
    """A material and what it is a kind of, nearest first: mild_steel, steel, metal."""
    line = [material]
    while line[-1] in MATERIALS and (kind_of := MATERIALS[line[-1]].kind_of):
        line.append(kind_of)
    return tuple(line)


@functools.cache
def material_kinds(material: str) -> frozenset[str]:
    """A material and all that are kinds of it."""
    return frozenset(id_ for id_ in MATERIALS if material in material_line(id_)) | {material}


def process_name(process: str) -> str:
    """A process as people read it."""
    known = PROCESSES.get(process)
    return known.name if known else "Something else" if process == OTHER else process


def material_name(material: str) -> str:
    """A material as people read it."""
    known = MATERIALS.get(material)
    return known.name if known else material
