"""Fields of Open Know-How manifests, read one by one: what is wrong is noted and left out."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from registry import limits
from registry.designs.reading.findings import Area, Finding
from registry.designs.reading.paths import PathFinder, is_web

_AREAS: tuple[Area, ...] = ("hardware", "documentation", "software")
_PERSON = re.compile(r"\s*[(<\[].*$", re.S)
# Which picture of a thing people want to see first.
_SLOTS = ("photo-thing-main", "model-main", "model-from-front", "model-from-above", "model-3d")


@dataclass(frozen=True, slots=True)
class Names:
    """How a version of the standard calls its fields."""

    name: str
    summary: str
    people: tuple[str, ...]
    docs: tuple[str, ...]
    required: tuple[str, ...]
    one_of: tuple[str, ...] = ()

    def missing(self, data: Mapping[str, Any]) -> list[str]:
        """The required fields that a manifest leaves out or empty."""
        absent = [name for name in self.required if data.get(name) in (None, "")]
        if self.one_of and not any(data.get(name) for name in self.one_of):
            absent.append(" or ".join(self.one_of))
        return absent


V1 = Names(
    name="title",
    summary="description",
    people=("licensor", "contributors"),
    docs=(
        "making-instructions",
        "tool-list",
        "tool-settings",
        "quality-instructions",
        "risk-assessment",
        "operating-instructions",
        "maintenance-instructions",
        "disposal-instructions",
    ),
    required=("title", "description", "license"),
    one_of=("project-link", "documentation-home"),
)
V2 = Names(
    name="name",
    summary="function",
    people=("licensor", "organization", "organisation"),
    docs=("manufacturing-instructions", "user-manual"),
    required=("okhv", "name", "repo", "license", "licensor", "function"),
)


@dataclass(slots=True)
class Fields:
    """A mapping from outside, with what was wrong in it."""

    data: Mapping[str, Any]
    manifest: str
    paths: PathFinder
    prefix: str = ""
    findings: list[Finding] = field(default_factory=list)

    @property
    def base(self) -> str:
        """The folder of the manifest, from which version 1 counts its paths."""
        return self.manifest.rpartition("/")[0]

    def note(self, level: Literal["info", "warning", "error"], sentence: str, remedy: str = "") -> None:
        """Add a finding about the manifest; past forty, none is added."""
        if len(self.findings) < 40:
            self.findings.append(Finding(level=level, where=self.manifest, sentence=sentence, remedy=remedy))

    def text(self, name: str) -> str:
        """A text, with numbers taken as text."""
        value = self.data.get(name)
        if value is None:
            return ""
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            text = " ".join(str(value).split())
            if re.match(r"(?:FIXME|TODO|TBD|XXX)\b", text):
                self.note("warning", f"{self.prefix}{name} still says {text[:40]!r}.", "Fill it in.")
                return ""
            return text
        self.note("warning", f"{self.prefix}{name} is not a text.", "Write it as text in quotes.")
        return ""

    def texts(self, name: str) -> list[str]:
        """One text or several."""
        value = self.data.get(name)
        items = value if isinstance(value, list) else [] if value is None else [value]
        if any(not isinstance(item, str) for item in items):
            self.note("warning", f"{self.prefix}{name} holds something that is not a text.", "Write texts in quotes.")
        return [" ".join(item.split()) for item in items if isinstance(item, str) and item.strip()]

    def web(self, name: str) -> str:
        """An absolute web address."""
        value = self.text(name)
        if value and not is_web(value):
            if name != "documentation-home" or self.paths.find(value, self.base) is None:
                self.note("warning", f"{self.prefix}{name} is not a web address.", "Begin it with https://.")
            return ""
        return value

    def files(self, name: str) -> list[str]:
        """Paths in the tree that a field names: a path, a {path, title}, or a list of them."""
        value = self.data.get(name)
        items = value if isinstance(value, list) else [] if value is None else [value]
        found = []
        for item in items[:100]:
            text = item.get("path") or item.get("location") if isinstance(item, dict) else item
            if text == "":
                continue
            if not isinstance(text, str) or not text.strip():
                self.note("warning", f"{self.prefix}{name} is not a path.", "Give a path in the repository.")
                continue
            path = self.paths.claim(text.strip(), f"{self.prefix}{name}", self.manifest, self.findings, self.base)
            if path:
                found.append(path)
        return found

    def pictures(self, name: str) -> list[str]:
        """Pictures in the tree, those that show the thing itself first."""
        value = self.data.get(name)
        items = value if isinstance(value, list) else [] if value is None else [value]

        def rank(item: Any) -> int:
            slots = item.get("slots") if isinstance(item, dict) else None
            hits = [_SLOTS.index(slot) for slot in slots if slot in _SLOTS] if isinstance(slots, list) else []
            return min(hits, default=len(_SLOTS) + (isinstance(slots, list) and bool(slots)))

        reader = Fields({name: sorted(items, key=rank)}, self.manifest, self.paths, self.prefix, self.findings)
        return reader.files(name)

    def people(self, *names: str) -> list[str]:
        """Names of people and organisations; addresses are dropped."""
        found: dict[str, None] = {}
        for name in names:
            value = self.data.get(name)
            for item in value if isinstance(value, list) else [value]:
                text = item.get("name") if isinstance(item, dict) else item
                if isinstance(text, str) and (person := _PERSON.sub("", " ".join(text.split()))) and "@" not in person:
                    found[person[: limits.NAME_CHARS]] = None
                elif item is not None and not isinstance(text, str):
                    self.note("warning", f"{self.prefix}{name} names nobody.", "Give a name, or a list of them.")
        return list(found)[: limits.AUTHORS]

    def licences(self) -> dict[Area, str]:
        """Area -> what is written there; "" is the design as a whole."""
        value = self.data.get("license", self.data.get("licence"))
        if isinstance(value, str) and value.strip():
            return {"": value.strip()}
        if isinstance(value, dict):
            return {
                area: value[area].strip() for area in _AREAS if isinstance(value.get(area), str) and value[area].strip()
            }
        if value is not None:
            self.note("warning", "license is neither a text nor a list of areas.", "Give an SPDX expression in quotes.")
        return {}

    def number(self, value: Any, name: str) -> float | None:
        """A finite number above 0; one that is written as text is taken, and noted."""
        if value is None:
            return None
        text = isinstance(value, str)
        match = re.fullmatch(r"\s*(\d{1,12}(?:[.,]\d{1,9})?)\s*(?:mm|g)?\s*", value) if isinstance(value, str) else None
        number = float(match[1].replace(",", ".")) if match else value if isinstance(value, int | float) else None
        if number is None or isinstance(value, bool) or not math.isfinite(number) or not 0 < number < 1e9:
            self.note(
                "warning", f"{self.prefix}{name} is {str(value)[:40]!r}, which is no size.", "Write a number above 0."
            )
            return None
        if text and self.manifest.lower().endswith(".toml"):
            self.note(
                "info", f"{self.prefix}{name} is written as text; it was taken as {number:g}.", "Leave out the quotes."
            )
        return float(number)

    def dimensions(self, name: str) -> dict[str, float] | None:
        """Width, depth and height. Units: mm."""
        value = self.data.get(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.note("warning", f"{name} is not a table of width, depth and height.", "Give the three in millimetres.")
            return None
        sizes = {key: self.number(value.get(key), f"{name}.{key}") for key in ("width", "depth", "height")}
        if absent := [key for key in sizes if key not in value]:
            self.note("info", f"{name} lacks {' and '.join(absent)}.", "Give width, depth and height in millimetres.")
        known = {key: size for key, size in sizes.items() if size is not None}
        return known or None

    def sub_designs(self) -> list[dict[str, str]]:
        """Designs that this one is made of: v1 `sub`, `sub-parts`; v2 `[[part]]`."""
        found = []
        for name in ("sub-parts", "sub", "part"):
            value = self.data.get(name)
            items = value if isinstance(value, list) else [] if value is None else [value]
            for item in items[:200]:
                title = (item.get("title") or item.get("name")) if isinstance(item, dict) else None
                if not isinstance(item, dict) or not isinstance(title, str):
                    self.note("warning", f"{name} holds a part without a name.", "Give each part a name.")
                    continue
                address = item.get("web") or item.get("manifest") or ""
                source = item.get("source") or item.get("export") or ""
                source = source[0] if isinstance(source, list) and source else source
                path = self.paths.find(source, self.base) if isinstance(source, str) and source else None
                url = address if isinstance(address, str) and is_web(address) else ""
                found.append({"title": title[: limits.NAME_CHARS], "url": url, "path": path or ""})
        return found

    def check_levels(self) -> None:
        """The readiness levels and process codes, noted if they are none."""
        for name, pattern in (
            ("technology-readiness-level", r"OTRL-[1-6]"),
            ("documentation-readiness-level", r"ODRL-([1-5]|3\*)"),
        ):
            value = self.text(name)
            if value and not re.fullmatch(pattern, value):
                self.note(
                    "warning", f"{name} is {value[:40]!r}, which is no such level.", f"Use {pattern[:4]}-1 or higher."
                )
