"""Bills of materials as tables: CSV, TSV, XLSX and ODS, whatever their columns are called."""

from __future__ import annotations

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
from builders.programs.bom_columns import find_header, split_rows

_TEXT = {".csv", ".tsv", ".txt"}
_BOOKS = {".xlsx", ".ods"}
_NAMED = re.compile(
    r"bom|bill.?of.?materials|st(?:ü|ue)ckliste|parts?.?list|part.?s?$|1-click|materials|nomenclature"
    r"|lista.?de.?materia|distinta|(?:material|teile|einkaufs)liste|shopping.?list",
    re.IGNORECASE,
)
# Called a bill of materials outright: worth a sentence if it can't be read.
_OUTRIGHT = re.compile(r"(?:^|[^a-z])bom(?:[^a-z]|$)|bill.?of.?materials|st(?:ü|ue)ckliste|nomenclature", re.IGNORECASE)
_UNREAD = {".xls", ".numbers"}
_NOT_ONE = re.compile(r"(?:^|[^a-z])(?:cpl|pos|pnp|centroid|pick.?and.?place|positions?)(?:[^a-z]|$)", re.IGNORECASE)
_FILE_BYTES = 8 * MIB
_TABLES_MAX = 20
_HIDDEN = re.compile(r"(?:^|/)(?:node_modules|\.[^/]+|test|tests)/")


class BomTableBuilder:
    """Reads tables of parts into plain lines, which the registry merges with what the boards say."""

    name = "bom_table"
    version = "6"

    def available(self) -> str:
        """Always "": what reads tables comes with the registry."""
        return ""

    def tools(self) -> Mapping[str, str]:
        """The packages that read spreadsheets."""
        return {name: importlib.metadata.version(name) for name in ("openpyxl", "odfpy")}

    def detect(self, tree: Tree) -> list[Target]:
        """Tables that call themselves a bill of materials, or whose header has designators and quantities."""
        found = []
        for path, file in tree.files.items():
            name = PurePosixPath(path)
            if not 0 < file.size_bytes <= _FILE_BYTES or _HIDDEN.search(path) or _NOT_ONE.search(name.stem):
                continue
            suffix = name.suffix.lower()
            if suffix in _UNREAD and _OUTRIGHT.search(name.stem):
                forms = (str(name.with_suffix(other)) for other in (*_TEXT, *_BOOKS))
                if not any(form in tree.files for form in forms):
                    found.append(path)
            if suffix in _BOOKS and _NAMED.search(name.stem):
                found.append(path)
            elif (
                suffix in _TEXT
                and (suffix != ".txt" or _NAMED.search(name.stem))
                and self._looks(tree, path, name.stem)
            ):
                found.append(path)
        names = unique_names(found[:_TABLES_MAX])
        return [self._target(path, names[path]) for path in names]

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
        return Target(
            builder=self.name,
            kind="bom",
            name=name,
            title=PurePosixPath(path).name,
            source=path,
            inputs={f"table{suffix}": path},
            outputs=(Output("lines.json", "lines", "application/json", "lines", bundled=False),),
            options={"suffix": suffix},
        )

    def build(self, target: Target, work: Workspace) -> list[Artifact]:
        """Raises: BuildFailed if the file can't be read as a table."""
        if target.options["suffix"] in _UNREAD:
            raise BuildFailed(
                f"{target.source} is in a format that is not read here.", "Save it as CSV, XLSX or ODS beside it."
            )
        program = [PYTHON, "-m", "builders.programs.bom_table", f"{SRC}/table{target.options['suffix']}"]
        outcome = work.run(program, step="Read the table", limits=Limits(wall_s=60, memory_bytes=1024 * MIB))
        if not outcome.ok:
            said = [line for line in outcome.log.strip().splitlines() if line.startswith("table: ")]
            why = said[-1].removeprefix("table: ") if said else outcome.why("Reading it")
            raise BuildFailed(f"{target.source} can't be read as a table. {why}", "Save it as CSV with a header row.")
        return [Artifact("lines.json")]


BUILDER = BomTableBuilder()
