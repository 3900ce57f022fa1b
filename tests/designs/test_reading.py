"""Versions, manifests, READMEs, and what is learned of the nine real designs."""

from __future__ import annotations

import datetime as dt
import json
import os
import time
from pathlib import Path

import pytest
from memory_tree import MemoryTree

from registry.designs.reading.about import About, read_about
from registry.designs.reading.readme import shorten
from registry.designs.reading.versions import is_prerelease, order_versions
from registry.stores.git import Ref

CORPUS = Path(os.environ.get("BRICKYARD_CORPUS", Path(__file__).parents[3] / "shared" / "corpus"))
PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 600


def about(fallback: str = "press", authors: tuple[tuple[str, int], ...] = (), **files: str | bytes) -> About:
    names = {key.replace("__", "/").replace("_", "."): text for key, text in files.items()}
    return read_about(MemoryTree(names), authors, fallback)


def sentences(found: About, level: str = "warning") -> str:
    return "\n".join(f"{item.where}: {item.sentence}" for item in found.findings if item.level == level)


def test_a_readme_in_several_languages() -> None:
    found = about(
        README_zh="x", **{"README_zh-CN.md": "# 灯\n", "README_en.md": "# Lamp\n\nA lamp that bends like a willow.\n"}
    )
    assert (found.name, found.readme) == ("Lamp", "README.en.md")
    assert about(**{"README_zh-CN.md": "# 灯\n\n用木头做的台灯。\n"}).name == "灯"


def ordered(names: str, tracked: str = "main", heads: str = "main") -> tuple[list[str], str]:
    when = dt.datetime(2025, 1, 1)  # noqa: DTZ001
    refs = [Ref(name, "tag", "c" * 40, when) for name in names.split()] + [
        Ref(name, "head", "d" * 40, when) for name in heads.split()
    ]
    entries = order_versions(refs, tracked)
    return [entry.name for entry in entries], next((entry.name for entry in entries if entry.newest), "")


@pytest.mark.parametrize(
    ("tags", "order", "newest"),
    [
        ("v0.9 v0.10 v1.0.0-rc1 v1.0.0", "main v1.0.0 v1.0.0-rc1 v0.10 v0.9", "v1.0.0"),
        ("v1.0 v2.0-beta v2.0-alpha", "main v2.0-beta v2.0-alpha v1.0", "v1.0"),
        ("revA revC revB", "main revC revB revA", "revC"),
        ("hw-1.2 hw-1.10", "main hw-1.10 hw-1.2", "hw-1.10"),
        ("board/v1.2 board/v1.3", "main board/v1.3 board/v1.2", "board/v1.3"),
        ("v1.2 v1.2b v1.2a", "main v1.2b v1.2a v1.2", "v1.2b"),
        ("2024-01-15 2024-11-02", "main 2024-11-02 2024-01-15", "2024-11-02"),
        ("v1.0-rc1", "main v1.0-rc1", "main"),
        ("", "main", "main"),
        ("nightly", "main nightly", "main"),
    ],
)
def test_versions(tags: str, order: str, newest: str) -> None:
    assert ordered(tags) == (order.split(), newest)


def test_versions_without_a_branch_or_with_another() -> None:
    assert ordered("v1-rc1", heads="") == (["v1-rc1"], "v1-rc1")
    assert ordered("v1", tracked="dev", heads="main dev") == (["dev", "v1"], "v1")
    assert ordered("v1 v2", tracked="v1") == (["v2", "v1"], "v1")
    assert ordered("", heads="") == ([], "")
    assert ordered(f"v{'9' * 200} {'x' * 200}1 é1 v1..2")[1] == f"v{'9' * 200}"


@pytest.mark.parametrize(
    "name",
    [
        "1.0.0-rc1",
        "v1.0-beta",
        "v2-alpha.1",
        "v3.0-dev",
        "v1.0b2",
        "1.0-snapshot-3",
        "prototype",
        "v1.0-draft",
        "nightly-20240101",
        "alpha/v3",
    ],
)
def test_prereleases(name: str) -> None:
    assert is_prerelease(name)


@pytest.mark.parametrize(
    "name", ["1.0.0", "v1.2b", "revB", "release-1.4", "v1.1.0+build", "2024-01-15", "final", "beta-board-v1.0"]
)
def test_not_prereleases(name: str) -> None:
    assert not is_prerelease(name)


def test_readme_in_markdown() -> None:
    readme = """<p align="center"><img src="https://img.shields.io/badge/x.svg"></p>

[![CI](https://ci.example.org/badge.svg)](https://ci.example.org)

# Brick *Press*

Copyright 2025 Ada Maker

[Wiki](https://wiki.example.org)

Presses earth into [bricks](x) without electricity. It weighs 40 kg.

![Schematic](docs/schematic.png) ![Press](./docs/My%20press.png "t")
"""
    tree = MemoryTree({"README.md": readme, "docs/schematic.png": PNG, "docs/My press.png": PNG})
    found = read_about(tree, [("Ada", 3)], "press")
    assert (found.name, found.picture) == ("Brick Press", "docs/My press.png")
    assert found.summary == "Presses earth into bricks without electricity. It weighs 40 kg."
    assert [(item.name, item.commits) for item in found.authors] == [("Ada", 3)]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "README.rst",
            "===========\nBrick press\n===========\n\n.. image:: top.png\n\n"
            "Presses `earth <http://x>`_ into bricks for houses.\n",
        ),
        ("readme.adoc", "= Brick press\n\nimage::top.png[Press]\n\nPresses earth into bricks for houses.\n"),
        ("README.txt", "Brick press\n-----------\n\nPresses earth into bricks for houses.\n"),
        ("README", "# Brick press\n\nPresses earth into bricks for houses.\n"),
    ],
)
def test_readme_in_other_forms(name: str, text: str) -> None:
    found = read_about(MemoryTree({name: text, "top.png": PNG}), [], "x")
    assert (found.name, found.summary, found.picture) == (
        "Brick press",
        "Presses earth into bricks for houses.",
        "top.png",
    )


def test_hostile_readmes_stay_bounded_and_are_no_pictures() -> None:
    started = time.monotonic()
    deep = (
        "> " * 5000
        + "x\n\n"
        + "[" * 20000
        + "\n\n"
        + "![a](../../etc/passwd.png) ![b](file:///etc/x.png) <img src='//evil/x.png'>\n"
        + "*a " * 30000
    )
    found = about(README_md=deep, LICENSE="x", fake_png=b"not a picture" * 100, evil_svg="<svg/>" * 200)
    assert found.picture == "" and found.name == "press"
    assert time.monotonic() - started < 10


def test_no_readme_is_said() -> None:
    assert "no README" in sentences(about(a_step="x"))


def test_documents_come_in_the_order_of_building() -> None:
    names = [
        "README.md",
        "docs/usage.md",
        "docs/test.md",
        "docs/assembly.md",
        "docs/01-overview.md",
        "CONTRIBUTING.md",
        "LICENSE.md",
        "lib/x.pretty/README.md",
        "docs/electronics/soldering.md",
        "docs/bom.md",
        ".github/ISSUE_TEMPLATE.md",
    ]
    found = read_about(MemoryTree(dict.fromkeys(names, "# x\n")), [], "x")
    assert found.docs == [
        "README.md",
        "docs/01-overview.md",
        "docs/bom.md",
        "docs/electronics/soldering.md",
        "docs/assembly.md",
        "docs/test.md",
        "docs/usage.md",
    ]


def test_shorten() -> None:
    assert shorten("One. Two.") == "One. Two."
    long = (
        "It measures soil moisture with two forks, e.g. In gardens, and tells it by radio. "
        + "More words follow here. " * 40
    )
    assert shorten(long).endswith(".") and len(shorten(long)) <= 220
    assert shorten("word " * 300).endswith("…")


OKH1 = """%Open Know-How Manifest 1.0
---
title: Brick press
description: Presses earth into bricks.
license: {hardware: CERN-OHL-S-2.0, documentation: CC-BY-SA-4.0}
licensor: {name: Ada Maker, email: ada@example.org}
contributors: [{name: Grace}]
project-link: https://example.org/press
version: 1.10
keywords: [Earth Brick, press]
bom: Parts.csv
image: pic.png
making-instructions: [{path: docs/make.md, title: Make}]
sub-parts: [{title: Frame, web: https://example.org/frame}, {web: x}]
documentation-home: not an address
tool-list: ../outside.md
"""


def test_okh_version_1() -> None:
    tree = MemoryTree(
        {"okh.yml": OKH1, "parts.csv": "x", "pic.png": PNG, "docs/make.md": "# Make", "README.md": "# press\n"}
    )
    found = read_about(tree, [], "repo")
    assert (found.name, found.summary, found.version) == ("Brick press", "Presses earth into bricks.", "1.10")
    assert found.boms == ["parts.csv"] and found.picture == "pic.png" and found.tags == ["earth-brick", "press"]
    assert found.licence.per_area == {"hardware": "CERN-OHL-S-2.0", "documentation": "CC-BY-SA-4.0"}
    assert [item.name for item in found.authors] == ["Ada Maker", "Grace"] and "ada@" not in json.dumps(
        found.for_storage()["authors"]
    )
    assert found.sub_designs == [{"title": "Frame", "url": "https://example.org/frame", "path": ""}]
    assert found.docs == ["README.md", "docs/make.md"] and found.documentation_home == "https://example.org/press"
    said = sentences(found)
    assert "the file is called parts.csv" in said and "documentation-home is not a web address" in said
    assert "tool-list is '../outside.md'" in said and "a part without a name" in said


def test_okh_version_2_with_wrong_fields() -> None:
    okh = """okhv = "2.4"
name = "Brick press"
repo = "example.org"
license = "CERN-OHL-S-2.0"
licensor = ["Ada Maker (Workshop) <ada@example.org>", {name = "Grace"}, 7]
function = 12
image = [{location = "back.png", slots = ["model-from-back"]}, {location = "main.png", slots = ["photo-thing-main"]}]
bom = "gone.csv"
mass = nan
technology-readiness-level = "TRL-9"
[outer-dimensions]
width = "250"
depth = 100
height = -1
[[part]]
name = "Frame"
source = ["frame.step"]
"""
    found = read_about(MemoryTree({"okh.toml": okh, "main.png": PNG, "back.png": PNG, "frame.step": "x"}), [], "repo")
    assert found.name == "Brick press" and found.picture == "main.png" and found.mass_g is None
    assert found.outer_dimensions_mm == {"width": 250.0, "depth": 100.0}
    assert [item.name for item in found.authors] == ["Ada Maker", "Grace"]
    assert found.sub_designs == [{"title": "Frame", "url": "", "path": "frame.step"}]
    said = sentences(found)
    for part in (
        "repo is not a web address",
        "licensor names nobody",
        "gone.csv, which is not",
        "mass is 'nan'",
        "height is '-1'",
        "TRL-9",
    ):
        assert part in said, part
    assert "width is written as text" in sentences(found, "info")
    json.dumps(found.for_storage(), allow_nan=False)


def test_kitspace() -> None:
    kitspace = "summary: A board\ncolor: mauve\nbom: BOM.csv\nmulti:\n"
    found = about(kitspace_yaml=kitspace, bom_csv="x")
    assert found.boms == ["bom.csv"] and "color is 'mauve'" in sentences(found)
    multi = "multi:\n  left: {bom: l.csv, eda: {type: kicad, pcb: l.kicad_pcb}}\n  right: {bom: r.csv, eda: paint}\n"
    tree = MemoryTree({"kitspace.yaml": multi, "l.csv": "x", "r.csv": "x", "l.kicad_pcb": "x"})
    found = read_about(tree, [], "x")
    assert found.boms == ["l.csv", "r.csv"] and [item["title"] for item in found.sub_designs] == ["left", "right"]
    assert "eda is not a mapping" in sentences(found)


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n",
        "a: [" + "[" * 500,
        "!!python/object/apply:os.system ['touch /tmp/started-by-yaml']",
        "title: 'x\n",
        "- a\n",
        "\x00\x01",
        "x" * 200_000,
    ],
)
def test_broken_or_hostile_manifests_do_not_stop_the_rest(text: str) -> None:
    started = time.monotonic()
    for name in ("okh.yml", "kitspace.yaml", "okh.toml"):
        found = read_about(MemoryTree({name: text, "README.md": "# Press\n\nPresses earth into bricks.\n"}), [], "x")
        assert found.name == "Press" and found.summary == "Presses earth into bricks."
        assert any(item.where == name and item.level in ("error", "info", "warning") for item in found.findings)
    assert time.monotonic() - started < 10 and not Path("/tmp/started-by-yaml").exists()


def test_submodules_are_listed_not_read() -> None:
    modules = (
        '[submodule "mod/encoder"]\n\tpath = mod/encoder\n\turl = https://example.org/encoder\n'
        '[submodule "x"]\n\turl = ext::sh\n'
    )
    tree = MemoryTree({".gitmodules": modules})
    assert read_about(tree, [], "x").sub_designs == [
        {"title": "encoder", "url": "https://example.org/encoder", "path": "mod/encoder"},
        {"title": "x", "url": "", "path": ""},
    ]


REAL = {
    "BoxFarm": ("BoxFarm", "CERN-OHL-1.2 AND CC-BY-SA-4.0", "", []),
    "ExpansionCards": ("Expansion Cards", "CC-BY-4.0", "", []),
    "HTWD-OSH-CMM-Arm": (
        "Open Source Coordinate Measurement Arm",
        "CERN-OHL-S-2.0 AND AGPL-3.0-or-later",
        "doc/assembly/encodermountI_4_front_photo.jpg",
        [],
    ),
    "LOGuvnor": (
        "LO Guv'nor: Si5351 clock generators for the workbench",
        "CC-BY-SA-4.0 AND GPL-3.0-only",
        "doc/LOGuvnor-assembled.jpg",
        [],
    ),
    "OSH-CMM-LogicBoard": (
        "Coordinate Measurement Arm Logic Board",
        "CERN-OHL-S-2.0",
        "gen/elec/CoordinateMeasurementLogicBoard.png",
        [],
    ),
    "nrfmicro": ("nRFMicro", "Unlicense", "", []),
    "rotary-encoder-protection": (
        "Rotary Encoder Protection Board",
        "CERN-OHL-S-2.0",
        "gen/elec/RotaryEncoderProtection.png",
        ["BOM.csv"],
    ),
    "teensy-3.2-clone.kicad": ("Teensy 3.2 reference board clone", "MIT", "", ["T32_ref_BOM.csv"]),
    "wavephoenix-plus": ("WavePhoenix+", "Apache-2.0 WITH SHL-2.1 AND MIT", "images/wp-plus-pcb.png", []),
}


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real designs is not here")
@pytest.mark.parametrize("folder", REAL)
def test_real_designs(folder: str) -> None:
    root = CORPUS / folder
    tree = MemoryTree({str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()})
    found = read_about(tree, [("corpus", 2)], folder)
    assert (found.name, found.licence.expression, found.picture, found.boms) == REAL[folder]
    assert found.licence.open and found.licence_words.startswith(("You may", "Public domain"))
    assert found.summary or folder == "nrfmicro"
    assert found.docs[0] == "README.md" and not [path for path in found.docs if "icense" in path.lower()]
    assert not [item for item in found.findings if item.level == "error"]
    json.dumps(found.for_storage(), allow_nan=False)


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real designs is not here")
def test_what_is_wrong_in_real_manifests_is_said() -> None:
    def of(folder: str) -> About:
        root = CORPUS / folder
        return read_about(
            MemoryTree({str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}),
            [],
            folder,
        )

    assert "bom.csv, but the file is called BOM.csv" in sentences(of("rotary-encoder-protection"))
    assert "bom names bom.csv, which is not in the repository" in sentences(of("OSH-CMM-LogicBoard"))
    assert "calls the design 'BoxFram'" in sentences(of("BoxFarm")) and "version is not stated" in sentences(
        of("BoxFarm")
    )
    arm = of("HTWD-OSH-CMM-Arm")
    assert arm.outer_dimensions_mm == {"width": 250.0, "depth": 500.0, "height": 500.0} and arm.mass_g == 2000.0
    assert arm.docs == ["README.md", "doc/assembly/main.md", "doc/user/manual.md"]


@pytest.mark.parametrize(
    ("readme", "name"),
    [
        ("![logo](x.png)\n\nA lamp that bends like a willow tree.\n\n## Installation\n\nScrew it.\n", "press"),
        ("A lamp that bends like a willow tree.\n\n# Willow\n\nMore.\n", "Willow"),
        ("## Willow Lamp\n\nA lamp that bends like a tree.\n\n## Features\n", "Willow Lamp"),
        ("# Bill of Materials\n\n# Willow\n", "Willow"),
        ("# 📦 Assembly instructions\n", "press"),
    ],
)
def test_a_chapter_is_no_name(readme: str, name: str) -> None:
    assert about(README_md=readme).name == name


def test_a_readme_of_many_chapters_is_read_in_a_moment() -> None:
    started = time.monotonic()
    assert len(about(README_rst="## Usage\nx\n\n" * 20_000).name) > 0
    assert time.monotonic() - started < 5


def test_a_readme_in_restructuredtext() -> None:
    found = about(
        README_rst="``willow_lamp`` |badge|\n====================\n\nThe willow_lamp bends like a *tree* does.\n"
    )
    assert (found.name, found.summary) == ("willow_lamp", "The willow_lamp bends like a tree does.")
