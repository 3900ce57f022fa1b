"""Manifests: OKH version 1 (YAML) and 2 (TOML), and kitspace.yaml. A wrong field is noted, the rest still counts.

Source: Open Know-How 1.0; OKH-LOSH and Open Know-How 2.4 JSON schemas; Kitspace's processor.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import re
import tomllib
from typing import Any

from pydantic import BaseModel
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent

from builders.contract import Tree
from registry import limits
from registry.designs.reading.findings import Area, Finding
from registry.designs.reading.okh_fields import V1, V2, Fields
from registry.designs.reading.paths import PathFinder

_KITSPACE = ("kitspace.yaml", "kitspace.yml", "kitnic.yaml", "kitnic.yml")
_COLOURS = ("green", "red", "blue", "black", "white", "orange", "purple", "yellow")
_EDA = ("kicad", "eagle", "easyeda")


class Manifest(BaseModel):
    """What one manifest says, with paths found in the tree; empty where it says nothing."""

    format: str
    path: str
    data: dict[str, Any] = {}
    name: str = ""
    summary: str = ""
    version: str = ""
    licences: dict[Area, str] = {}
    people: list[str] = []
    tags: list[str] = []
    pictures: list[str] = []
    documentation_home: str = ""
    repo: str = ""
    readme: str = ""
    docs: list[str] = []
    boms: list[str] = []
    mass_g: float | None = None
    outer_dimensions_mm: dict[str, float] | None = None
    sub_designs: list[dict[str, str]] = []
    findings: list[Finding] = []


def read_manifests(tree: Tree, paths: PathFinder) -> list[Manifest]:
    """All manifests at the top of the tree, most telling first."""
    top = [path for path in tree.files if "/" not in path]
    toml = sorted(
        (path for path in top if re.search(r"okh.*\.toml$|okh\.toml$", path, re.I)),
        key=lambda path: (path != "okh.toml", path),
    )
    yaml = sorted(path for path in top if re.fullmatch(r"okh.*\.ya?ml", path, re.I))
    found = [_read_okh(tree, paths, path) for path in [*toml[:1], *yaml[:1]]]
    for path in [*toml[1:], *yaml[1:]]:
        found[-1].findings.append(
            Finding(level="info", where=path, sentence="Only one manifest of a kind is read; this one is not.")
        )
    kitspace = next((name for name in _KITSPACE if name in tree.files), None)
    if kitspace:
        found.append(_read_kitspace(tree, paths, kitspace))
    return found


def _broken(kind: str, path: str, why: str) -> Manifest:
    finding = Finding(
        level="error",
        where=path,
        sentence=f"{path} can't be read: {why}.",
        remedy="Correct it; until then it does not count.",
    )
    return Manifest(format=kind, path=path, findings=[finding])


def _load(tree: Tree, path: str) -> dict[str, Any] | str:
    """A manifest as a mapping of plain values, or why it can't be read."""
    if tree.files[path].size_bytes > limits.MANIFEST_BYTES:
        return f"it is larger than {limits.MANIFEST_BYTES // limits.KIB} kB"
    try:
        text = tree.read(path, limits.MANIFEST_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError:
        return "it is not UTF-8"
    try:
        data = tomllib.loads(text) if path.lower().endswith(".toml") else _load_yaml(text)
    except (tomllib.TOMLDecodeError, YAMLError, ValueError, RecursionError) as error:
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        return f"{problem}{f' in line {line + 1}' if line is not None else ''}"[:200]
    if data is None:
        return "there is nothing in it but remarks"
    if not isinstance(data, dict):
        return "it is not a list of keys and values"
    data = _plain(data)
    if len(json.dumps(data)) > limits.MANIFEST_BYTES:
        return "it holds too much"
    return data


def _load_yaml(text: str) -> Any:
    """YAML with every scalar as the text it is; anchors are refused, as they can make much of little."""
    # Version 1 begins with '%Open Know-How Manifest 1.0', which YAML takes for a directive of its own.
    text = re.sub(r"\A\s*(?:%[^\n]*\n)+", "", text)
    text = re.sub(r"\A---[^\n]*\n", "", text)
    # '@name' and '`word`' begin no YAML text, but people write handles so.
    text = re.sub(r"^([ \t]*(?:- )?[\w-]+:[ \t]+)([@`][^\n'\"]*?)[ \t]*$", r"\1'\2'", text, flags=re.M)
    depth = count = 0
    for event in YAML(typ="base", pure=True).parse(text):
        count += 1
        depth += isinstance(event, CollectionStartEvent)
        depth -= isinstance(event, CollectionEndEvent)
        if isinstance(event, AliasEvent):
            raise ValueError("it uses references (*), which are not read")
        if depth > 12 or count > 20_000:
            raise ValueError("it is nested too deeply or too long")
    loader = YAML(typ="base", pure=True)
    loader.allow_duplicate_keys = True  # a link given twice is no reason to read nothing
    return loader.load(text)


def _plain(value: Any, depth: int = 0) -> Any:
    """Values that JSON and both databases can hold."""
    if depth > 12:
        return None
    if isinstance(value, dict):
        return {_plain(str(key))[:200]: _plain(item, depth + 1) for key, item in list(value.items())[:500]}
    if isinstance(value, list):
        return [_plain(item, depth + 1) for item in value[:2_000]]
    if isinstance(value, str):
        return "".join(char for char in value if char.isprintable() or char in "\n\t")
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, int) and abs(value) > 2**53:
        return str(value)
    return value if isinstance(value, bool | int | float) or value is None else str(value)


def _read_okh(tree: Tree, paths: PathFinder, path: str) -> Manifest:
    data = _load(tree, path)
    is_toml = path.lower().endswith(".toml")
    if isinstance(data, str):
        return _broken("okh-2" if is_toml else "okh-1", path, data)
    second = "okhv" in data or is_toml
    fields = Fields(data, path, paths)
    names = V2 if second else V1
    for problem in names.missing(data):
        fields.note("info", f"{problem} is missing, which Open Know-How asks for.", "Add it.")
    manifest = Manifest(format="okh-2" if second else "okh-1", path=path, data=data)
    manifest.name = fields.text(names.name)[: limits.NAME_CHARS]
    manifest.summary = fields.text(names.summary)
    manifest.version = fields.text("version")[:80]
    manifest.licences = fields.licences()
    manifest.people = fields.people(*names.people)
    manifest.tags = fields.texts("keywords")
    manifest.pictures = fields.pictures("image")
    manifest.documentation_home = fields.web("documentation-home") or fields.web("project-link") or fields.web("repo")
    manifest.repo = fields.web("repo") or fields.web("project-link")
    manifest.readme = next(iter(fields.files("readme")), "")
    manifest.docs = [item for name in names.docs for item in fields.files(name)]
    manifest.boms = fields.files("bom")
    manifest.mass_g = fields.number(data.get("mass"), "mass")
    manifest.outer_dimensions_mm = fields.dimensions("outer-dimensions")
    manifest.sub_designs = fields.sub_designs()
    fields.check_levels()
    manifest.findings = fields.findings
    return manifest


def _read_kitspace(tree: Tree, paths: PathFinder, path: str) -> Manifest:
    data = _load(tree, path)
    if isinstance(data, str):
        return _broken("kitspace", path, data)
    manifest = Manifest(format="kitspace", path=path, data=data)
    projects: dict[str, Any] = {"": data}
    multi = data.get("multi")
    if isinstance(multi, dict):
        projects = multi
    elif multi is not None:
        _note(manifest, "multi is not a mapping of names to projects.", "Put one key per project below it.")
    for name, project in list(projects.items())[: limits.TARGETS_PER_VERSION]:
        if not isinstance(project, dict):
            _note(manifest, f"multi.{name} is not a mapping.", "Put its fields below it.")
            continue
        _read_kitspace_project(manifest, paths, project, f"multi.{name}." if name else "")
        if name:
            manifest.sub_designs.append({"title": str(name)[: limits.NAME_CHARS], "url": "", "path": ""})
    return manifest


def _read_kitspace_project(manifest: Manifest, paths: PathFinder, project: dict[str, Any], prefix: str) -> None:
    fields = Fields(project, manifest.path, paths, prefix)
    manifest.summary = manifest.summary or fields.text("summary")
    manifest.documentation_home = manifest.documentation_home or fields.web("site")
    manifest.readme = manifest.readme or next(iter(fields.files("readme")), "")
    manifest.boms += fields.files("bom")
    if (colour := fields.text("color")) and colour not in _COLOURS:
        fields.note("warning", f"{prefix}color is {colour[:40]!r}.", f"Use one of {', '.join(_COLOURS)}.")
    if isinstance(gerbers := project.get("gerbers"), str):
        paths.claim(gerbers, f"{prefix}gerbers", manifest.path, fields.findings)
    eda = project.get("eda")
    if isinstance(eda, dict):
        if eda.get("type") not in _EDA:
            fields.note(
                "warning", f"{prefix}eda.type is {str(eda.get('type'))[:40]!r}.", f"Use one of {', '.join(_EDA)}."
            )
        if isinstance(board := eda.get("pcb"), str):
            paths.claim(board, f"{prefix}eda.pcb", manifest.path, fields.findings)
    elif eda is not None:
        fields.note("warning", f"{prefix}eda is not a mapping.", "Give it type and pcb.")
    manifest.findings += fields.findings


def _note(manifest: Manifest, sentence: str, remedy: str) -> None:
    manifest.findings.append(Finding(level="warning", where=manifest.path, sentence=sentence, remedy=remedy))
