"""REUSE: which licence each file has, from REUSE.toml, .reuse/dep5 and .license files (reuse.software, 3.3)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable

from builders.contract import Tree
from registry import limits
from registry.designs.reading.findings import Area

_SOFTWARE = (
    ".c",
    ".cc",
    ".cpp",
    ".h",
    ".hpp",
    ".ino",
    ".rs",
    ".js",
    ".ts",
    ".sh",
    ".go",
    ".java",
    ".s",
    ".ld",
    ".cmake",
)
_HARDWARE = (
    ".kicad_pcb",
    ".kicad_sch",
    ".kicad_pro",
    ".kicad_sym",
    ".kicad_mod",
    ".sch",
    ".pro",
    ".lib",
    ".brd",
    ".step",
    ".stp",
    ".stl",
    ".3mf",
    ".dxf",
    ".fcstd",
    ".scad",
    ".f3d",
    ".iges",
    ".igs",
    ".gbr",
    ".drl",
    ".brep",
    ".obj",
    ".blend",
    ".glb",
)
_DOCUMENTS = (".md", ".rst", ".adoc", ".txt", ".pdf", ".odt", ".png", ".jpg", ".jpeg", ".webp", ".gif", ".html", ".tex")


def area_of_file(path: str) -> Area:
    """Whether a file is hardware, documentation or software, by its name."""
    name = path.lower()
    if name.endswith(_HARDWARE):
        return "hardware"
    if name.endswith(".py"):  # CadQuery parts are hardware; what lies among firmware is not
        return "software" if re.search(r"(^|/)(firmware|software|code|scripts?|tools?|tests?)/", name) else "hardware"
    if name.endswith(_SOFTWARE):
        return "software"
    if name.endswith(_DOCUMENTS) and not re.fullmatch(r"(.*/)?(licen[cs]es?/.*|licen[cs]e.*|copying.*)", name):
        return "documentation"
    return ""


def read(tree: Tree) -> tuple[dict[str, str], str]:
    """(path -> SPDX expression, file that said so); empty where the repository doesn't follow REUSE."""
    if "REUSE.toml" in tree.files:
        rules, where = _from_toml(tree.read("REUSE.toml", limits.SMALL_FILE_BYTES)), "REUSE.toml"
    elif ".reuse/dep5" in tree.files:
        rules, where = (
            _from_dep5(tree.read(".reuse/dep5", limits.SMALL_FILE_BYTES).decode("utf-8", "replace")),
            ".reuse/dep5",
        )
    else:
        return {}, ""
    found: dict[str, str] = {}
    for path in tree.files:
        for pattern, expression in reversed(rules):  # the last that matches holds
            if pattern.fullmatch(path):
                found[path] = expression
                break
    return found, where


def _from_toml(raw: bytes) -> list[tuple[re.Pattern[str], str]]:
    try:
        data = tomllib.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return []
    rules = []
    tables = data.get("annotations")
    for table in tables[:500] if isinstance(tables, list) else []:
        if not isinstance(table, dict):
            continue
        expression = table.get("SPDX-License-Identifier")
        expressions = [expression] if isinstance(expression, str) else expression
        paths = table.get("path")
        if isinstance(expressions, list) and expressions and all(isinstance(item, str) for item in expressions):
            joined = " AND ".join(expressions)
            globs = [paths] if isinstance(paths, str) else paths
            rules += [(_glob(item), joined) for item in globs or [] if isinstance(item, str)]
    return rules[:2_000]


def _from_dep5(text: str) -> list[tuple[re.Pattern[str], str]]:
    rules = []
    for paragraph in re.split(r"\n\s*\n", text)[:500]:
        files = re.search(r"^Files:((?:.*)(?:\n[ \t].*)*)", paragraph, re.M)
        licence = re.search(r"^License:[ \t]*(\S.*)$", paragraph, re.M)
        if files and licence:
            expression = re.sub(r"\b(and|or)\b", lambda word: word[0].upper(), licence[1].strip())
            rules += [(_glob(item, stars_cross=True), expression) for item in files[1].split()]
    return rules[:2_000]


def _glob(pattern: str, stars_cross: bool = False) -> re.Pattern[str]:
    """`**` crosses folders, `*` does only in dep5; runs of stars are folded, so that no pattern is slow."""
    parts: Iterable[str] = re.split(r"(\*+)", pattern[: limits.TREE_PATH_BYTES])
    if pattern.count("*") > 8:
        return re.compile(r"(?!)")
    out = "".join(
        (".*" if stars_cross or len(part) > 1 else "[^/]*") if part.startswith("*") else re.escape(part)
        for part in parts
    )
    return re.compile(out)
