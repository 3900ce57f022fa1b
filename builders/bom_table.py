"""Bills of materials as tables: CSV, TSV, XLSX, XLS, ODS and Markdown, whatever their columns are called."""

from __future__ import annotations

import contextlib
import csv
import importlib.metadata
import re
from collections.abc import Mapping
from pathlib import PurePosixPath

from builders.contract import (
    MIB,
    PYTHON,
    SRC,
    Artifact,
    BuildFailed,
    Limits,
    Output,
    Target,
    Tree,
    Workspace,
    unique_names,
)
from builders.programs import bom_markdown
from builders.programs.bom_columns import find_header, split_rows

_TEXT = {".csv", ".tsv", ".txt"}
_BOOKS = {".xlsx", ".ods", ".xls"}
_MARKDOWN = {".md", ".markdown", ".mdown"}
_MARKDOWN_FILES = 60  # that are looked into, the nearest to the top first
_NAMED = re.compile(
    r"bom|bill.?of.?materials|st(?:ü|ue)ckliste|parts?.?list|part.?s?$|1-click|materials|nomenclature"
    r"|lista.?de.?materia|distinta|(?:material|teile|einkaufs)liste|shopping.?list",
    re.IGNORECASE,
)
# Called a bill of materials outright: worth a sentence if it can't be read.
_OUTRIGHT = re.compile(r"(?:^|[^a-z])bom(?:[^a-z]|$)|bill.?of.?materials|st(?:ü|ue)ckliste|nomenclature", re.IGNORECASE)
_UNREAD = {".numbers"}
_NOT_ONE = re.compile(r"(?:^|[^a-z])(?:cpl|pos|pnp|centroid|pick.?and.?place|positions?)(?:[^a-z]|$)", re.IGNORECASE)
_FILE_BYTES = 8 * MIB
_TABLES_MAX = 20
_HIDDEN = re.compile(r"(?:^|/)(?:node_modules|\.[^/]+|test|tests)/")
_NO_BILL = re.compile(r"(?:^|/)(?:changelog|contributing|code.of.conduct|licen[cs]e|security|history)\b", re.IGNORECASE)


class BomTableBuilder:
    """Reads tables of parts into plain lines, which the registry merges with what the boards say."""

    name = "bom_table"
    version = "7"

    def available(self) -> str:
        """Always "": what reads tables comes with the registry."""
        return ""

    def tools(self) -> Mapping[str, str]:
        """The packages that read spreadsheets; one that is not installed yet costs its own kind of file alone."""
        found = {}
        for name in ("openpyxl", "odfpy", "xlrd", "markdown-it-py"):
            with contextlib.suppress(importlib.metadata.PackageNotFoundError):
                found[name] = importlib.metadata.version(name)
        return found

    def detect(self, tree: Tree) -> list[Target]:
        """Tables that call themselves a bill of materials, or whose header has designators and quantities."""
        found = []
        for path, file in tree.files.items():
            name = PurePosixPath(path)
            if not 0 < file.size_bytes <= _FILE_BYTES or _HIDDEN.search(path) or _NOT_ONE.search(name.stem):
                continue
            suffix = name.suffix.lower()
            if suffix in _UNREAD and _OUTRIGHT.search(name.stem):
                if not self._beside(tree, name):
                    found.append(path)
            if suffix in _BOOKS and _NAMED.search(name.stem) and not (suffix == ".xls" and self._beside(tree, name)):
                found.append(path)
            elif (
                suffix in _TEXT
                and (suffix != ".txt" or _NAMED.search(name.stem))
                and self._looks(tree, path, name.stem)
            ):
                found.append(path)
        found = [*found[:_TABLES_MAX], *self._in_markdown(tree)][:_TABLES_MAX]
        names = unique_names(found)
        return [self._target(path, names[path]) for path in names]

    def _beside(self, tree: Tree, name: PurePosixPath) -> bool:
        """Whether the same bill lies beside a file in a form that is read anyway."""
        forms = (str(name.with_suffix(other)) for other in (*_TEXT, *_BOOKS) if other != name.suffix.lower())
        return any(form in tree.files for form in forms)

    def _in_markdown(self, tree: Tree) -> list[str]:
        """Texts with a table of parts. What a spreadsheet of the same name says isn't read twice."""
        texts = [
            path
            for path, file in tree.files.items()
            if PurePosixPath(path).suffix.lower() in _MARKDOWN
            and 0 < file.size_bytes <= bom_markdown.BYTES_MAX
            and not _HIDDEN.search(path)
            and not _NO_BILL.search(path)
            and not self._beside(tree, PurePosixPath(path))
        ]
        texts.sort(key=lambda path: (path.count("/"), not _NAMED.search(PurePosixPath(path).stem), path))
        return [
            path
            for path in texts[:_MARKDOWN_FILES]
            if bom_markdown.tables_of_parts(tree.read(path, bom_markdown.BYTES_MAX), PurePosixPath(path).stem, 30)
        ]

    def _looks(self, tree: Tree, path: str, stem: str) -> bool:
        try:
            header = find_header(split_rows(tree.read(path, 64 * 1024), limit=80))
        except csv.Error:
            return False  # no table that anybody could read
        outright = bool(_OUTRIGHT.search(stem)) and not path.lower().endswith(".txt")
        if header is None:
            return outright
        known = set(header[1].values())
        counted = bool(known & {"quantity", "reference"})
        said = bool(known & {"mpn", "description", "value", "part", "supplier_part"}) or any(
            ":" in name for name in known
        )
        return said and (outright or (counted and (bool(_NAMED.search(stem)) or {"quantity", "reference"} <= known)))

    def _target(self, path: str, name: str) -> Target:
        suffix = PurePosixPath(path).suffix.lower()
        suffix = ".md" if suffix in _MARKDOWN else suffix
        # What a text is called may say what its tables are of.
        stem = {"stem": PurePosixPath(path).stem} if suffix == ".md" else {}
        return Target(
            builder=self.name,
            kind="bom",
            name=name,
            title=PurePosixPath(path).name,
            source=path,
            inputs={f"table{suffix}": path},
            outputs=(Output("lines.json", "lines", "application/json", "lines", bundled=False),),
            options={"suffix": suffix, **stem},
        )

    def build(self, target: Target, work: Workspace) -> list[Artifact]:
        """Raises: BuildFailed if the file can't be read as a table."""
        if target.options["suffix"] in _UNREAD:
            raise BuildFailed(
                f"{target.source} is in a format that is not read here.", "Save it as CSV, XLSX or ODS beside it."
            )
        program = [PYTHON, "-m", "builders.programs.bom_table", f"{SRC}/table{target.options['suffix']}"]
        program += [target.options["stem"]] if "stem" in target.options else []
        outcome = work.run(program, step="Read the table", limits=Limits(wall_s=60, memory_bytes=1024 * MIB))
        if not outcome.ok:
            said = [line for line in outcome.log.strip().splitlines() if line.startswith("table: ")]
            why = said[-1].removeprefix("table: ") if said else outcome.why("Reading it")
            raise BuildFailed(f"{target.source} can't be read as a table. {why}", "Save it as CSV with a header row.")
        return [Artifact("lines.json")]


BUILDER = BomTableBuilder()
