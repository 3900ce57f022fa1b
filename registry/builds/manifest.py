"""okh.toml of a bundle: Open Know-How 2.4, made from what the registry knows."""

from __future__ import annotations

from typing import Any

import tomli_w

from registry.builds.documents import page_address
from registry.builds.made import Made
from registry.designs.tables import Design, Revision
from registry.settings import Settings


def okh_toml(settings: Settings, design: Design, revision: Revision, made: list[Made]) -> str:
    """The manifest as text. Source: OKH-LOSH 2.4 schema; paths are those in the bundle."""
    about = revision.about
    authors = [author["name"] for author in about.get("authors", [])] or ["unknown"]
    boards = [item for item in made if item.run.kind == "board" and item.artifacts]
    parts = [item for item in made if item.run.kind == "part" and item.artifacts]
    manifest: dict[str, Any] = {
        "okhv": "2.4",
        "name": about.get("name") or design.name,
        "repo": design.url,
        "version": revision.name
        if any(c.isdigit() for c in revision.name)
        else revision.commit,  # a branch is no version
        "release": page_address(settings, design, revision),
        "license": revision.licence,
        "licensor": authors[:20],
        "function": about.get("summary") or design.name,
        **({"readme": "README.md"} if about.get("readme") else {}),
        "bom": "bom/bom.csv",
        "tsdc": (["PCB", "ASM"] if boards else []) + sorted({code for item in parts for code in _processes(item)}),
    }
    if any(a.path == "build-book.pdf" for item in made for a in item.artifacts):
        manifest["manufacturing-instructions"] = "docs/build-book.pdf"
    exports = [f"boards/{item.run.name}/board.step" for item in boards if item.first("step")]
    if exports:
        manifest["export"] = exports
    if about.get("mass_g"):
        manifest["mass"] = about["mass_g"]
    if about.get("outer_dimensions_mm"):
        manifest["outer-dimensions"] = about["outer_dimensions_mm"]
    shown = [_part(item) for item in parts]
    if any(shown):
        manifest["part"] = [part for part in shown if part]
    if not manifest["tsdc"]:
        del manifest["tsdc"]
    return tomli_w.dumps(manifest)


def _processes(item: Made) -> list[str]:
    """TSDC codes (DIN SPEC 3105-1) that a part's own files make sure of."""
    return ["LAS"] if item.first("dxf") else ["3DP"] if item.first("3mf") else []


def _part(item: Made) -> dict[str, Any]:
    exports = [
        f"parts/{item.run.name}/{a.path}"
        for a in item.artifacts
        if a.role in ("step", "stl", "3mf", "dxf") and a.bundled
    ]
    if not exports:
        return {}
    part: dict[str, Any] = {"name": item.run.title, "export": exports}
    box = item.facts.get("bounding_box_mm")
    if isinstance(box, list) and len(box) == 3 and all(isinstance(side, int | float) for side in box):
        part["outer-dimensions"] = dict(zip(("width", "depth", "height"), box, strict=True))
    if isinstance(item.facts.get("mass_g"), int | float):
        part["mass"] = item.facts["mass_g"]
    return part
