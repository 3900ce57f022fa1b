"""What the registry learns of a design from its files, without building anything."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict

from builders.contract import Tree
from registry import limits
from registry.designs.reading import licences
from registry.designs.reading.findings import Finding
from registry.designs.reading.licence_names import in_words
from registry.designs.reading.licences import LicenceVerdict
from registry.designs.reading.manifests import Manifest, read_manifests
from registry.designs.reading.paths import PathFinder, is_web
from registry.designs.reading.readme import Readme, choose_picture, list_docs, read_readme, shorten

_SUBMODULE = re.compile(r'^\[submodule "([^"\n]{1,200})"\]\s*\n((?:[ \t]+\w.*\n?)*)', re.M)


class Author(BaseModel):
    """Somebody who worked on the design; `commits` is 0 for those whom only a manifest names."""

    model_config = ConfigDict(frozen=True)

    name: str
    commits: int


class About(BaseModel):
    """A design as its repository describes it. Paths are in the tree; empty where nothing was found."""

    name: str
    summary: str
    picture: str
    licence: LicenceVerdict
    licence_words: str
    authors: list[Author]
    tags: list[str]
    version: str
    documentation_home: str
    readme: str
    readme_text: str
    docs: list[str]
    boms: list[str]
    mass_g: float | None
    outer_dimensions_mm: dict[str, float] | None
    sub_designs: list[dict[str, str]]
    manifest: str
    manifests: dict[str, dict[str, Any]]
    findings: list[Finding]

    def for_storage(self) -> dict[str, Any]:
        """Plain values for the database: as the model, but with the licence in parts."""
        values = self.model_dump(mode="json", exclude={"licence"})
        verdict = self.licence
        return values | {"licence": verdict.expression, "licences": verdict.per_area, "licence_open": verdict.open}


def read_about(tree: Tree, authors: Sequence[tuple[str, int]], fallback_name: str, outer: Tree | None = None) -> About:
    """Read a design's README, manifests and licences; whatever is wrong in one of them stands in `findings`.

    `outer` is the whole repository where `tree` is a folder of it: its licence holds where the folder has none.
    """
    paths = PathFinder(tree.files)
    manifests = read_manifests(tree, paths)
    readme = read_readme(tree, paths, next((item.readme for item in manifests if item.readme), ""))
    stated = [
        licences.from_manifest(value, area, item.path)
        for item in manifests
        for area, value in item.licences.items()
    ]  # fmt: skip
    verdict = licences.judge(tree, stated, (readme.path, readme.text), outer)
    findings = [*verdict.findings, *(finding for item in manifests for finding in item.findings)]
    name = _name(manifests, readme, fallback_name, findings)
    if not readme.path:
        findings.append(
            Finding(
                level="warning",
                where="README.md",
                sentence="The repository has no README.",
                remedy="Add a README.md that says what the design is, with a picture.",
            )
        )
    findings += _refused(tree)
    return About(
        name=name,
        summary=_summary(manifests, readme),
        picture=choose_picture(tree, [path for item in manifests for path in item.pictures], readme.pictures),
        licence=verdict,
        licence_words=in_words(verdict.main),
        authors=_authors(authors, manifests),
        tags=_tags(manifests),
        version=next((item.version for item in manifests if item.version), ""),
        documentation_home=next((item.documentation_home for item in manifests if item.documentation_home), ""),
        readme=readme.path,
        readme_text=readme.text,
        docs=list_docs(tree, readme.path, [path for item in manifests for path in item.docs]),
        boms=list(dict.fromkeys(path for item in manifests for path in item.boms)),
        mass_g=next((item.mass_g for item in manifests if item.mass_g is not None), None),
        outer_dimensions_mm=next((item.outer_dimensions_mm for item in manifests if item.outer_dimensions_mm), None),
        sub_designs=[part for item in manifests for part in item.sub_designs] + _submodules(tree),
        manifest=manifests[0].path if manifests else "",
        manifests={item.path: item.data for item in manifests if item.data},
        findings=findings[: limits.FINDINGS],
    )


def _name(manifests: list[Manifest], readme: Readme, fallback: str, findings: list[Finding]) -> str:
    """A manifest's name, unless it is only the repository's again and the README has one for people."""
    stated = next(((item.name, item.path) for item in manifests if item.name), None)
    heading = readme.heading
    if stated is None:
        return (heading or fallback)[: limits.NAME_CHARS]
    name, where = stated
    if heading and _alike(heading) == _alike(fallback) != _alike(name):
        findings.append(
            Finding(
                level="warning",
                where=where,
                sentence=f"The manifest calls the design {name!r}; the README and the repository call it {heading!r}.",
                remedy="Let both say the same.",
            )
        )
        return heading
    machine_made = re.fullmatch(r"[\w.]+(?:[-_][\w.]+)+", name) or _alike(name) == _alike(fallback)
    return (heading if machine_made and heading else name)[: limits.NAME_CHARS]


def _alike(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).casefold()


def _summary(manifests: list[Manifest], readme: Readme) -> str:
    stated = next((item.summary for item in manifests if item.summary), "")
    return shorten(stated) if stated else readme.summary


def _authors(counted: Sequence[tuple[str, int]], manifests: list[Manifest]) -> list[Author]:
    found = {name.casefold(): Author(name=name, commits=commits) for name, commits in counted}
    for item in manifests:
        for name in item.people:
            found.setdefault(name.casefold(), Author(name=name, commits=0))
    return list(found.values())[: limits.AUTHORS]


def _tags(manifests: list[Manifest]) -> list[str]:
    tags: dict[str, None] = {}
    for item in manifests:
        for tag in item.tags:
            plain = re.sub(r"\s+", "-", tag.strip().lower())
            if plain and len(plain) <= limits.TAG_CHARS:
                tags[plain] = None
    return list(tags)[: limits.TAGS]


def _submodules(tree: Tree) -> list[dict[str, str]]:
    """Submodules are other designs that this one is made of: named and linked, never fetched."""
    if ".gitmodules" not in tree.files:
        return []
    text = tree.read(".gitmodules", limits.MANIFEST_BYTES).decode("utf-8", "replace")
    found = []
    for name, body in _SUBMODULE.findall(text)[:100]:
        url = re.search(r"^\s*url\s*=\s*(\S+)\s*$", body, re.M)
        path = re.search(r"^\s*path\s*=\s*(\S.*?)\s*$", body, re.M)
        address = url[1] if url and is_web(url[1]) and "@" not in url[1] else ""
        title = name.rsplit("/", 1)[-1]
        if title.isprintable():
            found.append({"title": title, "url": address, "path": path[1] if path and path[1].isprintable() else ""})
    return found


def _refused(tree: Tree) -> list[Finding]:
    """What the mirror does not hand out, told to the designer."""
    refused: Sequence[tuple[str, str]] = getattr(tree, "refused", ())
    findings = [
        Finding(
            level="warning",
            where=path[:200],
            sentence=f"{path[:200]} is left out: {reason}.",
            remedy="Put the file itself into the repository." if "lfs" in reason or "link" in reason else "",
        )
        for path, reason in refused[: limits.FINDINGS // 2]
    ]
    if len(refused) > len(findings):
        sentence = f"{len(refused) - len(findings)} more entries of the repository are left out."
        findings.append(Finding(level="warning", where="", sentence=sentence))
    return findings
