"""What is wrong with a KiCad file before KiCad is asked: reasons that its own messages don't give."""

from __future__ import annotations

import re
from pathlib import Path

from builders.kicad.facts import kicad_of
from builders.kicad.tools import NEWEST_BOARD, NEWEST_SCHEMATIC, kicad_version, major

_CONFLICT = re.compile(rb"^(?:<<<<<<<|>>>>>>>) ", re.MULTILINE)
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+("?)', re.DOTALL)  # one that never ends is taken whole: no second look
_VERSION = re.compile(rb"\(version\s+\"?(\d{8})\"?\s*\)")
_GENERATOR = re.compile(rb'\(generator_version\s+"([^"]{1,20})"')
_POINTER = b"version https://git-lfs"


def fault(path: Path, name: str) -> tuple[str, str]:
    """('', '') if a board or schematic looks whole, else what is wrong with it and what to do."""
    content = path.read_bytes()
    if content.startswith(_POINTER):
        return (
            f"{name} is a git-lfs pointer: the repository holds only its address, not the file.",
            "Store the file in git itself (git lfs migrate export), then submit again.",
        )
    if not content.strip():
        return f"{name} is empty.", "Save it again in KiCad and commit it."
    if found := _CONFLICT.search(content):
        line = content.count(b"\n", 0, found.start()) + 1
        return (
            f"{name} holds the markers of an unfinished merge (line {line}).",
            "Resolve the conflict in git, open the file in KiCad to check it, and commit it.",
        )
    if path.suffix == ".sch":
        return "", ""
    kind = b"(kicad_pcb" if path.suffix == ".kicad_pcb" else b"(kicad_sch"
    if not content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(kind):
        reason = f"{name} is not a file of KiCad's: it does not begin with {kind.decode()}."
        return reason, "Save it in KiCad and commit it."
    if too_new := _too_new(content[:4096], path.suffix, name):
        return too_new
    plain = _STRING.sub(lambda found: b"" if found[1] else b'"', content)
    still_open = plain.count(b"(") - plain.count(b")")
    if still_open > 0 or plain.count(b'"'):
        brackets = f"{still_open} brackets are" if still_open > 1 else "a bracket is"
        return (
            f"{name} ends early: {brackets} still open, so the file was cut off.",
            "Restore the whole file, from KiCad's backup or an earlier commit.",
        )
    return "", ""


def _too_new(head: bytes, suffix: str, name: str) -> tuple[str, str] | None:
    found = _VERSION.search(head)
    newest = (NEWEST_BOARD if suffix == ".kicad_pcb" else NEWEST_SCHEMATIC).get(major(kicad_version()))
    if found is None or newest is None or int(found[1]) <= newest:
        return None
    generator = _GENERATOR.search(head)
    release = kicad_of(found[1].decode(), generator[1].decode("ascii", "replace") if generator else "")
    here = kicad_version()
    return (
        f"{name} needs KiCad {release}: its format is of {found[1].decode()}, and KiCad {here} here can't open it.",
        f"Ask the people of this registry for KiCad {release}, or publish it in the format of KiCad {major(here)}.",
    )
