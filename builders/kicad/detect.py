"""Finding the boards and schematics of a tree."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from typing import Any

from ruamel.yaml import YAML, YAMLError

from builders.contract import KIB, MIB, Output, Target, Tree, safe_name, unique_names
from builders.kicad.layers import is_copper
from builders.kicad.layout import TEXT_BYTES, Project, is_legacy_schematic, sheet_references, text_of
from builders.kicad.outputs import board_outputs, schematic_outputs

PROJECTS_MAX = 60
KITSPACE_NAMES = ("kitspace.yaml", "kitspace.yml", "kitnic.yaml", "kitnic.yml")
_BACKUP = re.compile(
    r"(?:^|/)(?:_autosave-|_saved_|\.|~)[^/]*$|-backups/|(?:^|/)\.[^/]*/|-bak\.|(?:^|/)__MACOSX/", re.IGNORECASE
)
_PANEL = re.compile(
    r"[-_. ]*(?:panel|panelis(?:ed|iert)|paneli[sz]ed|panelization)(?:[-_. ]?v?[\d.x]*)?$", re.IGNORECASE
)
_REFERENCES = re.compile(r'\((?:property "Reference"|fp_text reference) "?([A-Za-z]+\d+)"?[\s)]')
STATE_PARTS_MIN = 5
COMPARED_BYTES = 256 * MIB  # of board files, to see which repeat another
_SOMETHING = re.compile(rb"\((?:footprint|module|segment|gr_line|gr_rect|gr_arc|gr_circle|gr_poly|zone|via)\s")
_LAYER = re.compile(r'\(\s*(\d{1,4})\s+("[^"]*"|[^\s()"]+)\s+(\w+)')


def boards_of(tree: Tree) -> tuple[list[str], dict[str, str]]:
    """Board files that hold a board: no backups, no empty files that come with every new project.

    Beside them those that repeat another board of the list: path -> that board.
    """
    found = []
    for path, file in tree.files.items():
        if path.endswith(".kicad_pcb") and not _BACKUP.search(path):
            # A damaged board is a board: its build says what is wrong with it.
            if file.size_bytes > 8 * KIB or _holds_something(tree.read(path, 8 * KIB)):
                found.append(path)
    parts = _Designators(tree)
    named: dict[str, str] = {}
    for path in found:
        named.setdefault(posixpath.basename(path), path)
    boards = set(found)
    repeated = {path: _panel_of(path, named, parts) or _state_of(tree, path, boards, parts) for path in found}
    repeated = {path: main for path, main in repeated.items() if main}
    return [path for path in found if path not in repeated], repeated


class _Designators:
    """Designators on boards. Each file is read once, and past COMPARED_BYTES none."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._left_bytes = COMPARED_BYTES
        self._known: dict[str, set[str]] = {}

    def on(self, path: str) -> set[str]:
        file = self._tree.files[path]
        if file.blob not in self._known:
            self._left_bytes -= min(file.size_bytes, TEXT_BYTES)
            text = text_of(self._tree, path, TEXT_BYTES) if self._left_bytes >= 0 else ""
            self._known[file.blob] = set(_REFERENCES.findall(text))
        return self._known[file.blob]


def _state_of(tree: Tree, path: str, boards: set[str], parts: _Designators) -> str:
    """The board that this one is another state of, or "": `mixer-unrouted.kicad_pcb` beside the project mixer.

    It has no project and no schematic of its own, is called by the other's name and something more, and carries the
    same parts. Built, its parts would be counted again.
    """
    stem = path.removesuffix(".kicad_pcb")
    if any(stem + ending in tree.files for ending in (".kicad_pro", ".pro", ".kicad_sch", ".sch")):
        return ""
    for end in range(len(stem) - 1, 0, -1):  # the longest name that it shares is the nearest
        main = stem[:end]
        other = f"{main}.kicad_pcb"
        if stem[end].isalnum() or other not in boards:
            continue
        if any(main + ending in tree.files for ending in (".kicad_pro", ".pro")):
            here, there = parts.on(path), parts.on(other)
            if len(here) >= STATE_PARTS_MIN and len(here & there) >= 0.8 * len(here):
                return other
    return ""


def _panel_of(path: str, named: Mapping[str, str], parts: _Designators) -> str:
    """The board that this one is a panel of, or "": `lamp_panel.kicad_pcb` where there is a lamp.kicad_pcb.

    A panel is made from its board by a tool, and would count every part as often as the board stands on it. The front
    panel of a synthesizer has such a name, too, but not the parts: it is a board of its own.
    """
    stem = posixpath.basename(path).removesuffix(".kicad_pcb")
    single = _PANEL.sub("", stem)
    if not single or single == stem:
        return ""
    main = named.get(f"{single}.kicad_pcb", "")
    if not main:
        return ""
    here, there = parts.on(path), parts.on(main)
    return main if there and len(here & there) >= 0.8 * len(there) else ""


def _holds_something(content: bytes) -> bool:
    head = content.lstrip()[:10]
    return bool(_SOMETHING.search(content)) or (bool(content) and not head.startswith(b"(kicad_pcb"))


def kitspace_boards(tree: Tree) -> dict[str, str]:
    """Board -> its name, where a kitspace.yaml names boards that are there."""
    path = next((name for name in KITSPACE_NAMES if name in tree.files), None)
    if path is None:
        return {}
    try:
        manifest = YAML(typ="safe", pure=True).load(tree.read(path, 256 * KIB))
    except (YAMLError, ValueError, RecursionError):
        return {}
    if not isinstance(manifest, dict):
        return {}
    multi = manifest.get("multi")
    projects: dict[Any, Any] = multi if isinstance(multi, dict) else {"": manifest}
    named = {}
    for name, project in projects.items():
        eda = project.get("eda") if isinstance(project, dict) else None
        board = eda.get("pcb") if isinstance(eda, dict) else None
        board = posixpath.normpath(board) if isinstance(board, str) else ""
        if board.endswith(".kicad_pcb") and board in tree.files:
            named[board] = str(name)
    return named


def projects_of(tree: Tree, boards: list[str]) -> list[Project]:
    """Boards with their schematics, then schematics that have no board."""
    projects = []
    for board in boards:
        folder, name = posixpath.split(board)
        project = Project(folder, name.removesuffix(".kicad_pcb"), board=board)
        project.schematic = _schematic(tree, project)
        projects.append(project)
    taken = {project.schematic for project in projects}
    for path in _lone_schematics(tree, taken):
        folder, name = posixpath.split(path)
        projects.append(Project(folder, posixpath.splitext(name)[0], schematic=path))
    return projects


def _schematic(tree: Tree, project: Project) -> str | None:
    """The schematic of the board's name; a .sch beside a .kicad_sch is what KiCad's conversion left behind."""
    modern = project.beside(tree, ".kicad_sch")
    legacy = project.beside(tree, ".sch")
    return modern or (legacy if legacy and is_legacy_schematic(tree, legacy) else None)


def _lone_schematics(tree: Tree, taken: set[str | None]) -> list[str]:
    """Root schematics without a board: those of a project of their name, or that no other sheet names."""
    all_sheets = [
        path
        for path in tree.files
        if not _BACKUP.search(path) and (path.endswith(".kicad_sch") or is_legacy_schematic(tree, path))
    ]
    if all(path in taken for path in all_sheets):
        return []
    named = set()
    for path in all_sheets:
        for name in sheet_references(text_of(tree, path), path.endswith(".sch")):
            named.add(posixpath.normpath(posixpath.join(posixpath.dirname(path), name)))
    projects = {posixpath.dirname(path) for path in tree.files if path.endswith((".kicad_pro", ".pro", ".kicad_pcb"))}
    lone = []
    for path in all_sheets:
        stem, ending = posixpath.splitext(path)
        own_project = stem + ".kicad_pro" in tree.files or stem + ".pro" in tree.files
        stale = ending == ".sch" and stem + ".kicad_sch" in tree.files
        # A sheet that nothing names, in or below a project's folder, is a leftover of that project.
        orphan = not own_project and any(not folder or path.startswith(f"{folder}/") for folder in projects)
        if path not in taken and path not in named and not stale and not orphan:
            lone.append(path)
    return lone


def copper_count(board_text: str) -> int:
    """Copper layers, from the table at the top of a board's text."""
    start = board_text.find("(layers")
    rows = _LAYER.findall(board_text[start : start + 8 * KIB]) if start >= 0 else []
    count = sum(is_copper(int(number), name.strip('"'), use) for number, name, use in rows)
    return max(2, min(32, count))


def detect(tree: Tree, builder: str) -> list[Target]:
    """All targets of a tree, boards first."""
    if not any(path.endswith((".kicad_pcb", ".kicad_sch", ".sch")) for path in tree.files):
        return []
    named = kitspace_boards(tree)
    boards, repeated = boards_of(tree)
    projects = projects_of(tree, boards)
    left_out = [project for project in projects if named and project.board not in named]
    if named:
        projects = [project for project in projects if project.board in named]
    projects, cut = projects[:PROJECTS_MAX], projects[PROJECTS_MAX:]
    sources = [str(project.board or project.schematic) for project in projects]
    names = unique_names(sources)
    targets = []
    for project, source in zip(projects, sources, strict=True):
        project.gather(tree)
        notes = _notes(tree, project)
        if left_out:
            others = ", ".join(str(other.board or other.schematic) for other in left_out[:5])
            notes.append(f"kitspace.yaml names the boards of this repository, so these are not built: {others}.")
        if copies := [path for path, main in repeated.items() if main == project.board]:
            notes.append(
                f"{', '.join(copies[:5])}: the same parts again, as a panel or in another state, so this is not "
                "built. Give it a project of its own name if it is a board of its own."
            )
        if project is projects[-1] and cut:
            others = ", ".join(str(other.board or other.schematic) for other in cut[:5])
            notes.append(
                f"Only the first {PROJECTS_MAX} boards and schematics of this repository are built. {len(cut)} are "
                f"left out: {others}{' ...' if len(cut) > 5 else ''}. Submit a folder of the repository to have them."
            )
        title = named.get(source) or project.stem
        targets.append(
            Target(
                builder=builder,
                kind="board",
                name=safe_name(named[source]) if named.get(source) else names[source],
                title=title,
                source=source,
                inputs=project.inputs,
                outputs=_outputs(tree, project),
                options={"stem": project.stem, "board": bool(project.board), "schematic": _ending(project)}
                | ({"models": project.found_models} if project.found_models else {}),
                notes=tuple(notes),
            )
        )
    return targets


def _ending(project: Project) -> str:
    return posixpath.splitext(project.schematic)[1] if project.schematic else ""


def _outputs(tree: Tree, project: Project) -> tuple[Output, ...]:
    ending = _ending(project)
    if project.board is None:
        return schematic_outputs(ending)
    return board_outputs(copper_count(text_of(tree, project.board, TEXT_BYTES)), ending)


def _notes(tree: Tree, project: Project) -> list[str]:
    notes = []
    if project.board is None:
        empty = project.beside(tree, ".kicad_pcb")
        why = (
            "The board beside this schematic holds nothing yet" if empty else "There is no board beside this schematic"
        )
        notes.append(f"{why}, so only what a schematic gives is built.")
    elif project.schematic is None:
        notes.append(
            f"There is no schematic named {project.stem} beside the board, so there is no schematic, netlist or ERC; "
            "the parts list comes from the board alone."
        )
    elif _ending(project) == ".sch":
        notes.append(
            "The schematic is in KiCad 5's format, which newer versions draw but do not list without a screen: "
            "there is no ERC, the netlist comes from the board, the parts list from the text of schematic and board. "
            "Open it with KiCad 6 or later and save it to have all of them."
        )
    if project.missing_sheets:
        names = ", ".join(project.missing_sheets[:8])
        notes.append(
            f"Sheets that the schematic names are not in the repository: {names}. Their parts are missing from the "
            "bill of materials and the netlist. Commit them, with the same upper and lower case letters."
        )
    if project.found_models:
        names = ", ".join(sorted(posixpath.basename(place) for place in project.found_models.values())[:8])
        notes.append(
            f"The board looks for {names} on the designer's own computer; their namesakes in the repository are "
            "used. Name 3D models by ${KIPRJMOD} to be sure."
        )
    if project.missing_models:
        names = ", ".join(posixpath.basename(name.replace("\\", "/")) for name in project.missing_models[:8])
        notes.append(f"3D models that the board names are not in the repository: {names}. Add them beside the project.")
    if project.too_far:
        notes.append(
            f"{len(project.too_far)} files lie too far above the project to be used: {', '.join(project.too_far[:3])}."
        )
    return notes
