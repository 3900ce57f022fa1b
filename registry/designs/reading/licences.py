"""Under which licence a design may be made, from everything that its repository says, and whether that is open."""

from __future__ import annotations

import re
from collections import Counter

from pydantic import BaseModel, ConfigDict

from builders.contract import Tree
from registry import limits
from registry.designs.reading import reuse
from registry.designs.reading.findings import Area, Finding
from registry.designs.reading.licence_files import FOR_HARDWARE, Evidence, read_files, read_texts_at_hand, text_of
from registry.designs.reading.licence_names import in_words, is_open, mentions, parse_expression, read_name, why_closed
from registry.designs.reading.licence_prose import area_of, statements

__all__ = ["Evidence", "LicenceVerdict", "in_words", "judge"]

_LICENCE_WORD = re.compile(r"licen[cs]|released under|copyright|copyleft|public domain|all rights reserved", re.I)
_SPDX_LINE = re.compile(rb"SPDX-License-Identifier:[ \t]*([A-Za-z0-9.+() -]{2,200})")
_KICAD_COMMENT = re.compile(
    r'\(comment \d+ "((?:[^"\\]|\\.){0,300})"|^Comment\d "([^"\n]{0,300})"|\(comment \d+ ([^()"\n]{3,300})\)', re.M
)
_HEADER_SUFFIXES = (
    ".py",
    ".scad",
    ".md",
    ".rst",
    ".adoc",
    ".txt",
    ".toml",
    ".yml",
    ".yaml",
    ".csv",
    ".license",
    ".svg",
    ".ino",
    ".c",
    ".h",
)
_REMEDY = (
    "Add a file LICENSE with the whole text of an open hardware licence, such as CERN-OHL-S-2.0, CERN-OHL-P-2.0 or "
    "CC-BY-SA-4.0, commit it, and submit again."
)


class LicenceVerdict(BaseModel):
    """What the licence is and whether the design may be registered.

    `expression` covers the whole design, `main` the hardware alone; `per_area` has only areas that are stated.
    """

    model_config = ConfigDict(frozen=True)

    expression: str
    open: bool
    reason: str = ""
    remedy: str = ""
    findings: list[Finding] = []
    per_area: dict[str, str] = {}

    @property
    def main(self) -> str:
        """The licence of the hardware, or of all if it has none of its own."""
        return self.per_area.get("hardware", self.expression)


def judge(tree: Tree, stated: list[Evidence], readme: tuple[str, str], outer: Tree | None = None) -> LicenceVerdict:
    """Weigh all evidence. `stated` comes from manifests, `readme` is (path, text), `outer` the repository around."""
    evidence = [*_reuse(tree), *read_files(tree), *stated, *_headers(tree), *_title_blocks(tree), *_readme(*readme)]
    if outer is not None and not any(item.rank <= 4 and item.area != "software" for item in evidence):
        evidence += [
            item._replace(why=f"{item.why}, at the top of the repository") for item in read_files(outer, top_only=True)
        ]
    if not any(item.expression and item.area != "software" for item in evidence):
        evidence += read_texts_at_hand(tree)
    if not any(item.expression and item.area in ("", "hardware") for item in evidence):
        evidence += _folder_readmes(tree)
    evidence.sort(key=lambda item: item.rank)
    unknown = [item for item in evidence if not item.expression]
    known = [item for item in evidence if item.expression]
    per_area = _per_area(known)
    findings = _tell(known, unknown, per_area)
    hardware = per_area.get("hardware", "")
    expression = _together([per_area[area] for area in ("hardware", "documentation", "software") if area in per_area])
    if not hardware:
        return _refuse(expression, per_area, findings, unknown)
    for area, value in per_area.items():
        if not is_open(value):
            reason = f"The {area} is under {value}, which is not an open hardware licence: {why_closed(value)}."
            return LicenceVerdict(
                expression=expression, open=False, reason=reason, remedy=_REMEDY, findings=findings, per_area=per_area
            )
    return LicenceVerdict(expression=expression, open=True, findings=findings, per_area=per_area)


def _refuse(
    expression: str, per_area: dict[str, str], findings: list[Finding], unknown: list[Evidence]
) -> LicenceVerdict:
    if unknown:
        reason = f"The licence in {unknown[0].where} is not one that the registry knows to be open."
        remedy = "Use the unchanged text of an open licence, or name it by its SPDX identifier in okh.toml. " + _REMEDY
    elif "software" in per_area:
        reason = (
            "Only the software of this repository has a licence; the hardware has none, so that nobody may make it."
        )
        remedy = _REMEDY
    else:
        reason = "This repository states no licence, so that nobody but its authors may make the design."
        remedy = _REMEDY
    return LicenceVerdict(
        expression=expression, open=False, reason=reason, remedy=remedy, findings=findings, per_area=per_area
    )


def _per_area(known: list[Evidence]) -> dict[str, str]:
    """The most trusted statement for each area; one that names the area beats a general one, if it is no mere hint."""
    found: dict[str, str] = {}
    general = next((item for item in known if item.area == ""), None)
    for area in ("hardware", "documentation", "software"):
        special = next((item for item in known if item.area == area), None)
        if special is not None and not (area == "hardware" and general is not None and _is_hint(special, general)):
            found[area] = special.expression
        elif general is not None and area == "hardware":
            found[area] = general.expression
    # A closed licence at the top is not undone by an open one for the hardware alone: it still holds for the documents.
    if general is not None and general.rank <= 4 and not is_open(general.expression):
        found.setdefault("documentation", general.expression)
    return found


def _is_hint(special: Evidence, general: Evidence) -> bool:
    """Whether what the README says of the hardware weighs less than the licence of the whole.

    'Hardware: CC BY-NC-SA, firmware: MIT' is meant, though LICENSE has the firmware's text alone. What is vague, or
    only names parts of a design that is under a licence for hardware, is not.
    """
    if special.rank < 6 or general.rank >= special.rank:
        return False
    return special.assumed or (bool(FOR_HARDWARE.search(general.expression)) and is_open(special.expression))


def _together(parts: list[str]) -> str:
    unique = list(dict.fromkeys(parts))
    if len(unique) < 2:
        return unique[0] if unique else ""
    joined = " AND ".join(f"({part})" if " OR " in part else part for part in unique)
    return parse_expression(joined) or joined


def _tell(known: list[Evidence], unknown: list[Evidence], per_area: dict[str, str]) -> list[Finding]:
    findings = []
    seen: set[tuple[str, str]] = set()
    for item in known:
        if (item.where, item.expression) not in seen:
            seen.add((item.where, item.expression))
            area = f" for the {item.area}" if item.area else ""
            findings.append(
                Finding(level="info", where=item.where, sentence=f"Licence {item.expression}{area}: {item.why}.")
            )
        if item.assumed and item.expression in per_area.values() and not item.expression.startswith("LicenseRef"):
            findings.append(
                Finding(
                    level="warning",
                    where=item.where,
                    sentence=f"The licence's version is not stated; it was taken as {item.expression}.",
                    remedy="Write its SPDX identifier, or add the licence's text.",
                )
            )
        settled = per_area.get(item.area or "hardware")
        if not item.area and item.expression in per_area.values():
            continue
        if (
            settled is not None
            and item.expression != settled
            and item.rank >= 3
            and not _related(item.expression, settled)
        ):
            findings.append(
                Finding(
                    level="warning",
                    where=item.where,
                    sentence=f"Names {item.expression}; elsewhere the {item.area or 'hardware'} is under {settled}.",
                    remedy="Let all places name the same licence.",
                )
            )
    for item in unknown:
        findings.append(
            Finding(
                level="warning",
                where=item.where,
                sentence=f"The licence here is not known to the registry ({item.why}).",
                remedy="Name it by its SPDX identifier.",
            )
        )
    return findings[:60]


def _related(one: str, other: str) -> bool:
    return one in other or one.replace("-or-later", "-only") == other.replace("-or-later", "-only")


def _reuse(tree: Tree) -> list[Evidence]:
    """REUSE tells a licence for each file: an area has that of most of its files."""
    stated, where = reuse.read(tree)
    if not stated:
        return []
    counts: dict[Area, Counter[str]] = {}
    for path, expression in stated.items():
        area = reuse.area_of_file(path)
        if area and (normal := parse_expression(expression)):
            counts.setdefault(area, Counter())[normal] += 1
    found = []
    for area, counter in counts.items():
        expression, number = counter.most_common(1)[0]
        if area == "documentation" and "hardware" in counts and expression == counts["hardware"].most_common(1)[0][0]:
            continue
        why = f"REUSE gives it to {number} of {sum(counter.values())} files"
        found.append(Evidence(expression, area, where, why, 1))
    return found


def _headers(tree: Tree) -> list[Evidence]:
    """SPDX-License-Identifier lines in source files."""
    counts: dict[Area, Counter[str]] = {}
    first: dict[tuple[Area, str], str] = {}
    candidates = [
        path for path in tree.files if path.lower().endswith(_HEADER_SUFFIXES) and not path.startswith("LICENSES/")
    ]
    for path in candidates[:200]:
        if found := _SPDX_LINE.search(tree.read(path, 4 * limits.KIB)):
            expression = parse_expression(found[1].decode("ascii", "replace").strip().rstrip("-").strip())
            area = reuse.area_of_file(path.removesuffix(".license"))
            if expression and area:
                counts.setdefault(area, Counter())[expression] += 1
                first.setdefault((area, expression), path)
    found_all = []
    for area, counter in counts.items():
        expression, number = counter.most_common(1)[0]
        found_all.append(Evidence(expression, area, first[area, expression], f"{number} files say so in their head", 5))
    return found_all


def _title_blocks(tree: Tree) -> list[Evidence]:
    """Comments in the title blocks of KiCad's boards and schematics."""
    boards = [path for path in tree.files if path.lower().endswith((".kicad_pcb", ".kicad_sch", ".sch"))]
    found = []
    for path in boards[:40]:
        for groups in _KICAD_COMMENT.findall(text_of(tree, path, 16 * limits.KIB)):
            comment = next(filter(None, groups), "")
            named = mentions(comment)
            if (
                named
                and (_LICENCE_WORD.search(comment) or len(comment) < 40)
                and named[0].expression != "LicenseRef-AllRightsReserved"
            ):
                why = "the title block names it"
                found.append(Evidence(named[0].expression, "", path, why, 7, named[0].assumed))
                break
    return list({item.expression: item for item in reversed(found)}.values())


def _readme(path: str, text: str) -> list[Evidence]:
    """Sentences and badges of the README that give a licence."""
    return [
        Evidence(item.expression, item.area, path, "the README says so", 8, item.assumed)
        for item in statements(text)[:8]
    ]


def _folder_readmes(tree: Tree) -> list[Evidence]:
    """What the READMEs of folders of hardware say, where nothing else speaks of it."""
    found: list[Evidence] = []
    for path in tree.files:
        folder, _, name = path.rpartition("/")
        if folder.count("/") > 1 or area_of(folder.rpartition("/")[2]) != "hardware" or len(found) >= 8:
            continue
        if re.fullmatch(r"readme(?:\.(?:md|markdown|txt|rst|adoc))?", name, re.I):
            found += [
                Evidence(
                    item.expression, item.area or "hardware", path, "the README of that folder says so", 8, item.assumed
                )
                for item in statements(text_of(tree, path, limits.README_BYTES))[:4]
            ]
    return found


def from_manifest(value: str, area: Area, where: str) -> Evidence:
    """What a manifest says of the licence."""
    named = read_name(value)
    if named is None:
        return Evidence("", area, where, f"it says {value[:80]!r}", 4)
    return Evidence(named.expression, area, where, f"the manifest says {value[:80]!r}", 4, named.assumed)
