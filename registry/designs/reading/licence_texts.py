"""Tells which licence a text is: by SPDX's texts, else by words that stand in that licence alone."""

from __future__ import annotations

import re
from typing import NamedTuple

from licenseclassifier import identify_license

TEXT_CHARS = 256 * 1024  # of a file that is compared with SPDX's texts: the longest of them has 36,000
_COVERED_PERCENT = 50.0  # less of a file is a text that speaks of a licence

_HEAD_CHARS = 1_500  # where a licence says its own name; texts name other licences further down

# (SPDX identifier, words that must all be there, anywhere). Of licences without a title, or whose title is not enough.
_BODIES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("CERN-OHL-S-2.0", ("cern open hardware licence version 2", "the cern-ohl-s is copyright cern")),
    ("CERN-OHL-W-2.0", ("cern open hardware licence version 2", "the cern-ohl-w is copyright cern")),
    ("CERN-OHL-P-2.0", ("cern open hardware licence version 2", "the cern-ohl-p is copyright cern")),
    ("Unlicense", ("free and unencumbered software released into the public domain",)),
    ("CC0-1.0", ("cc0 1.0 universal", "affirmer")),
    ("WTFPL", ("do what the fuck you want to public license",)),
    (
        "Zlib",
        ("the origin of this software must not be misrepresented", "altered source versions must be plainly marked"),
    ),
)
_MIT = "permission is hereby granted free of charge to any person obtaining a copy"
_BSD = "redistribution and use in source and binary forms"
_ISC = "permission to use copy modify and/or distribute this software for any purpose with or without fee is hereby"

# The first of these in the head of a text is its name.
_TITLES: tuple[tuple[str, str], ...] = (
    (r"cern open hardware licen[cs]e (?:v|version )?1\.1", "CERN-OHL-1.1"),
    (r"cern open hardware licen[cs]e (?:v|version )?1\.2", "CERN-OHL-1.2"),
    (r"cern open hardware licen[cs]e version 2 - strongly reciprocal", "CERN-OHL-S-2.0"),
    (r"cern open hardware licen[cs]e version 2 - weakly reciprocal", "CERN-OHL-W-2.0"),
    (r"cern open hardware licen[cs]e version 2 - permissive", "CERN-OHL-P-2.0"),
    (r"tapr open hardware license", "TAPR-OHL-1.0"),
    (r"solderpad hardware licen[cs]e,? (?:v|version )?2\.1", "Apache-2.0 WITH SHL-2.1"),
    (r"solderpad hardware licen[cs]e,? (?:v|version )?2\.0", "Apache-2.0 WITH SHL-2.0"),
    (r"solderpad hardware licen[cs]e,? (?:v|version )?0\.51", "SHL-0.51"),
    (r"solderpad hardware licen[cs]e,? (?:v|version )?0\.5\b", "SHL-0.5"),
    (r"gnu affero general public license version 3", "AGPL-3.0-only"),
    (r"gnu lesser general public license version 3", "LGPL-3.0-only"),
    (r"gnu lesser general public license version 2\.1", "LGPL-2.1-only"),
    (r"gnu library general public license version 2\b", "LGPL-2.0-only"),
    (r"gnu general public license version 3", "GPL-3.0-only"),
    (r"gnu general public license version 2\b", "GPL-2.0-only"),
    (r"gnu free documentation license version 1\.3", "GFDL-1.3-only"),
    (r"gnu free documentation license version 1\.2", "GFDL-1.2-only"),
    (r"gnu free documentation license version 1\.1", "GFDL-1.1-only"),
    (r"mozilla public license,? version 2\.0", "MPL-2.0"),
    (r"mozilla public license,? version 1\.1", "MPL-1.1"),
    (r"european union public licen[cs]e v\.? ?1\.2", "EUPL-1.2"),
    (r"european union public licen[cs]e v\.? ?1\.1", "EUPL-1.1"),
    (r"apache license,? version 2\.0", "Apache-2.0"),
    (r"boost software license - version 1\.0", "BSL-1.0"),
    (r"eclipse public license - v ?2\.0", "EPL-2.0"),
    (r"sil open font license version 1\.1", "OFL-1.1"),
    (r"the artistic license 2\.0", "Artistic-2.0"),
    (r"open data commons open database license|odc open database license|open database license \(odbl\)", "ODbL-1.0"),
    (r"open data commons attribution license|odc attribution license", "ODC-By-1.0"),
    (r"free art license 1\.3|licence art libre 1\.3", "LAL-1.3"),
    (r"polyform noncommercial license 1\.0\.0", "PolyForm-Noncommercial-1.0.0"),
    (r"functional source license", "LicenseRef-FSL"),
    (r"cddl version 1\.1|common development and distribution license \(cddl\) version 1\.1", "CDDL-1.1"),
    (r"common development and distribution license \(cddl\) version 1\.0", "CDDL-1.0"),
    (r"eclipse public license - v ?1\.0", "EPL-1.0"),
    (r"open software license \(? ?osl ?\)? v\. 3\.0|open software license v\. 3\.0", "OSL-3.0"),
    (r"academic free license \(? ?afl ?\)? v\. 3\.0|academic free license v\. 3\.0", "AFL-3.0"),
    (r"educational community license version 2\.0", "ECL-2.0"),
    (r"open data commons public domain dedication|odc public domain dedication", "PDDL-1.0"),
    (r"mulan permissive software license version 2", "MulanPSL-2.0"),
    (r"blue oak model license version 1\.0\.0", "BlueOak-1.0.0"),
    (r"universal permissive license \(? ?upl ?\)? version 1\.0", "UPL-1.0"),
    (r"open government licence for public sector information.{0,40}3\.0|open government licence v3\.0", "OGL-UK-3.0"),
    (r"business source license 1\.1", "BUSL-1.1"),
    (r"server side public license", "SSPL-1.0"),
)
_CC_TITLE = re.compile(
    r"attribution ?-? ?(?P<nc>non[ -]?commercial)? ?-? ?"
    r"(?:(?P<sa>share[ -]?alike)|(?P<nd>no[ -]?deriv(?:ative)?s?(?: works)?))?"
    r" (?P<version>[1-4]\.[05])\b"
)
_CC_BODY = ("creative commons", "licensor")
# Words that take back what an open licence gives, where they stand before its text or in a changed one.
_NONCOMMERCIAL = re.compile(r"\bnon-? ?commercial|\bno commercial|\bnot .{0,30}\bcommercial")
_RESTRICTED = re.compile(r"military|not evil|not designed licensed or intended for use|commons clause|fair use limit")


def plain(text: str) -> str:
    """A text as words: lower case, Markdown marks, commas and line breaks gone."""
    text = re.sub(r"\]\([^()]*\)", "]", text)
    text = re.sub(r"[*_#`>\[\]“”\"',=]|<[^<>]*>", " ", text.lower().replace("’", " "))
    return re.sub(r"\s+", " ", text).strip()


class Passage(NamedTuple):
    """A licence's whole text within a file; `expression` is "" for a text that only serves another one."""

    expression: str
    start: int
    end: int


def passages(text: str) -> list[Passage]:
    """Licences whose whole text stands in a file, in order; [] where other words outweigh them.

    Source: SPDX license list, through licenseclassifier's templates.
    """
    found: list[Passage] = []
    later = ""  # what a notice before the text says: 'version 3 or any later version'
    for hit in identify_license(text[:TEXT_CHARS], _COVERED_PERCENT):
        gnu = re.fullmatch(r"((?:[AL]?GPL|GFDL)-[\d.]+)(?:-only|(-or-later))?", hit.id)
        name = hit.id
        if gnu is not None:
            told = any(item.expression.startswith(gnu[1]) for item in found)
            if gnu[2] and not told:
                later = gnu[1]
            # The Lesser licence adds to the General one, whose text then stands below it; the notice after a text is
            # a model for others.
            lesser = gnu[1].startswith("GPL") and any(item.expression.startswith("LGPL-3") for item in found)
            name = "" if told or lesser else f"{gnu[1]}-{'or-later' if later == gnu[1] else 'only'}"
        found.append(Passage(name, hit.start, hit.end))
    return found


def outside(text: str, known: list[Passage]) -> str:
    """What of a file is none of the licences in it."""
    parts, at = [], 0
    for item in known:
        parts.append(text[at : item.start])
        at = item.end
    return "\n".join([*parts, text[at:]])


def classify(text: str) -> str:
    """The SPDX identifier (or expression) of a licence's text, or "" if it is none that is known.

    Several licences in one file hold together, unless it says that one may choose.
    """
    words = plain(text)
    if not words:
        return ""
    head = words[:_HEAD_CHARS]
    if "commons clause license condition" in words:
        return "LicenseRef-Commons-Clause"
    if known := [] if re.search(r"solderpad hardware licen[cs]e,? (?:v|version )?2\.[01]", head) else passages(text):
        rest = plain(outside(text, known))
        names = list(dict.fromkeys(item.expression for item in known if item.expression))
        bare = len(names) == 1 and re.match(r"(MIT|BSD|ISC|0BSD|Zlib|X11|Beerware|WTFPL|HPND)", names[0])
        if _NONCOMMERCIAL.search(words if bare else rest) or _RESTRICTED.search(rest):
            return names[0] if re.search(r"-NC\b", names[0]) else "LicenseRef-NonCommercial"
        either = re.search(r"\bat your option|\beither\b|\bdual[ -]licen|\bor\b", rest)
        return (" OR " if either else " AND ").join(names)
    for name, needed in _BODIES:
        if all(part in words for part in needed):
            return name
    starts = [(found.start(), name) for pattern, name in _TITLES if (found := re.search(pattern, head))]
    creative = _creative_commons(words, head)
    if creative:
        starts.append(creative)
    if starts:
        start, name = min(starts)
        return "LicenseRef-NonCommercial" if _NONCOMMERCIAL.search(words[:start]) else _or_later(name, words)
    return _untitled(words)


def _creative_commons(words: str, head: str) -> tuple[int, str] | None:
    if not all(part in words for part in _CC_BODY):
        return None
    # The notice of an NC text says BY-SA only where it names compatible licences, after its own title.
    found = _CC_TITLE.search(head)
    if found is None:
        return None
    parts = ["CC-BY", *(part.upper() for part in ("nc", "sa", "nd") if found[part])]
    return found.start(), f"{'-'.join(parts)}-{found['version']}"


def _or_later(name: str, words: str) -> str:
    """GNU: only a notice before the text can say 'or any later version', as the text itself says so too."""
    before = words.split("everyone is permitted to copy and distribute verbatim copies", 1)[0]
    return name.replace("-only", "-or-later") if name.endswith("-only") and "any later version" in before else name


def _untitled(words: str) -> str:
    name = ""
    if _MIT in words and "without restriction" in words:
        bare = not re.search(r"subject to|provided that", words)
        name = "MIT" if "shall be included in all" in words else "MIT-0" if bare else ""
    elif _BSD in words:
        endorse = "neither the name" in words or "may not be used to endorse" in words
        name = "BSD-4-Clause" if "all advertising materials" in words else f"BSD-{2 + endorse}-Clause"
    elif _ISC in words or _ISC.replace("and/or", "and") in words:
        name = "ISC" if "provided that the above copyright notice" in words else "0BSD"
    if name and _NONCOMMERCIAL.search(words):
        return "LicenseRef-NonCommercial"
    return "" if _RESTRICTED.search(words) else name
