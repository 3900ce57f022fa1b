"""SpaceAPI: a space as its JSON tells (v13 to v15, and the field ext_fablab), and the same for a fabricator."""

from __future__ import annotations

import json
from typing import Any

from registry.fabricators import vocabulary
from registry.fabricators.importing import Imported, load_tree, mapping, settle
from registry.fabricators.okw import without_places
from registry.fabricators.schemas import FabricatorDetail


def looks_like(tree: dict[str, Any]) -> bool:
    """Whether a tree is SpaceAPI's."""
    return "space" in tree and ("api" in tree or "api_compatibility" in tree or "state" in tree or "ext_fablab" in tree)


def parse(text: str) -> Imported:
    """A space as a fabricator. Raises: Invalid."""
    tree = load_tree(text)
    findings: list[str] = []
    location = mapping(tree.get("location"))
    contact = mapping(tree.get("contact"))
    lab = mapping(tree.get("ext_fablab"))
    address = [part.strip() for part in str(location.get("address") or "").split(",")]
    told: dict[str, Any] = {
        "name": str(tree.get("space") or ""), "kind": "fab_lab", "website": str(tree.get("url") or ""),
        "email": str(contact.get("email") or ""), "description": str(tree.get("description") or ""),
        "lat_deg": location.get("lat"), "lon_deg": location.get("lon"), "access": "members",
        "extra": {key: value for key, value in tree.items() if key.startswith("ext_") and key != "ext_fablab"},
    }  # fmt: skip
    if told["lat_deg"] is None or told["lon_deg"] is None:
        told.pop("lat_deg"), told.pop("lon_deg")
    if len(address) > 1:
        told |= {
            "street": address[0] if len(address) > 2 else "",
            "town": address[-2].lstrip("0123456789 "),
            "country": address[-1],
        }
    if isinstance(code := location.get("country_code"), str):
        told["country"] = code
    machines = []
    capabilities = lab.get("capabilities")
    for item in capabilities if isinstance(capabilities, list) else []:
        text_ = str(item.get("process") or item.get("name") or "") if isinstance(item, dict) else str(item)
        name = str(item.get("name") or "") if isinstance(item, dict) else ""
        found = vocabulary.find_process(text_)
        if found is None:
            findings.append(f"ext_fablab: {text_[:80]!r} is not in the vocabulary; kept as it was said.")
        machines.append({
            "name": name or (found.name if found else text_[:120]) or "Machine", "materials": [],
            "process": found.id if found else vocabulary.OTHER, "extra": {} if found else {"process": text_},
        })  # fmt: skip
    return settle(told, machines, findings, "spaceapi")


def write(shown: FabricatorDetail, url: str) -> str:
    """A fabricator as SpaceAPI 15 JSON, its place as precise as it is shown."""
    location: dict[str, Any] = {}
    if shown.lat_deg is not None:
        location = {"lat": shown.lat_deg, "lon": shown.lon_deg}
    if shown.country:
        location["country_code"] = shown.country
    if shown.town:
        location["address"] = ", ".join(part for part in (shown.street, shown.town, shown.country) if part)
    capabilities = [{"name": m.name, "process": m.said_process or m.process} for m in shown.machine_list]
    tree = {
        "api_compatibility": ["14", "15"], "space": shown.name, "logo": url + "/static/brick.svg",
        "url": shown.website or f"{url}/fabricators/{shown.slug}", "location": location,
        "contact": {"email": shown.email} if shown.email else {}, "description": shown.description or shown.summary,
        "ext_fablab": {"capabilities": capabilities},
    }  # fmt: skip
    extra = shown.extra if shown.precision == "exact" else without_places(shown.extra)
    tree |= {key: value for key, value in extra.items() if key.startswith("ext_")}
    return json.dumps(tree, ensure_ascii=False, indent=2) + "\n"
