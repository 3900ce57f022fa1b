"""okh.toml of a bundle against the form's own table. Source: OKH 2.4; manifests.md, section 2."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from license_expression import ExpressionError, get_spdx_licensing

REQUIRED = ("okhv", "name", "repo", "license", "licensor", "function")
KNOWN = {
    *REQUIRED, "$schema", "version", "release", "organization", "readme", "contribution-guide", "image",
    "documentation-language", "technology-readiness-level", "documentation-readiness-level", "attestation",
    "publication", "standard-compliance", "cpc-patent-class", "tsdc", "bom", "manufacturing-instructions",
    "user-manual", "source", "export", "auxiliary", "mass", "outer-dimensions", "fork-of", "forkOf", "material",
    "printing-process", "2d-size-mm", "component-sides", "rdf", "software", "part",
}  # fmt: skip
PART_KNOWN = {"name", "source", "export", "auxiliary", "image", "mass", "outer-dimensions", "tsdc"}
PATHS = ("readme", "bom", "manufacturing-instructions", "user-manual", "source", "export", "auxiliary", "image")
_URL = re.compile(r"^https?://")
_REPO = re.compile(r"^(?:https?://|/)")  # a local repository, where an instance takes those


def check_okh(root: Path) -> Iterator[str]:
    """What is wrong with okh.toml, as sentences."""
    try:
        told = tomllib.loads((root / "okh.toml").read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        yield f"okh.toml: {error}"
        return
    for key in REQUIRED:
        if not told.get(key):
            yield f"okh.toml: {key} is missing"
    if told.get("okhv") != "2.4":
        yield f"okh.toml: okhv is {told.get('okhv')!r}"
    if unknown := told.keys() - KNOWN:
        yield f"okh.toml: the form has no {sorted(unknown)}"
    try:
        get_spdx_licensing().parse(str(told.get("license")), validate=True)
    except ExpressionError as error:
        yield f"okh.toml: license: {error}"
    if not _REPO.match(str(told.get("repo"))):
        yield f"okh.toml: repo is {told.get('repo')!r}"
    for key in ("name", "version", "function", "license"):
        if key in told and not (isinstance(told[key], str) and told[key].strip()):
            yield f"okh.toml: {key} is no text"
    licensors = told.get("licensor", [])
    if not all(isinstance(one, str) and one for one in (licensors if isinstance(licensors, list) else [licensors])):
        yield "okh.toml: licensor is neither a text nor a list of texts"
    yield from _common("okh.toml", root, told)
    for part in told.get("part", []):
        where = f"okh.toml, part {part.get('name')!r}"
        if not part.get("name") or not (part.get("source") or part.get("export")):
            yield f"{where}: it needs a name, and a source or an export"
        if unknown := part.keys() - PART_KNOWN:
            yield f"{where}: the form has no {sorted(unknown)}"
        yield from _common(where, root, part)
        if (root / str(part.get("export", [""])[0])).parent.joinpath("facts.json").is_file():
            if "outer-dimensions" not in part:
                yield f"{where}: its size is known, but not told"


def _common(where: str, root: Path, told: dict[str, Any]) -> Iterator[str]:
    for key in PATHS:
        paths = told.get(key, [])
        for path in paths if isinstance(paths, list) else [paths]:
            if not isinstance(path, str) or path.startswith("//") or ".." in path.split("/"):
                yield f"{where}: {key}: {path!r} is neither a path nor a URL"
            elif not _URL.match(path) and not (root / path).is_file():
                yield f"{where}: {key}: the bundle has no {path}"
    if "mass" in told and not (isinstance(told["mass"], int | float) and told["mass"] > 0):
        yield f"{where}: mass is {told['mass']!r}"
    size = told.get("outer-dimensions")
    if size is not None and not (
        size.keys() == {"width", "depth", "height"} and all(isinstance(side, int | float) for side in size.values())
    ):
        yield f"{where}: outer-dimensions are {size!r}"
    codes = told.get("tsdc", [])
    if not all(re.fullmatch(r"[A-Z0-9]{3}", code) for code in (codes if isinstance(codes, list) else [codes])):
        yield f"{where}: tsdc is {codes!r}"
