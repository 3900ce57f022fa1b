"""Licences as people really state them: in sentences, tables, badges, several files, other languages."""

from __future__ import annotations

import time

import pytest
from memory_tree import MemoryTree

from registry.designs.reading.about import read_about
from registry.designs.reading.licence_names import mentions
from registry.designs.reading.licence_prose import statements
from registry.designs.reading.licence_texts import classify, passages
from registry.designs.reading.licences import Evidence, LicenceVerdict, judge

ISC = """ISC License

Copyright (c) 2025, Ada Maker

Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted,
provided that the above copyright notice and this permission notice appear in all copies.

THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES WITH REGARD TO THIS SOFTWARE INCLUDING ALL
IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR ANY SPECIAL, DIRECT,
INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH THE USE OR PERFORMANCE OF
THIS SOFTWARE.
"""
CERN_S = "CERN Open Hardware Licence Version 2 - Strongly Reciprocal\n\n(long text)\n"
CERN_P = "CERN Open Hardware Licence Version 2 - Permissive\n\n(long text)\n"


def verdict(readme: str = "# Lamp\n\nA lamp.\n", **files: str) -> LicenceVerdict:
    named = {name.replace("__", "/").replace("_DOT_", "."): text for name, text in files.items()}
    return read_about(MemoryTree({"README.md": readme, **named}), [], "lamp").licence


@pytest.mark.parametrize(
    ("readme", "hardware", "software"),
    [
        ("## License\nThe lamp's firmware is under the GNU GPL v3. The lamp's hardware is under CERN-OHL-S v2. So.\n",
         "CERN-OHL-S-2.0", "GPL-3.0-only"),
        ("## License\nCode: Apache-2.0. Hardware: CERN-OHL-S-2.0. Have fun.\n", "CERN-OHL-S-2.0", "Apache-2.0"),
        ("## License\nHardware: CERN-OHL-W-2.0 | Firmware: MIT\n", "CERN-OHL-W-2.0", "MIT"),
        ("## License\n\n| Part | License |\n|---|---|\n| Board | CERN-OHL-P-2.0 |\n| Firmware | ISC |\n",
         "CERN-OHL-P-2.0", "ISC"),
        ("## License\nMIT for the firmware, CERN-OHL-S-2.0 for the hardware\n", "CERN-OHL-S-2.0", "MIT"),
        ("The hardware is licensed under Creative Commons BY-SA, and the software is GPL v3.\n",
         "CC-BY-SA-4.0", "GPL-3.0-only"),
        ("# Lamp\n![Hardware: CERN-OHL-S-2.0](https://img.shields.io/badge/hardware-CERN--OHL--S--2.0-blue)"
         " ![Software: MIT](https://img.shields.io/badge/software-MIT-blue)\n", "CERN-OHL-S-2.0", "MIT"),
        ("[![License](https://img.shields.io/badge/license-CERN--OHL--P--2.0-blue)](LICENSE)\n\nA lamp.\n",
         "CERN-OHL-P-2.0", ""),
        ("License\n-------\nThis project is\nlicensed with the CERN Open Hardware Licence v1.2.\n", "CERN-OHL-1.2", ""),
        ("**License**\n\nCERN-OHL-P-2.0\n", "CERN-OHL-P-2.0", ""),
        ("<p><strong>License:</strong></p>\n<p>Lamp is open hardware under <a href='https://x.org'>CERN-OHL-P</a></p>\n",
         "CERN-OHL-P-2.0", ""),
        ("## Licenses\n\n### Hardware\n\nReleased under the [Solderpad licence](http://solderpad.org/licenses/SHL-0.51/)."
         "\n\n### Firmware\n\nMIT\n", "SHL-0.51", "MIT"),
        ("## License\n[Creative Commons Share Alike](https://creativecommons.org/licenses/by-sa/3.0/)\n",
         "CC-BY-SA-3.0", ""),
        ("## License\nThe board is released under the [permissive CERN open hardware license v2](cern.txt).\n",
         "CERN-OHL-P-2.0", ""),
        ("## License\nThe hardware PCB design is licensed under TAPRv1 or later\n", "TAPR-OHL-1.0", ""),
        ("## Lizenz\nDie Hardware steht unter CC BY-SA 4.0, die Software unter der GPLv3.\n",
         "CC-BY-SA-4.0", "GPL-3.0-only"),
        ("## Licence\nLe matériel est sous licence CERN-OHL-S v2, le logiciel sous licence MIT.\n",
         "CERN-OHL-S-2.0", "MIT"),
        ("## Licencia\nEl hardware está bajo licencia CERN-OHL-W v2 y el firmware bajo GPL-3.0.\n",
         "CERN-OHL-W-2.0", "GPL-3.0-only"),
        ("## License\nThe hardware is CERN-OHL-P v2. Unlike MIT and Apache 2.0, it speaks of hardware.\n",
         "CERN-OHL-P-2.0", ""),
        ("## License\nLicensed under either CERN-OHL-P-2.0 or Solderpad Hardware License v2.1, at your option.\n",
         "CERN-OHL-P-2.0 OR Apache-2.0 WITH SHL-2.1", ""),
        ("## الترخيص\nCC BY-SA 4.0\n", "CC-BY-SA-4.0", ""),
        ("## License\nCopyright 2024 Ada. All rights reserved. Licensed under CERN-OHL-P-2.0.\n", "CERN-OHL-P-2.0", ""),
        ("ライセンス: MIT\n", "MIT", ""),
        ("## 开源协议\n\n本项目采用 GPL-3.0 协议\n", "GPL-3.0-only", ""),
        ("Dieses Projekt steht unter der CERN-OHL-W v2.\n", "CERN-OHL-W-2.0", ""),
        ("To the extent possible under law, the author has waived all copyright (CC0).\n", "CC0-1.0", ""),
        # A table that says which part has which licence, below no heading.
        ("| What | License |\n|---|---|\n| PCB | CERN-OHL-P v2 |\n| Firmware | MIT |\n", "CERN-OHL-P-2.0", "MIT"),
        ("## License\nHardware: CERN OHL v2.\n", "CERN-OHL-S-2.0", ""),  # the variant is not said: the strictest
    ],
)  # fmt: skip
def test_prose(readme: str, hardware: str, software: str) -> None:
    told = verdict(readme)
    assert told.open, told.reason
    assert told.per_area.get("hardware") == hardware
    assert told.per_area.get("software", "") == software


@pytest.mark.parametrize(
    "readme",
    [
        "## Credits\nThe firmware uses a library (MIT License) and a font, which is released under GPL v3.\n",
        "## Licenses\n\nThe imported packages are released under these licenses:\n\n| library | license |\n|---|---|\n"
        "| alpha | MIT |\n| beta | Apache 2 |\n",
        "## License\nNo LICENSE file is present. Do not assume that the hardware files are licensed for any use.\n",
        "## License\nFor personal use only. You may not sell this. CC BY 4.0.\n",
        "## License\n- PCB: CERN-OHL-S-2.0\n- Case: CC BY-NC 4.0\n- Code: MIT\n",
        "## License\nThe design files are licensed CC BY-SA-NC.\n",
        "## License\nNamensnennung - Nicht-kommerziell - Weitergabe unter gleichen Bedingungen 4.0 International\n",
        "## License\nAttribution-NonCommercial-ShareAlike 4.0 International\n",
        "## License\nFree to build; commercial use requires our permission. Hardware: CERN-OHL-P-2.0\n",
        "For personal use only, please.\n\n## License\nCERN-OHL-S-2.0\n",
        "本项目仅供学习交流，禁止用于商业用途。\n\n## License\nMIT\n",
        "## Built with\n| Library | License |\n|---|---|\n| KiCad footprints | CC BY-SA 4.0 |\n",
    ],
)
def test_prose_that_gives_no_open_licence(readme: str) -> None:
    assert not verdict(readme).open


@pytest.mark.parametrize(
    ("readme", "expression", "is_open"),
    [
        # LICENSE is often the firmware's alone; what the README says of the hardware is meant.
        ("## License\n- Hardware: CC BY-NC-SA 4.0\n- Firmware: MIT\n", "CC-BY-NC-SA-4.0", False),
        ("The hardware is licensed under CERN-OHL-S-2.0, the firmware under MIT.\n", "CERN-OHL-S-2.0", True),
        ("Commercial use is strictly prohibited.\n", "LicenseRef-NonCommercial", False),
        # What is vague weighs less than the file.
        ("## License\nCommercial use requires attribution.\n", "MIT", True),
        ("## License\nCommercial use is permitted.\n", "MIT", True),
    ],
)
def test_what_the_readme_says_of_the_hardware_beside_the_text_of_mit(
    readme: str, expression: str, is_open: bool
) -> None:
    mit = Evidence("MIT", "", "LICENSE", "its text is that licence's", 3)
    told = judge(MemoryTree({}), [mit], ("README.md", readme))
    assert (told.open, told.main) == (is_open, expression), told.reason


def test_a_licence_for_hardware_holds_for_its_models_too() -> None:
    readme = "The 3D models are licensed under CC BY 4.0.\n"
    evidence = Evidence("CERN-OHL-S-2.0", "", "LICENSE", "its text is that licence's", 3)
    assert judge(MemoryTree({}), [evidence], ("README.md", readme)).main == "CERN-OHL-S-2.0"


def test_a_sentence_that_there_is_no_such_clause_forbids_nothing() -> None:
    assert verdict("## License\nCC BY-SA 4.0. Commercial use is allowed, there is no non-commercial clause.\n").open


def test_the_file_of_several_licences() -> None:
    """One LICENSE.md with a list before a text; one with two texts below headings."""
    listed = "# License\n\n- Hardware (KiCad, STEP): CERN-OHL-W-2.0\n- Firmware: ISC\n\n---\n\n" + ISC
    assert verdict(LICENSE_DOT_md=listed).per_area == {"hardware": "CERN-OHL-W-2.0", "software": "ISC"}
    both = "Hardware\n========\n\n" + ISC + "\n\nFirmware\n========\n\n" + ISC.replace("copyright notice and this", "")
    assert verdict(LICENSE=both).open
    assert classify(ISC + "\n\n" + ISC) == "ISC"


@pytest.mark.parametrize(
    "name", ["cern_ohl_s_v2.txt", "LIZENZ.txt", "LICENSE.hw", "LICENSE-HARDWARE", "Licence/cern.txt"]
)
def test_names_of_licence_files(name: str) -> None:
    assert verdict(**{name: CERN_S}).main == "CERN-OHL-S-2.0"


def test_of_two_files_that_for_hardware_covers_the_hardware() -> None:
    told = verdict(**{"LICENSE": ISC, "cern_ohl_s_v2.txt": CERN_S})
    assert told.main == "CERN-OHL-S-2.0" and told.open
    lesser = {
        "COPYING": "GNU GENERAL PUBLIC LICENSE\nVersion 3\n",
        "COPYING.LESSER": "GNU LESSER GENERAL PUBLIC LICENSE\nVersion 3\n",
    }
    assert verdict(**lesser).main == "LGPL-3.0-only"


def test_texts_in_licenses_count_where_nothing_else_is_said() -> None:
    assert verdict(**{"LICENSES/CERN-OHL-P-2.0.txt": CERN_P, "LICENSES/ISC.txt": ISC}).main == "CERN-OHL-P-2.0"
    assert not verdict(**{"LICENSES/CC-BY-NC-4.0.txt": "Attribution-NonCommercial 4.0 International"}).open


def test_words_beside_a_text_that_take_back_what_it_gives() -> None:
    assert [item.expression for item in passages(ISC)] == ["ISC"]
    assert classify(ISC + "\nNo commercial use without written permission.\n") == "LicenseRef-NonCommercial"
    assert classify(ISC.replace("Ada Maker", "Ada Maker, for non-commercial use")) != "ISC"


def test_names_in_other_languages() -> None:
    said = "Attribution - Pas d'Utilisation Commerciale - Partage dans les Mêmes Conditions 4.0 International"
    assert [item.expression for item in mentions("Creative Commons " + said)] == ["CC-BY-NC-SA-4.0"]
    said = "Creative Commons Reconocimiento-CompartirIgual 3.0"
    assert [item.expression for item in mentions(said)] == ["CC-BY-SA-3.0"]


@pytest.mark.parametrize(
    "text", ["[" * 60_000, "CC BY " * 9_000, "a, " * 40_000, "licence: " * 9_000, "(" * 50_000 + "MIT", "![" * 60_000]
)
def test_prose_is_read_in_a_moment(text: str) -> None:
    started = time.monotonic()
    statements("## License\n" + text, all_counts=True)
    classify(text)
    assert time.monotonic() - started < 3


@pytest.mark.parametrize(
    ("name", "text", "hardware"),
    [
        # A dash of a typesetter; a link that names the licence without its letter.
        ("LICENSE.md", "# Hardware\n\nUnder the **CERN Open Hardware License Version 2 \u2013 Permissive**.\n\n"
         "Text: https://example.org/Documents/CERN-OHL-version-2\n", "CERN-OHL-P-2.0"),
        # The notice that the licence itself asks for calls the design a documentation.
        ("LICENSE.md", "This documentation describes Open Hardware and is licensed under the CERN OHL v. 1.2.\n\n"
         "You may redistribute and modify this documentation under the terms of the CERN OHL v.1.2.\n", "CERN-OHL-1.2"),
        ("docs/LICENSE-PCB.md", "Schematics and layouts are licensed under CERN-OHL-W-2.0.\n", "CERN-OHL-W-2.0"),
        ("hardware/README.md", "The boards are released under CC-BY-SA 4.0.\n", "CC-BY-SA-4.0"),
        ("LICENSE.md", "## Hardware\n\nEverything is licensed under CERN-OHL-W-2.0, except for footprints of a library "
         "licensed GPL-3.0-only.\n\n## Software\n\nIt is under LGPL-3.0-only.\n", "CERN-OHL-W-2.0"),
        # What is given with one hand is taken back with the other.
        ("LICENSE.md", "# Hardware\n\nLicensed under CERN-OHL-S v2.\n\n- You **may not** use this design for "
         "commercial purposes without permission.\n", "LicenseRef-NonCommercial"),
    ],
)  # fmt: skip
def test_licences_in_files_of_their_own_words(name: str, text: str, hardware: str) -> None:
    found = read_about(MemoryTree({"README.md": "# Lamp\n\nA lamp.\n", name: text}), [], "lamp").licence
    assert found.per_area["hardware"] == hardware
    assert found.per_area.get("software", "LGPL-3.0-only") == "LGPL-3.0-only"
