"""HTML forms of fabricators and machines, read into what the services take."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from registry.errors import Invalid
from registry.fabricators import place, vocabulary
from registry.fabricators.schemas import FabricatorIn, MachineIn, MachineView

_EMPTY_IS_NONE = {"lead_time_days", "capacity_hours_week", "lat_deg", "lon_deg", "work_x_mm", "work_y_mm", "work_z_mm"}
MATERIAL_ROWS = 4


def read_fabricator(form: Mapping[str, str]) -> dict[str, Any]:
    """The fields of the form about a fabricator."""
    values: dict[str, Any] = {}
    for name in FabricatorIn.model_fields:
        if name in ("extra",) or name not in form:
            continue
        text = form[name].strip()
        if name in ("languages", "certifications"):
            values[name] = [part.strip() for part in text.replace("\n", ",").split(",")]
        elif text or name not in _EMPTY_IS_NONE:
            values[name] = text.replace(",", ".") if name in _EMPTY_IS_NONE else text
    return values


def money(text: str, currency: str, label: str) -> int | None:
    """An amount as typed, in minor units. Raises: Invalid."""
    text = text.strip().replace(" ", "").replace(",", ".")
    if not text:
        return None
    try:
        amount = Decimal(text).scaleb(place.minor_digits(currency))
    except InvalidOperation as error:
        raise Invalid(f"{label}: {text[:40]!r} is no amount.", "Write it such as 12.50.", field=label) from error
    if not amount.is_finite() or amount < 0 or amount != int(amount) or amount > 10**12:
        raise Invalid(
            f"{label}: {text[:40]!r} can't be an amount in {currency}.", "Write it such as 12.50.", field=label
        )
    return int(amount)


def shown_money(minor: int | None, currency: str) -> str:
    """Minor units as typed."""
    digits = place.minor_digits(currency)
    return "" if minor is None else f"{Decimal(minor).scaleb(-digits):.{digits}f}"


def read_machine(form: Mapping[str, str], currency: str) -> dict[str, Any]:
    """The fields of the form about a machine. Raises: Invalid for an amount."""
    values: dict[str, Any] = {}
    for name in MachineIn.model_fields:
        if name in form and (text := form[name].strip()):
            values[name] = text.replace(",", ".") if name in _EMPTY_IS_NONE else text
    values["parameters"] = {
        name.removeprefix("p-"): text.strip() for name, text in form.items() if name.startswith("p-") and text.strip()
    }
    materials = []
    for number in range(60):
        if material := form.get(f"m-{number}", "").strip():
            row: dict[str, Any] = {"material": material}
            for key, field in (("min", "thickness_min_mm"), ("max", "thickness_max_mm")):
                if text := form.get(f"m-{number}-{key}", "").strip():
                    row[field] = text.replace(",", ".")
            materials.append(row)
    values["materials"] = materials
    values["setup_minor"] = money(form.get("setup", ""), currency, "Price to set up")
    values["hour_minor"] = money(form.get("hour", ""), currency, "Price of an hour")
    return values


def machine_values(machine: MachineView | None, process: str, currency: str) -> dict[str, str]:
    """A machine as the form shows it."""
    if machine is None:
        return {"process": process, "count": "1", "status": "ready"}
    values = {name: str(getattr(machine, name) or "") for name in ("name", "maker", "model", "status", "notes")}
    values |= {"process": process or machine.process, "count": str(machine.count)}
    for name in ("work_x_mm", "work_y_mm", "work_z_mm"):
        value = getattr(machine, name)
        values[name] = "" if value is None else f"{value:g}"
    for name, value in machine.parameters.items():
        text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        values[f"p-{name}"] = {"True": "yes", "False": "no"}.get(text, text)
    for number, material in enumerate(machine.materials):
        values[f"m-{number}"] = material.material
        for key, thickness in (("min", material.thickness_min_mm), ("max", material.thickness_max_mm)):
            values[f"m-{number}-{key}"] = "" if thickness is None else f"{thickness:g}"
    values["setup"] = shown_money(machine.setup_minor, currency)
    values["hour"] = shown_money(machine.hour_minor, currency)
    return values


def process_choices() -> dict[str, list[tuple[str, str]]]:
    """Family -> (id, name) of its processes."""
    families: dict[str, list[tuple[str, str]]] = {}
    for process in sorted(vocabulary.PROCESSES.values(), key=lambda p: p.name):
        families.setdefault(process.family, []).append((process.id, process.name))
    return dict(sorted(families.items()))


def material_choices() -> list[tuple[str, str]]:
    """(id, name), by name."""
    return sorted(((m.id, m.name) for m in vocabulary.MATERIALS.values()), key=lambda pair: pair[1])
