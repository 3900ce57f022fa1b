"""Licence files of a repository: which lie where, and which part of the design each of them covers."""

from __future__ import annotations

import re
from typing import NamedTuple

from builders.contract import Tree
from registry import limits
from registry.designs.reading.findings import Area
from registry.designs.reading.licence_names import parse_expression
from registry.designs.reading.licence_prose import area_of, statements
from registry.designs.reading.licence_texts import classify, outside, passages

FILES_MAX = 30
_NAMED_FILE = re.compile(
    r"(?:licen[cs]e|licencia|licenza|lizenz|copying|copyright|unlicense)(?:[-_. ][\w.+ -]*)?"
    r"|[\w.+-]*[-_.](?:licen[cs]e)(?:\.(?:txt|md|rst))?|licen[cs]es?"
    # The text under the licence's own name: cern_ohl_s_v2.txt, CC-BY-SA-4.0.txt, TAPR_Open_Hardware_License_v1.0.txt
    r"|(?:cern[-_ ]?ohl|cc[-_ ]?by|cc0|tapr|solderpad|[al]?gpl)[\w.+ -]*\.(?:txt|md|rst)",
    re.I,
)
_NOT_TEXT = re.compile(r"\.(py|js|sh|c|h|png|jpe?g|svg|pdf|html?|json|ya?ml|toml|kicad_\w+)$", re.I)
_FOLDER = re.compile(r"licen[cs]es?|lizenz(?:en)?|legal", re.I)
FOR_HARDWARE = re.compile(r"CERN-OHL|TAPR|SHL-")


class Evidence(NamedTuple):
    """One statement about the licence. `rank` orders trust: 0 is most."""

    expression: str
    area: Area
    where: str
    why: str
    rank: int
    assumed: bool = False


def read_files(tree: Tree, top_only: bool = False) -> list[Evidence]:
    """Licence files at the top and in folders that stand for licences or an area of the design."""
    found: list[Evidence] = []
    names = {path.lower() for path in tree.files if "/" not in path}
    for path in tree.files:
        folder, _, name = path.rpartition("/")
        if folder.count("/") > 0 or _NOT_TEXT.search(name) or len(found) >= FILES_MAX:
            continue
        inside = bool(_FOLDER.fullmatch(folder))
        if not _NAMED_FILE.fullmatch(name) and not (inside and re.search(r"\.(txt|md|rst)$|^[^.]+$", name, re.I)):
            continue
        if folder and (top_only or not (inside or area_of(folder))):
            continue
        # REUSE keeps texts there, whatever they are used for; GNU's Lesser licence adds to the General one beside it.
        if folder == "LICENSES" or (name.lower() == "copying" and "copying.lesser" in names):
            continue
        area = area_of(name.replace(".", " ")) or area_of(folder)  # docs/LICENSE-PCB.md is of the board
        found += _read_file(path, text_of(tree, path, limits.SMALL_FILE_BYTES), area)
    general = {item.expression for item in found if not item.area}
    if len(general) > 1 and sum(bool(FOR_HARDWARE.search(name)) for name in general) == 1:
        # Of several files without an area, one is a licence for hardware: then it is meant for that.
        found = [
            item._replace(area="hardware") if not item.area and FOR_HARDWARE.search(item.expression) else item
            for item in found
        ]
    return found


def read_texts_at_hand(tree: Tree) -> list[Evidence]:
    """The texts in LICENSES/ where nothing says which file each belongs to: then all of them hold."""
    found: dict[str, str] = {}
    for path in tree.files:
        if re.fullmatch(r"LICENSES/[^/]+\.(txt|md)", path) and len(found) < FILES_MAX:
            name = parse_expression(path.removeprefix("LICENSES/").rpartition(".")[0])
            expression = classify(text_of(tree, path, limits.SMALL_FILE_BYTES)) or name
            if expression:
                found.setdefault(expression, path)
    hardware = [name for name in found if FOR_HARDWARE.search(name)]
    if len(hardware) == 1:
        return [Evidence(hardware[0], "hardware", found[hardware[0]], "its text lies in LICENSES", 9)]
    if not found:
        return []
    joined = " AND ".join(f"({name})" if " OR " in name else name for name in found)
    return [Evidence(joined, "", next(iter(found.values())), "the texts in LICENSES", 9)]


def _read_file(path: str, text: str, area: Area) -> list[Evidence]:
    """What one licence file says: its text is a licence's, or tells in words which part has which licence."""
    rank = 2 if area else 3
    known = passages(text)
    around = outside(text, known) if known else text if len(text) < 12_000 else ""
    told = statements(around, all_counts=True)
    if not area and any(item.area == "hardware" for item in told):
        return [Evidence(item.expression, item.area, path, "it says so", rank, item.assumed) for item in told[:8]]
    expression = classify(text)
    if not area and len(known) > 1 and not expression.startswith("LicenseRef"):
        # Several texts, each below a heading that says what it is for.
        parts = []
        for number, item in enumerate(known):
            above = text[known[number - 1].end if number else 0 : item.start][-300:]
            if item.expression and (its := area_of(above)):
                parts.append(Evidence(item.expression, its, path, "its text stands there", 2))
        if any(item.area == "hardware" for item in parts):
            return parts
    if expression:
        return [Evidence(expression, area, path, "its text is that licence's", rank)]
    if told:
        why = "it names that licence"
        return [Evidence(item.expression, item.area or area, path, why, rank, item.assumed) for item in told[:8]]
    return [Evidence("", area, path, "its text matches none", rank)]


def text_of(tree: Tree, path: str, limit_bytes: int) -> str:
    """A file as text, in the encodings that editors write."""
    raw = tree.read(path, limit_bytes)
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    return raw.decode(encoding, "replace")
