"""Where a project's files lie in the workspace, and what its board and schematics refer to. Pure; reads text only."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from builders.contract import MIB, SourceFile, Tree

# The project lies at a fixed depth, so that `../lib/part.step` keeps its meaning wherever the project came from.
PROJECT_DIR = "up3/up2/up1/project"
TEXT_BYTES = 64 * MIB
SHEETS_MAX = 200
LIBRARY_FILES_MAX = 4_000

_QUOTED = r'(?:"((?:[^"\\]|\\.)*)"|([^\s()"]+))'
_MODEL = re.compile(r"\(model\s+" + _QUOTED)
# 'Sheetfile', 'Sheet file', and in KiCad 6 its user's own language: 'Fichier de feuille', 'Blattdatei'.
_SHEET = re.compile(r'\(property\s+"[^"\n]{1,80}"\s+"((?:[^"\\]|\\.)*\.kicad_sch)"', re.IGNORECASE)
_LEGACY_SHEET = re.compile(r'^F1 "((?:[^"\\]|\\.)*)"', re.MULTILINE)
_LIBRARY = re.compile(r"\(uri\s+" + _QUOTED)
_HIDDEN_LAYER = re.compile(r'(\(\d+ (?:"[^"\n]*"|[^\s()"]+) (?:signal|power|mixed|jumper|user)(?: "[^"\n]*")?) hide\)')
_OWN = re.compile(r"^\$[({](?:KIPRJMOD|KIPRJ)[)}][\\/]*")
# Places outside the repository: absolute paths, and variables other than those of KiCad's own libraries.
_ELSEWHERE = re.compile(r"^(?:/|[A-Za-z]:[\\/]|~|\$[({](?!KICAD|KISYS))")
_MODEL_TWINS = (".step", ".stp", ".STEP", ".STP", ".wrl", ".step.gz", ".stpz", ".igs", ".iges")


def workspace_path(project_dir: str, path: str) -> str | None:
    """Where a file of the tree lies in the workspace; None if it is further up than the layout keeps."""
    relative = posixpath.relpath(path, project_dir or ".")
    placed = posixpath.normpath(posixpath.join(PROJECT_DIR, relative))
    return None if placed.startswith("..") else placed


def resolve(project_dir: str, reference: str) -> str | None:
    """The path in the tree that a project's reference means; None for what only exists on some computer."""
    reference = reference.strip()
    own = _OWN.sub("", reference).replace("\\", "/")
    if own == reference.replace("\\", "/") and (re.match(r"^[$/~]|^[A-Za-z]:", reference) or "://" in reference):
        return None
    path = posixpath.normpath(posixpath.join(project_dir, own))
    return None if path.startswith(("..", "/")) else path


def text_of(tree: Tree, path: str, limit_bytes: int = TEXT_BYTES) -> str:
    """The beginning of a file as text, whatever its encoding. Raises: KeyError."""
    return tree.read(path, limit_bytes).decode("utf-8", errors="replace")


def _plain(found: re.Match[str]) -> str:
    text = found[1] if found[1] is not None else found[2]
    return re.sub(r"\\(.)", r"\1", text) if "\\\\" in text or '\\"' in text else text


def model_references(board: str) -> list[str]:
    """Every 3D model that a board's text names, once, sorted."""
    return sorted({_plain(found) for found in _MODEL.finditer(board)})


def sheet_references(text: str, legacy: bool) -> list[str]:
    """The sheet files that a schematic's text names."""
    return [re.sub(r"\\(.)", r"\1", name) for name in (_LEGACY_SHEET if legacy else _SHEET).findall(text)]


def sheets_of(tree: Tree, root: str) -> tuple[list[str], list[str]]:
    """A schematic and all sheets below it that the tree has, bounded; and the names of those that it lacks."""
    seen, missing = [root], dict[str, None]()
    for path in seen:
        folder = posixpath.dirname(path)
        for name in sheet_references(text_of(tree, path), path.endswith(".sch")):
            # KiCad looks beside the sheet that names it, then beside the root.
            for base in (folder, posixpath.dirname(root)):
                found = resolve(base, name)
                if found and found in tree.files:
                    if found not in seen and len(seen) < SHEETS_MAX:
                        seen.append(found)
                    break
            else:
                missing[name] = None
    return seen, list(missing)


def is_legacy_schematic(tree: Tree, path: str) -> bool:
    """Whether a .sch is KiCad's own and not Eagle's or gEDA's."""
    return path.endswith(".sch") and tree.read(path, 64).startswith(b"EESchema")


@dataclass(slots=True)
class Project:
    """A board and a schematic of one name in one folder, and what they need.

    Attributes:
        found_models: references to 3D models on somebody's own computer -> the file of that name in the workspace.
        missing_models: references to 3D models that the tree lacks and no library of KiCad's holds.
    """

    folder: str
    stem: str
    board: str | None = None
    schematic: str | None = None
    inputs: dict[str, str] = field(default_factory=dict)
    found_models: dict[str, str] = field(default_factory=dict)
    missing_models: list[str] = field(default_factory=list)
    missing_sheets: list[str] = field(default_factory=list)
    too_far: list[str] = field(default_factory=list)

    def beside(self, tree: Tree, ending: str) -> str | None:
        """The file of the project's own name with another ending; None if there is none."""
        path = posixpath.join(self.folder, self.stem + ending)
        return path if path in tree.files else None

    def add(self, path: str) -> None:
        """Take a file among those that the target reads, or note that it lies too far away."""
        placed = workspace_path(self.folder, path)
        if placed is None:
            self.too_far.append(path)
        else:
            self.inputs[placed] = path

    def gather(self, tree: Tree) -> None:
        """Collect the inputs: exactly what an output can depend on."""
        board_text = ""
        if self.board:
            board_text = text_of(tree, self.board)
            self.add(self.board)
        for ending in (".kicad_pro", ".kicad_dru"):
            if path := self.beside(tree, ending):
                self.add(path)
        settings = self.beside(tree, ".kicad_pro") or self.beside(tree, ".pro")
        if settings:
            self.add(settings)
            self._add_worksheets(tree, settings)
        if self.schematic:
            sheets, self.missing_sheets = sheets_of(tree, self.schematic)
            for sheet in sheets:
                self.add(sheet)
        self._add_libraries(tree)
        self._add_models(tree, board_text)
        self.inputs = dict(sorted(self.inputs.items()))

    def _add_worksheets(self, tree: Tree, settings: str) -> None:
        for name in worksheet_references(text_of(tree, settings, 4 * MIB), settings.endswith(".kicad_pro")):
            path = resolve(self.folder, name)
            if path and path in tree.files:
                self.add(path)

    def _add_libraries(self, tree: Tree) -> None:
        count = 0
        for table in ("fp-lib-table", "sym-lib-table"):
            path = posixpath.join(self.folder, table)
            if path not in tree.files:
                continue
            self.add(path)
            for found in _LIBRARY.finditer(text_of(tree, path, 4 * MIB)):
                library = resolve(self.folder, _plain(found))
                for name in _library_files(tree.files, library) if library else ():
                    count += 1
                    if count <= LIBRARY_FILES_MAX:
                        self.add(name)
        if self.schematic and self.schematic.endswith(".sch"):
            # Before KiCad 6 the symbols of a schematic lay in libraries beside it, its own copy in STEM-cache.lib.
            for name in tree.files:
                if posixpath.dirname(name) == self.folder and name.endswith(".lib"):
                    self.add(name)

    def _add_models(self, tree: Tree, board_text: str) -> None:
        for reference in model_references(board_text):
            path = resolve(self.folder, reference)
            stem = posixpath.splitext(path)[0] if path else ""
            twins = [stem + ending for ending in _MODEL_TWINS if path and stem + ending in tree.files]
            for twin in twins:
                self.add(twin)
            if not twins and _ELSEWHERE.match(reference):
                self._add_namesake(tree, reference)

    def _add_namesake(self, tree: Tree, reference: str) -> None:
        """A model named by its place on the designer's computer is the file of that name in the repository."""
        name = posixpath.basename(reference.replace("\\", "/"))
        same = [path for path in tree.files if posixpath.basename(path).lower() == name.lower()]
        placed = workspace_path(self.folder, same[0]) if same else None
        if placed is None or len({tree.files[path].blob for path in same}) > 1:
            self.missing_models.append(reference)
            return
        self.add(same[0])
        self.found_models[reference] = placed


def point_to_models(board: str, found: Mapping[str, str]) -> str:
    """A board's text in which models that lay on somebody's computer are looked for in the project."""

    def point(match: re.Match[str]) -> str:
        placed = found.get(_plain(match))
        return f'(model "${{KIPRJMOD}}/{posixpath.relpath(placed, PROJECT_DIR)}"' if placed else match[0]

    return _MODEL.sub(point, board)


def show_layers(board: str) -> str:
    """A board's text with all layers visible: pictures of a board show what will be made of it, not what its designer
    had switched off last. KiCad 5 kept that in the board itself."""
    start = board.find("(layers")
    end = board.find("(setup", start)
    if start < 0 or end < 0:
        return board
    return board[:start] + _HIDDEN_LAYER.sub(r"\1)", board[start:end]) + board[end:]


def model_stand_ins(board: str, files: Collection[str]) -> list[str]:
    """Workspace paths of VRML models that are named but not there, while the same part's STEP is.

    KiCad takes the STEP in place of the VRML, but only if a file of the VRML's name exists.
    """
    wanted = []
    for reference in model_references(board):
        path = resolve(".", reference)
        placed = posixpath.normpath(posixpath.join(PROJECT_DIR, path)) if path else ""
        stem, ending = posixpath.splitext(placed)
        if ending.lower() == ".wrl" and placed not in files and any(stem + twin in files for twin in _MODEL_TWINS[:4]):
            wanted.append(placed)
    return wanted


def worksheet_references(text: str, modern: bool) -> list[str]:
    """The drawing sheets that a project's settings name."""
    if not modern:
        return [name for name in re.findall(r"^PageLayoutDescrFile=(.*)$", text, re.MULTILINE) if name.strip()]
    try:
        settings = json.loads(text)
    except ValueError:
        return []
    names = []
    for part in ("pcbnew", "schematic"):
        section = settings.get(part) if isinstance(settings, dict) else None
        name = section.get("page_layout_descr_file") if isinstance(section, dict) else None
        if isinstance(name, str) and name and "://" not in name:
            names.append(name)
    return names


def _library_files(files: Mapping[str, SourceFile], library: str) -> Iterator[str]:
    if library in files:
        yield library
        if library.endswith(".lib") and (documentation := library[:-4] + ".dcm") in files:
            yield documentation
    prefix = library + "/"
    for name in files:
        if name.startswith(prefix) and name.endswith((".kicad_mod", ".kicad_sym")):
            yield name
