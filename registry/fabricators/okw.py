"""Open Know-Where: a facility read from YAML, JSON or TOML, and written as YAML.

Source: Open Know-Where Specification 2022-01-26. Keys are taken in snake_case and camelCase; numbers as text too.
"""

from __future__ import annotations

import io
import re
from typing import Any

from ruamel.yaml import YAML

from registry.fabricators import place, vocabulary
from registry.fabricators.importing import Imported, load_tree, mapping, settle
from registry.fabricators.schemas import FabricatorDetail, MachineView

_STATUS = {"active": "active", "planned": "planned", "temporary closure": "paused", "closed": "closed"}
_ACCESS = {
    "restricted": "restricted",
    "restricted with public hours": "restricted",
    "shared space": "shared",
    "public": "public",
    "membership": "members",
}
_OURS = "x_brickyard"  # what OKW has no field for, so that a round trip loses nothing
_NUMBER = re.compile(r"[-+]?\d+(?:[.,]\d+)?(?:e[-+]?\d+)?", re.I)
# OKW's own properties of equipment -> parameter, with the factor to our unit
_SPECIFIC = {
    "axes": ("axes", 1.0),
    "laser_power": ("power_w", 1.0),
    "maximum_spindle_speed": ("spindle_rpm_max", 1.0),
    "layer_resolution": ("layer_mm_min", 1.0),
    "nozzle_size": ("nozzle_mm", 1.0),
    "press_force": ("force_kn", 1.0),
    "punch_force": ("force_kn", 1.0),
    "turning_capacity_swing": ("swing_mm", 1.0),
    "distance_between_centres": ("centres_mm", 1.0),
    "bending_length": ("length_mm_max", 1.0),
    "maximum_clamping_force": ("clamp_kn_max", 9.80665),
    "maximum_shot_volume": ("shot_cm3_max", 0.001),
    "power_rating": ("power_w", 1.0),
}
_KNOWN = {
    "name",
    "location",
    "facility_status",
    "opening_hours",
    "description",
    "access_type",
    "certifications",
    "equipment",
    "manufacturing_processes",
    "typical_materials",
    "owner",
    "contact",
    _OURS,
}
# what tells where something is, at any depth of what OKW has and we keep as it was said
_PLACES = frozenset(
    "location address gps_coordinates coordinates latitude longitude lat lon lng what3words directions street postcode "
    "supplier_location".split()
)


def snake(key: str) -> str:
    """A key as the specification's labels are written in snake_case."""
    return re.sub(r"[\s-]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key.strip())).lower()


def _snaked(value: Any) -> Any:
    if isinstance(value, dict):
        return {snake(key): item if snake(key) == _OURS else _snaked(item) for key, item in value.items()}
    return [_snaked(item) for item in value] if isinstance(value, list) else value


def _figure(value: Any) -> float | None:
    """A number, also from '500', '0,4 mm' or '12 kN'."""
    if isinstance(value, bool) or value is None:
        return None
    found = _NUMBER.search(str(value))
    return float(found[0].replace(",", ".")) if found else None


def _words(value: Any) -> list[str]:
    items = value if isinstance(value, list) else [value]
    return [
        str(item.get("material_type") or item.get("name") or "") if isinstance(item, dict) else str(item)
        for item in items
        if item not in (None, "")
    ]


def parse(text: str) -> Imported:
    """A facility. Raises: Invalid where there is nothing to take."""
    tree = _snaked(load_tree(text))
    for wrapper in ("manufacturing_facility", "facility", "okw"):
        if isinstance(tree.get(wrapper), dict):
            tree = tree[wrapper]
    findings: list[str] = []
    ours = mapping(tree.get(_OURS))
    told: dict[str, Any] = {"name": str(tree.get("name") or ""), "description": str(tree.get("description") or "")}
    told["extra"] = {key: value for key, value in tree.items() if key not in _KNOWN and value not in (None, "", [])}
    told["extra"] |= _rest_of(tree)
    told["opening_hours"] = str(tree.get("opening_hours") or "")
    told["certifications"] = _words(tree.get("certifications"))
    for field, key, names in (("status", "facility_status", _STATUS), ("access", "access_type", _ACCESS)):
        if said := str(tree.get(key) or "").strip():
            if said.lower() in names:
                told[field] = names[said.lower()]
            else:
                findings.append(f"{key}: {said[:60]!r} is none of OKW's words; it was left out.")
    told |= _place(tree.get("location"), findings) | _people(tree)
    told |= {key: value for key, value in ours.items() if key != "machines"}
    machines = [_machine(row, number, findings) for number, row in enumerate(_rows(tree.get("equipment")), 1)]
    _add_processes(tree, machines, findings)
    return settle(told, machines, findings, "okw")


def _rest_of(tree: dict[str, Any]) -> dict[str, Any]:
    """What the place and the people say beyond what we have a field for."""
    taken = {
        "location": {"address", "city", "region", "country", "gps_coordinates", "coordinates"},
        "contact": {"website", "languages"},
        "owner": set(),
    }
    rest: dict[str, Any] = {}
    for key, known in taken.items():
        found = {name: item for name, item in mapping(tree.get(key)).items() if name not in known and item}
        if key == "contact" and isinstance(found.get("contact"), dict):
            found["contact"] = {name: item for name, item in found["contact"].items() if name != "email" and item}
        rest |= {key: {name: item for name, item in found.items() if item}} if any(found.values()) else {}
    return rest


def without_places(value: Any) -> Any:
    """What may be told by who doesn't want to be found: the same without anything that says where."""
    if isinstance(value, dict):
        return {key: without_places(item) for key, item in value.items() if snake(str(key)) not in _PLACES}
    return [without_places(item) for item in value] if isinstance(value, list) else value


def _rows(value: Any) -> list[dict[str, Any]]:
    rows = value if isinstance(value, list) else [value] if value else []
    return [row if isinstance(row, dict) else {"equipment_type": str(row)} for row in rows]


def _place(location: Any, findings: list[str]) -> dict[str, Any]:
    if isinstance(location, str):
        location = {"city": location}
    if not isinstance(location, dict):
        return {}
    address = location.get("address")
    address = address if isinstance(address, dict) else {"street": address} if address else {}
    told: dict[str, Any] = {
        "street": " ".join(str(address[key]) for key in ("street", "number") if address.get(key)),
        "town": str(address.get("city") or location.get("city") or ""),
        "region": str(address.get("region") or location.get("region") or ""),
        "postcode": str(address.get("postcode") or ""),
    }
    said = str(address.get("country") or location.get("country") or "")
    if said:
        told["country"] = said
    gps = location.get("gps_coordinates") or location.get("coordinates")
    if isinstance(gps, dict):
        gps = f"{gps.get('lat', gps.get('latitude'))}, {gps.get('lon', gps.get('lng', gps.get('longitude')))}"
    if isinstance(gps, list) and len(gps) == 2:
        gps = f"{gps[0]}, {gps[1]}"
    if gps:
        numbers = [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", str(gps))]
        if len(numbers) == 2 and abs(numbers[0]) <= 90 and abs(numbers[1]) <= 180:
            told["lat_deg"], told["lon_deg"] = numbers
        else:
            findings.append(f"gps_coordinates: {str(gps)[:60]!r} is no 'lat, lon' in degrees; it was left out.")
    return told


def _people(tree: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for agent in (tree.get("contact"), tree.get("owner")):
        if not isinstance(agent, dict):
            continue
        contact = mapping(agent.get("contact")) or agent
        for field, value in (
            ("website", agent.get("website")),
            ("languages", _words(agent.get("languages"))),
            ("email", contact.get("email")),
        ):
            if value and not told.get(field):
                told[field] = value
    return told


def _machine(row: dict[str, Any], number: int, findings: list[str]) -> dict[str, Any]:
    ours = mapping(row.get(_OURS))
    said = [str(row[key]) for key in ("manufacturing_process", "equipment_type") if row.get(key)]
    process = next((found for text in said if (found := vocabulary.find_process(text))), None)
    maker, model = str(row.get("make") or ""), str(row.get("model") or "")
    kind = vocabulary.fold(re.sub(r".*/", "", said[-1])).capitalize() if said else ""
    name = (
        str(row.get("name") or "") or " ".join(part for part in (maker, model) if part) or kind or f"Machine {number}"
    )
    told: dict[str, Any] = {"name": name[:120], "maker": maker, "model": model, "extra": {}}
    told["process"] = process.id if process else vocabulary.OTHER
    if process is None:
        told["extra"]["process"] = ", ".join(said)
        findings.append(
            f"Machine {number} ({name[:60]}): {', '.join(said)[:120] or 'no process'} is not in the vocabulary; "
            "kept as it was said."
        )
    quantity = _figure(row.get("quantity"))
    told["count"] = int(quantity) if quantity and quantity >= 1 else 1
    for axis in "xyz":
        for key in (f"{axis}_travel", f"work_{axis}", f"{axis}"):
            if (length := _figure(row.get(key))) is not None:
                told[f"work_{axis}_mm"] = length
                break
    _area(row, told)
    parameters: dict[str, Any] = {}
    for key, (parameter, factor) in _SPECIFIC.items():
        if key not in row or (figure := _figure(row[key])) is None or parameter in parameters:
            continue
        if figure == 0:
            # the specification asks for whole numbers, which turns a nozzle of 0.4 mm into 0
            findings.append(
                f"Machine {number} ({name[:60]}): {key} is 0, as a whole number may stand for less than 1; "
                "it was left out. Write it with its decimals."
            )
            continue
        parameters[parameter] = figure if factor == 1.0 else round(figure * factor, 6)
    told["parameters"] = parameters | dict(ours.get("parameters") or {})
    materials, unknown = [], []
    for text in _words(row.get("materials_worked")):
        material = vocabulary.find_material(text)
        if material is None:
            unknown.append(text)
        else:
            materials.append({"material": material.id})
    if unknown:
        told["extra"]["materials"] = unknown
        findings.append(
            f"Machine {number} ({name[:60]}): {', '.join(unknown)[:120]} unknown as material; kept as said."
        )
    told["materials"] = ours.get("materials") or materials
    taken = {
        "manufacturing_process",
        "equipment_type",
        "make",
        "model",
        "name",
        "quantity",
        "materials_worked",
        "notes",
        "x_travel",
        "y_travel",
        "z_travel",
        "bed_size",
        "build_volume",
        "working_surface",
        _OURS,
        *_SPECIFIC,
    }
    told["extra"] |= {key: value for key, value in row.items() if key not in taken and value not in (None, "", [])}
    told["notes"] = str(row.get("notes") or "")
    told |= {key: ours[key] for key in ("status", "setup_minor", "hour_minor", "process") if key in ours}
    return told


def _area(row: dict[str, Any], told: dict[str, Any]) -> None:
    """A bed or volume written out, such as '600 x 400', gives the sides that travels don't."""
    for key in ("bed_size", "working_surface", "build_volume"):
        sides = [float(side.replace(",", ".")) for side in _NUMBER.findall(str(row.get(key) or ""))]
        if len(sides) in (2, 3):
            for axis, side in zip("xyz", sides, strict=False):
                told.setdefault(f"work_{axis}_mm", side)


def _add_processes(tree: dict[str, Any], machines: list[dict[str, Any]], findings: list[str]) -> None:
    """Processes that no machine stands for become benches of their own."""
    have = {machine["process"] for machine in machines}
    for text in _words(tree.get("manufacturing_processes")):
        found = vocabulary.find_process(text)
        if found is None:
            findings.append(f"manufacturing_processes: {text[:80]!r} is not in the vocabulary; it was left out.")
        elif found.id not in have and not have & vocabulary.process_and_kinds(found.id):
            have.add(found.id)
            machines.append({"name": found.name, "process": found.id, "materials": []})


def _wikipedia(slugs: tuple[str, ...], fallback: str) -> str:
    return f"https://en.wikipedia.org/wiki/{slugs[0]}" if slugs else fallback


def write(shown: FabricatorDetail) -> str:
    """A facility as YAML, its place as precise as it is shown; what was said and we have no field for is kept."""
    extra = shown.extra if shown.precision == "exact" else without_places(shown.extra)
    status = {ours: said.title() for said, ours in _STATUS.items()}
    access = {"restricted": "Restricted", "shared": "Shared space", "public": "Public", "members": "Membership"}
    address = {
        "street": shown.street,
        "city": shown.town,
        "region": shown.region,
        "postcode": shown.postcode,
        "country": place.country_name(shown.country),
    }
    location: dict[str, Any] = {"address": {key: value for key, value in address.items() if value}}
    if shown.lat_deg is not None:
        location["gps_coordinates"] = f"{shown.lat_deg}, {shown.lon_deg}"
    location |= mapping(extra.get("location"))
    agent: dict[str, Any] = {"website": shown.website, "languages": shown.languages}
    agent = {key: value for key, value in agent.items() if value} | mapping(extra.get("contact"))
    reached = ({"email": shown.email} if shown.email else {}) | mapping(agent.get("contact"))
    agent |= {"contact": reached} if reached else {}
    ours = {
        "kind": shown.kind,
        "access": shown.access,
        "summary": shown.summary,
        "currency": shown.currency,
        "lead_time_days": shown.lead_time_days,
        "capacity_hours_week": shown.capacity_hours_week,
        "precision": shown.precision,
    }
    tree = {
        "name": shown.name,
        "location": location,
        "facility_status": status[shown.status],
        "access_type": access.get(shown.access, ""),
        "opening_hours": shown.opening_hours,
        "description": shown.description,
        "certifications": shown.certifications,
        "contact": agent,
        "manufacturing_processes": [_wikipedia(vocabulary.PROCESSES[p].wikipedia, p) for p in shown.processes],
        "equipment": [_equipment(machine, exact=shown.precision == "exact") for machine in shown.machine_list],
        **{key: value for key, value in extra.items() if key not in ("location", "contact")},
        _OURS: {key: value for key, value in ours.items() if value not in (None, "")},
    }
    out = io.StringIO()
    yaml: Any = YAML(typ="safe", pure=True)
    yaml.default_flow_style, yaml.allow_unicode, yaml.width, yaml.sort_base_mapping_type_on_output = (
        False,
        True,
        120,
        False,
    )
    yaml.dump({key: value for key, value in tree.items() if value not in ("", [], None, {})}, out)
    return out.getvalue()


def _equipment(machine: MachineView, *, exact: bool) -> dict[str, Any]:
    known = vocabulary.PROCESSES.get(machine.process)
    extra = machine.extra if exact else without_places(machine.extra)
    unknown = extra.get("materials")
    row: dict[str, Any] = {
        "name": machine.name,
        "manufacturing_process": _wikipedia(known.wikipedia, known.name) if known else machine.said_process,
        "make": machine.maker,
        "model": machine.model,
        "quantity": machine.count,
        "notes": machine.notes,
        "x_travel": machine.work_x_mm,
        "y_travel": machine.work_y_mm,
        "z_travel": machine.work_z_mm,
        "materials_worked": [
            _wikipedia(vocabulary.MATERIALS[m.material].wikipedia, m.name)
            for m in machine.materials
            if m.material in vocabulary.MATERIALS
        ]
        + (list(unknown) if isinstance(unknown, list) else []),
    }
    row |= {key: value for key, value in extra.items() if key not in ("process", "materials") and key not in row}
    row |= {
        key: machine.parameters[parameter]
        for key, (parameter, factor) in _SPECIFIC.items()
        if factor == 1.0 and key not in ("punch_force", "power_rating") and parameter in machine.parameters
    }
    row[_OURS] = {
        "process": machine.process,
        "status": machine.status,
        "parameters": machine.parameters,
        "materials": [m.model_dump(exclude={"name"}) for m in machine.materials],
        "setup_minor": machine.setup_minor,
        "hour_minor": machine.hour_minor,
    }
    return {key: value for key, value in row.items() if value not in (None, "", [])}
