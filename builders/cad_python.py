"""What a CadQuery script needs and makes, told from its text alone: nothing of it is run here."""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from builders.contract import KIB, MIB, Tree

SCRIPT_BYTES_MAX = 512 * KIB
SCRIPTS_MAX = 1000
INPUTS_MAX = 500
DATA_BYTES_MAX = 64 * MIB
RESULT_NAMES = frozenset({"result", "results", "assembly", "assy", "asm", "r"})
# Methods and functions with which a script hands out what it made.
SHOWING = frozenset({"show_object", "export", "save", "exportStepMeta"})
HANDING = SHOWING | {"exportStep", "exportStl", "show", "show_all"}
MODELS = frozenset({"Workplane", "Assembly", "Sketch"})
_SKIPPED = re.compile(
    r"(^|/)(test_[^/]*|[^/]*_test|conftest|setup|noxfile|tasks|__init__)\.py$|(^|/)(tests?|docs?|site-packages|\.[^/]+)/"
)
_RESULT = re.compile(rb"^(?:result|assembly|assy)\s*=", re.MULTILINE)
_IMPORT = re.compile(rb"^[ \t]*(?:import|from)[ \t]+(?:[\w.][\w. ,]*,[ \t]*)?cadquery\b", re.MULTILINE)


@dataclass
class Script:
    """A Python file of the tree that uses CadQuery.

    Attributes:
        strong: it shows or exports something, or leaves it in a variable named as a result.
        weak: it leaves a model in some variable.
        inputs: all files it reads, itself first.
        roots: folders that its imports start from, besides its own.
    """

    path: str
    strong: bool
    weak: bool
    inputs: list[str] = field(default_factory=list)
    roots: list[str] = field(default_factory=list)


class _Module:
    """One parsed file."""

    def __init__(self, source: bytes) -> None:
        self.tree = ast.parse(source)
        self.imports = list(self._imports())
        self.texts = list(dict.fromkeys(self._texts()))

    def _imports(self) -> Iterator[tuple[int, str]]:
        """Level and dotted name of everything imported; `from a import b` may mean the module a.b as well."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((0, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                base = node.module or ""
                if base:
                    yield node.level, base
                yield from ((node.level, f"{base}.{alias.name}" if base else alias.name) for alias in node.names)

    def _texts(self) -> Iterator[str]:
        """String constants, and paths put together from them with `/`."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and 0 < len(node.value) < 300:
                if "\n" not in node.value:
                    yield node.value
            elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
                parts: list[str] = []
                here: ast.expr = node
                while isinstance(here, ast.BinOp) and isinstance(here.op, ast.Div):
                    if not (isinstance(here.right, ast.Constant) and isinstance(here.right.value, str)):
                        break
                    parts.insert(0, here.right.value)
                    here = here.left
                if len(parts) > 1:
                    yield "/".join(parts)

    def signs(self) -> tuple[bool, bool]:
        """Whether it hands out a result, and whether it leaves a model in a variable at top level."""
        strong = weak = False
        exports = False
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                strong |= _called(node.func) == "show_object"
                exports |= _called(node.func) in HANDING
        # `def main(): ... export(part, ...)`, called at the end.
        own = {node.name for node in self.tree.body if isinstance(node, ast.FunctionDef)}
        for statement in _top_level(self.tree.body):
            if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
                targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
                names = {target.id for target in targets if isinstance(target, ast.Name)}
                if not names or isinstance(statement.value, ast.Constant):
                    continue
                strong |= bool(names & RESULT_NAMES)
                weak |= _root(statement.value) in MODELS
            elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
                called = _called(statement.value.func)
                strong |= called in SHOWING or (exports and called in own)
        return strong, weak


def _called(function: ast.expr) -> str:
    return (
        function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""
    )


def _top_level(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements that run when the script runs: also those under if, for, with and try."""
    for statement in body:
        yield statement
        for name in ("body", "orelse", "finalbody"):
            if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                yield from _top_level(getattr(statement, name, []))


def _root(value: ast.expr) -> str:
    """The name of the class that a chain of calls begins with: `cq.Workplane("XY").box(1, 1, 1)` -> Workplane."""
    while True:
        if isinstance(value, ast.Call):
            called = _called(value.func)
            if called in MODELS:
                return called
            value = value.func
        elif isinstance(value, ast.Attribute):
            value = value.value
        else:
            return ""


class Scripts:
    """All CadQuery scripts of a tree."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._files = tree.files
        self._folders = {str(parent) for path in self._files for parent in PurePosixPath(path).parents}
        self._modules: dict[str, _Module | None] = {}
        self.targets: dict[str, Script] = {}
        used: set[str] = set()
        found: list[Script] = []
        for path in self._candidates():
            module = self._parsed(path)
            if module is None:
                # A file that does not parse is shown as a failed part if it looks like one: better than silence.
                text = tree.read(path, SCRIPT_BYTES_MAX)
                if b"show_object(" in text or re.search(rb"^result\s*=", text, re.MULTILINE):
                    found.append(Script(path, True, False, [path]))
                continue
            strong, weak = module.signs()
            script = Script(path, strong, weak)
            used |= self._collect(script)
            found.append(script)
        for script in found:
            if script.strong or (script.weak and script.path not in used):
                self.targets[script.path] = script

    def _candidates(self) -> list[str]:
        """Files that import CadQuery or call show_object, and those that leave a result and import one of these."""
        found: list[str] = []
        perhaps: list[str] = []
        for path, file in list(self._files.items()):
            if not path.endswith(".py") or not 0 < file.size_bytes <= SCRIPT_BYTES_MAX or _SKIPPED.search(path):
                continue
            if len(found) + len(perhaps) >= SCRIPTS_MAX:
                break
            text = self._tree.read(path, SCRIPT_BYTES_MAX)
            if _IMPORT.search(text) or b"show_object(" in text:
                found.append(path)
            elif _RESULT.search(text):
                perhaps.append(path)
        known = set(found)
        for path in perhaps:
            script = Script(path, False, False)
            self._collect(script)
            if known & set(script.inputs):
                found.append(path)
        return sorted(found)

    def _parsed(self, path: str) -> _Module | None:
        if path not in self._modules:
            try:
                self._modules[path] = _Module(self._tree.read(path, SCRIPT_BYTES_MAX))
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                self._modules[path] = None
        return self._modules[path]

    def _collect(self, script: Script) -> set[str]:
        """Fill in a script's inputs and import folders; returns the other scripts that it imports."""
        home = posixpath.dirname(script.path)
        roots = [home, *self._named_folders(script.path)]
        roots += [ancestor for ancestor in _ancestors(home) if ancestor not in roots]
        inputs: dict[str, None] = {script.path: None}
        waiting, imported = [script.path], set()
        used_roots: dict[str, None] = {}
        while waiting and len(inputs) < INPUTS_MAX:
            here = waiting.pop(0)
            module = self._parsed(here) if here.endswith(".py") else None
            if module is None:
                continue
            for level, name in module.imports:
                for root, path in self._resolve(here, level, name, roots):
                    if root is not None and root != home:
                        used_roots[root] = None
                    if path not in inputs:
                        inputs[path] = None
                        waiting.append(path)
                        imported.add(path)
            for path in self._data(here, home, module):
                if path not in inputs:
                    inputs[path] = None
                    if path.endswith(".py"):
                        waiting.append(path)
        script.inputs, script.roots = list(inputs)[:INPUTS_MAX], list(used_roots)
        return imported

    def _named_folders(self, path: str) -> list[str]:
        """Folders with Python files that the script names, as for sys.path."""
        module = self._parsed(path)
        home = posixpath.dirname(path)
        found = []
        for text in module.texts if module else ():
            for top in (home, *_ancestors(home)):
                folder = posixpath.normpath(posixpath.join(top, text)) if not text.startswith("/") else ""
                if folder in self._folders and folder not in (".", home) and folder not in found:
                    found.append(folder)
        return found

    def _resolve(self, importer: str, level: int, name: str, roots: list[str]) -> Iterator[tuple[str | None, str]]:
        """Files that an import reads, and the folder in which it was found (None for a relative import)."""
        tops: list[str | None] = list(roots)
        if level:
            folder = posixpath.dirname(importer)
            for _ in range(level - 1):
                folder = posixpath.dirname(folder)
            tops = [folder]
        elif posixpath.dirname(importer) not in roots:
            tops.append(posixpath.dirname(importer))
        words = name.split(".")
        for top in tops:
            base = posixpath.join(top or "", *words)
            hit = [path for path in (f"{base}.py", f"{base}/__init__.py") if path in self._files]
            if not hit:
                continue
            for count in range(1, len(words)):
                package = posixpath.join(top or "", *words[:count], "__init__.py")
                if package in self._files:
                    yield (None if level else top), package
            for path in hit:
                yield (None if level else top), path
            folder = posixpath.dirname(importer)
            for _ in range(level):
                if (package := posixpath.join(folder, "__init__.py")) in self._files:
                    yield None, package
                folder = posixpath.dirname(folder)
            return

    def _data(self, here: str, home: str, module: _Module) -> Iterator[str]:
        """Files that the text names, seen from the file's folder, the script's, and those above."""
        folder = posixpath.dirname(here)
        tops = list(dict.fromkeys((folder, home, *_ancestors(folder))))
        for text in module.texts:
            if text.startswith("/"):
                continue
            for top in tops:
                path = posixpath.normpath(posixpath.join(top, text))
                file = self._files.get(path)
                if file is not None and file.size_bytes <= DATA_BYTES_MAX:
                    yield path
                    break
                if path in self._folders and top == folder and path not in (".", folder):
                    # A folder of its own data, listed or joined with names made while it runs.
                    inside = [name for name in self._files if posixpath.dirname(name) == path]
                    if len(inside) <= 100 and not any(name.endswith(".py") for name in inside):
                        yield from (
                            name for name in inside if not name.lower().endswith((".md", ".txt", ".png", ".jpg"))
                        )


def _ancestors(folder: str) -> list[str]:
    """Folders above, nearest first, the design's root last."""
    found = []
    while folder:
        folder = posixpath.dirname(folder)
        found.append(folder)
    return found
