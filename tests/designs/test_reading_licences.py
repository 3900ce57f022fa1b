"""Which licence a repository has, and whether it is open; row 37's traps."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from memory_tree import MemoryTree

from registry.designs.reading.about import read_about
from registry.designs.reading.licence_names import in_words, is_open, mentions, parse_expression, read_name
from registry.designs.reading.licence_texts import classify

CORPUS = Path(os.environ.get("BRICKYARD_CORPUS", Path(__file__).parents[3] / "shared" / "corpus"))
MIT = """The MIT License (MIT)

Copyright (c) 2025 Ada Maker

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software.
The above copyright notice and this permission notice shall be included in all copies or substantial portions.
"""
CC = """{title}

=======================================================================

Creative Commons Corporation ("Creative Commons") is not a law firm and does not provide legal services or legal advice.

Section 1 -- Definitions.
  c. BY-SA Compatible License means a license listed at creativecommons.org/compatiblelicenses, such as
     Attribution-ShareAlike 4.0.
  k. NonCommercial means not primarily intended for or directed towards commercial advantage.
  h. Licensor means the individual(s) or entity(ies) granting rights under this Public License.
"""
UNLICENSE = """This is free and unencumbered software released into the public domain.

Anyone is free to copy, modify, publish, use, compile, sell, or distribute this software, for any purpose, commercial or
non-commercial, and by any means.
"""
BSD = """Copyright (c) 2025, Ada Maker
Redistribution and use in source and binary forms, with or without modification, are permitted provided that:
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (MIT, "MIT"),
        (
            MIT.replace("The above copyright notice and this permission notice shall be included in all copies", ""),
            "MIT-0",
        ),
        (
            MIT.replace("including without limitation", "for non-commercial purposes, including without limitation"),
            "LicenseRef-NonCommercial",
        ),
        (MIT + "The Software shall be used for Good, not Evil.", ""),
        (
            '"Commons Clause" License Condition v1.0\nThe grant does not include the right to Sell the Software.\n'
            + MIT,
            "LicenseRef-Commons-Clause",
        ),
        (UNLICENSE, "Unlicense"),
        (CC.format(title="Attribution 4.0 International"), "CC-BY-4.0"),
        (CC.format(title="Attribution-ShareAlike 4.0 International"), "CC-BY-SA-4.0"),
        (CC.format(title="Attribution-NonCommercial 4.0 International"), "CC-BY-NC-4.0"),
        (CC.format(title="Attribution-NonCommercial-ShareAlike 4.0 International"), "CC-BY-NC-SA-4.0"),
        (CC.format(title="Attribution-NonCommercial-NoDerivatives 4.0 International"), "CC-BY-NC-ND-4.0"),
        (CC.format(title="# Creative Commons Attribution-NoDerivatives 4.0"), "CC-BY-ND-4.0"),
        (CC.format(title="For non-commercial use only:\nAttribution 4.0 International"), "LicenseRef-NonCommercial"),
        (BSD + "Neither the name of the author may be used", "BSD-3-Clause"),
        (BSD, "BSD-2-Clause"),
        (BSD + "for noncommercial use", "LicenseRef-NonCommercial"),
        ("CERN Open Hardware Licence v1.2\n\nPreamble", "CERN-OHL-1.2"),
        (
            "CERN Open Hardware Licence Version 2 - Permissive\n\nPreamble ... CERN-OHL-S (strongly reciprocal)",
            "CERN-OHL-P-2.0",
        ),
        ("The TAPR Open Hardware License\nVersion 1.0 (May 25, 2007)", "TAPR-OHL-1.0"),
        (
            "SOLDERPAD HARDWARE LICENSE version 2.1\nA wraparound to the Apache License Version 2.0",
            "Apache-2.0 WITH SHL-2.1",
        ),
        (
            "GNU GENERAL PUBLIC LICENSE\n Version 3, 29 June 2007 ... GNU Affero General Public License version 3",
            "GPL-3.0-only",
        ),
        (
            "GNU LESSER GENERAL PUBLIC LICENSE\nVersion 3\n incorporates GNU General Public License version 3",
            "LGPL-3.0-only",
        ),
        ("All rights reserved. Do not copy.", ""),
        ("", ""),
    ],
)
def test_texts(text: str, expected: str) -> None:
    assert classify(text) == expected


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real designs is not here")
@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("OSH-CMM-LogicBoard/LICENSES/CERN-OHL-S-2.0.txt", "CERN-OHL-S-2.0"),
        ("OSH-CMM-LogicBoard/LICENSES/CC-BY-4.0.txt", "CC-BY-4.0"),
        ("OSH-CMM-LogicBoard/LICENSES/CC0-1.0.txt", "CC0-1.0"),
        ("BoxFarm/LICENSE.md", "CC-BY-SA-4.0"),
        ("LOGuvnor/hardware/LICENSE", "CC-BY-SA-4.0"),
        ("LOGuvnor/code/LICENSE", "GPL-3.0-only"),
        ("nrfmicro/LICENSE", "Unlicense"),
        ("wavephoenix-plus/hardware/LICENSE", "Apache-2.0 WITH SHL-2.1"),
    ],
)
def test_whole_texts(path: str, expected: str) -> None:
    assert classify((CORPUS / path).read_text(encoding="utf-8", errors="replace")) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CERN-OHL-S-2.0", "CERN-OHL-S-2.0"),
        ("cern-ohl-s-2.0", "CERN-OHL-S-2.0"),
        ("CERN-OHL-S v2", "CERN-OHL-S-2.0"),
        ("CERN OHL", "CERN-OHL-1.2"),
        ("CERN OHL v1.1", "CERN-OHL-1.1"),
        ("CERN Open Hardware Licence Version 2 - Weakly Reciprocal", "CERN-OHL-W-2.0"),
        ("CC BY-SA 4.0", "CC-BY-SA-4.0"),
        ("CC-BY-SA 3.0", "CC-BY-SA-3.0"),
        ("CC BY-NC-SA 4.0", "CC-BY-NC-SA-4.0"),
        ("CC-BY-ND", "CC-BY-ND-4.0"),
        ("Creative Commons Attribution Non Commercial Share Alike 4.0 International", "CC-BY-NC-SA-4.0"),
        ("https://creativecommons.org/licenses/by-nc/4.0/", "CC-BY-NC-4.0"),
        ("CC0", "CC0-1.0"),
        ("GPLv3", "GPL-3.0-only"),
        ("GNU GPL v2 or later", "GPL-2.0-or-later"),
        ("LGPL-2.1+", "LGPL-2.1-or-later"),
        ("AGPL", "AGPL-3.0-or-later"),
        ("MIT License", "MIT"),
        ("Apache 2.0", "Apache-2.0"),
        ("Solderpad Hardware License v2.1", "Apache-2.0 WITH SHL-2.1"),
        ("MIT OR Apache-2.0", "MIT OR Apache-2.0"),
        ("LicenseRef-AllRightsReserved", "LicenseRef-AllRightsReserved"),
        ("All rights reserved", "LicenseRef-AllRightsReserved"),
        ("ask me", None),
        ("", None),
        ("summit", None),
    ],
)
def test_names_as_people_write_them(text: str, expected: str | None) -> None:
    found = read_name(text)
    assert (found.expression if found else None) == expected


def test_a_sentence_may_name_several() -> None:
    text = "Source code is released under the GPL, hardware under CC BY-SA 4.0"
    assert [item.expression for item in mentions(text)] == ["GPL-3.0-or-later", "CC-BY-SA-4.0"]


@pytest.mark.parametrize(
    ("expression", "open_"),
    [
        ("CERN-OHL-S-2.0", True),
        ("MIT", True),
        ("Apache-2.0 WITH SHL-2.1", True),
        ("CC-BY-SA-4.0 AND GPL-3.0-only", True),
        ("CC-BY-NC-4.0", False),
        ("CC-BY-ND-4.0", False),
        ("MIT AND CC-BY-NC-SA-4.0", False),
        ("MIT OR CC-BY-NC-SA-4.0", True),
        ("LicenseRef-AllRightsReserved", False),
        ("LicenseRef-anything", False),
        ("BUSL-1.1", False),
        ("", False),
    ],
)
def test_the_open_hardware_definition_decides(expression: str, open_: bool) -> None:
    assert is_open(expression) is open_
    words = in_words(expression)
    assert ("sell" in words and words.startswith(("You may", "Public domain"))) is open_


def test_expressions_from_outside_are_bounded() -> None:
    for text in ("(" * 200, "MIT AND " * 500, "MIT;rm", "MIT\nAND MIT", "A" * 1000):
        assert parse_expression(text) == ""


def verdict(**files: str | bytes):  # type: ignore[no-untyped-def]
    names = {key.replace("__", "/").replace("_", "."): text for key, text in files.items()}
    return read_about(MemoryTree(names), [], "press").licence


def test_no_licence_is_refused_with_a_remedy() -> None:
    found = verdict(README_md="# Press\n\nA press for bricks of earth.\n")
    assert not found.open and "no licence" in found.reason and "LICENSE" in found.remedy


@pytest.mark.parametrize("title", ["Attribution-NonCommercial-ShareAlike 4.0", "Attribution-NoDerivatives 4.0"])
def test_closed_texts_are_refused_whatever_the_readme_says(title: str) -> None:
    found = verdict(LICENSE=CC.format(title=title), README_md="# Press\n\n## License\n\nMIT\n")
    assert not found.open and "forbids" in found.reason and found.remedy
    assert any(item.level == "warning" and item.where == "README.md" for item in found.findings)


def test_an_unknown_text_is_refused_by_its_name() -> None:
    found = verdict(LICENSE_txt="You may look at this on Tuesdays.")
    assert not found.open and "LICENSE.txt" in found.reason


def test_software_alone_licensed_is_refused() -> None:
    found = verdict(firmware__LICENSE=MIT)
    assert not found.open and "Only the software" in found.reason


def test_areas_from_folders() -> None:
    found = verdict(
        hardware__LICENSE=CC.format(title="Attribution-ShareAlike 4.0 International"), firmware__LICENSE=MIT
    )
    assert found.open and found.per_area == {"hardware": "CC-BY-SA-4.0", "software": "MIT"}
    assert found.expression == "CC-BY-SA-4.0 AND MIT" and found.main == "CC-BY-SA-4.0"


def test_a_closed_area_spoils_the_whole() -> None:
    found = verdict(hardware__LICENSE=MIT, docs__LICENSE=CC.format(title="Attribution-NonCommercial 4.0 International"))
    assert not found.open and "documentation" in found.reason


def test_a_closed_licence_at_the_top_holds_beside_an_open_one_for_the_hardware() -> None:
    closed = CC.format(title="Attribution-NonCommercial 4.0 International")
    manifest = "title: Press\nlicense: {hardware: CERN-OHL-S-2.0}\n"
    assert not verdict(LICENSE=closed, okh_yml=manifest).open
    assert not verdict(LICENSE=closed, hardware__LICENSE=MIT).open
    assert verdict(LICENSE=closed, okh_yml="license: {hardware: MIT, documentation: MIT}\n", hardware__LICENSE=MIT).open


def test_a_dependency_called_non_commercial_says_nothing_about_the_design() -> None:
    dependency = "- `firmware` of others; non-commercial open source license\n"
    readme = f"# Arm\n\n{dependency}\n## License\n\n- Hardware: CERN-OHL-S-2.0\n"
    found = verdict(README_md=readme)
    assert found.open and found.expression == "CERN-OHL-S-2.0"


@pytest.mark.parametrize(
    ("path", "comment"),
    [
        ("a.kicad_pcb", '(kicad_pcb (title_block (title "A") (comment 1 "Licence: CERN-OHL-S v2")))'),
        ("a.sch", 'EESchema Schematic File Version 4\nComment1 "Licence: CERN-OHL-S v2"\n'),
    ],
)
def test_a_title_block_is_evidence(path: str, comment: str) -> None:
    found = read_about(MemoryTree({path: comment}), [], "press").licence
    assert found.open and found.expression == "CERN-OHL-S-2.0"


def test_spdx_headers_and_reuse() -> None:
    found = verdict(part_py="# SPDX-License-Identifier: CERN-OHL-W-2.0\nimport cadquery\n")
    assert found.expression == "CERN-OHL-W-2.0"
    reuse = 'version = 1\n[[annotations]]\npath = "**"\nSPDX-License-Identifier = "CERN-OHL-P-2.0"\n'
    assert verdict(REUSE_toml=reuse, a_step="ISO-10303-21;").expression == "CERN-OHL-P-2.0"
    dep5 = "Format: x\n\nFiles: *\nCopyright: x\nLicense: CC0-1.0\n"
    assert read_about(MemoryTree({".reuse/dep5": dep5, "a.step": "x"}), [], "x").licence.expression == "CC0-1.0"


def test_the_repository_around_a_folder_lends_its_licence() -> None:
    outer = MemoryTree({"LICENSE": MIT, "hw/board.kicad_pcb": "x"})
    inner = MemoryTree({"board.kicad_pcb": "x"})
    assert not read_about(inner, [], "hw").licence.open
    assert read_about(inner, [], "hw", outer).licence.expression == "MIT"
