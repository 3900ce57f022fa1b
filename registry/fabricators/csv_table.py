"""Machines as a table: one row a machine, for people who keep them in a spreadsheet."""

from __future__ import annotations

import csv
import io
from typing import Any

from registry.errors import Invalid
from registry.fabricators import vocabulary
from registry.fabricators.importing import Imported, settle
from registry.fabricators.schemas import FabricatorDetail

COLUMNS = (
    "fabricator",
    "machine",
    "process",
    "maker",
    "model",
    "count",
    "work_x_mm",
    "work_y_mm",
    "work_z_mm",
    "materials",
    "parameters",
    "setup_minor",
    "hour_minor",
    "status",
    "notes",
    "town",
    "country",
    "currency",
)
_EXAMPLE = (
    "Our workshop",
    "Big laser",
    "laser cutting",
    "Trotec",
    "SP500",
    "1",
    "1245",
    "710",
    "",
    "aluminium 0.5-3; plywood 3-12",
    "kerf_mm=0.15; power_w=200",
    "",
    "6000",
    "ready",
    "",
    "Ghent",
    "BE",
    "EUR",
)


def _safe(value: Any) -> str:
    """A cell that no spreadsheet takes for a formula."""
    text = "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
    return "'" + text if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _write(rows: list[tuple[Any, ...]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([_safe(cell) for cell in row] for row in rows)
    return out.getvalue()


def template() -> str:
    """A table with one row to write over."""
    return _write([_EXAMPLE])


def _range(low: float | None, high: float | None) -> str:
    return (
        ""
        if low is None and high is None
        else f" {'' if low is None else f'{low:g}'}-{'' if high is None else f'{high:g}'}"
    )


def _told(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "|".join(map(str, value)) if isinstance(value, list) else str(value)


def write(shown: FabricatorDetail) -> str:
    """A fabricator's machines."""
    rows = []
    for machine in shown.machine_list:
        materials = "; ".join(m.material + _range(m.thickness_min_mm, m.thickness_max_mm) for m in machine.materials)
        parameters = "; ".join(f"{name}={_told(value)}" for name, value in machine.parameters.items())
        rows.append(
            (
                shown.name,
                machine.name,
                machine.said_process or machine.process,
                machine.maker,
                machine.model,
                machine.count,
                machine.work_x_mm,
                machine.work_y_mm,
                machine.work_z_mm,
                materials,
                parameters,
                machine.setup_minor,
                machine.hour_minor,
                machine.status,
                machine.notes,
                shown.town,
                shown.country,
                shown.currency,
            )
        )
    return _write(rows)


def parse(text: str) -> Imported:
    """A fabricator from a table of its machines. Raises: Invalid."""
    head = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=head.count)
    reader = csv.DictReader(io.StringIO(text), delimiter=delimiter)
    names = {name: vocabulary.fold(name or "").replace(" ", "_") for name in reader.fieldnames or []}
    if not {"machine", "process"} <= set(names.values()):
        raise Invalid("The table has no columns 'machine' and 'process'.", "Start from the template.", field="file")
    findings: list[str] = []
    told: dict[str, Any] = {}
    machines = []
    for number, raw in enumerate(reader, 2):
        row = {
            names[key]: (value or "").strip() for key, value in raw.items() if key in names and isinstance(value, str)
        }
        row = {key: value[1:] if value[:2] in ("'=", "'+", "'-", "'@") else value for key, value in row.items()}
        if not any(row.values()):
            continue
        for field, key in (("name", "fabricator"), ("town", "town"), ("country", "country"), ("currency", "currency")):
            if row.get(key):
                told.setdefault(field, row[key])
        machines.append(_machine(row, number, findings))
    told.setdefault("name", "Workshop")
    return settle(told, machines, findings, "csv")


def _machine(row: dict[str, str], number: int, findings: list[str]) -> dict[str, Any]:
    found = vocabulary.find_process(row.get("process", ""))
    told: dict[str, Any] = {"name": row.get("machine") or f"Machine {number}", "extra": {}}
    told["process"] = found.id if found else vocabulary.OTHER
    if found is None:
        told["extra"]["process"] = row.get("process", "")
        findings.append(f"Row {number}: {row.get('process', '')[:60]!r} is not in the vocabulary; kept as it was said.")
    for key in ("maker", "model", "notes", "status", "count", "setup_minor", "hour_minor"):
        if row.get(key):
            told[key] = row[key].lower() if key == "status" else row[key]
    for key in ("work_x_mm", "work_y_mm", "work_z_mm"):
        if row.get(key):
            told[key] = row[key].replace(",", ".")
    parameters: dict[str, Any] = {}
    for part in row.get("parameters", "").split(";"):
        name, equals, value = part.partition("=")
        if equals:
            parameters[name.strip()] = [v.strip() for v in value.split("|")] if "|" in value else value.strip()
    told["parameters"] = parameters
    told["materials"] = []
    for part in row.get("materials", "").split(";"):
        if not part.strip():
            continue
        name, _, span = part.strip().rpartition(" ")
        if not name or not any(char.isdigit() for char in span):
            name, span = part.strip(), ""
        material: dict[str, Any] = {"material": name}
        low, dash, high = span.replace("mm", "").partition("-")
        if low:
            material["thickness_min_mm"] = low
        if high or (low and not dash):
            material["thickness_max_mm"] = high or low
        told["materials"].append(material)
    return told
