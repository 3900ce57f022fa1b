"""What a fabricator can make, as KiCad's own design rules, and what KiCad finds on a board under them. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# KiCad stops to list findings of one kind near these numbers, and which ones it lists is chance then.
LISTED_MAX = 199
CLEARANCES_LISTED_MAX = 499
_ACTUAL = re.compile(r"actual (-?\d+(?:\.\d+)?) ?mm")
_NET = re.compile(r"\[([^\]]*)\]")
_LAYER = re.compile(r" on ((?:[FB]|In\d+)\.Cu)\b")
EPSILON_MM = 0.00005


@dataclass(frozen=True, slots=True)
class Rule:
    """A limit as KiCad knows it: the constraint, the kind of finding, and what people call it."""

    constraint: str
    finding: str
    name: str
    fault: str


RULES = {
    "track_mm_min": Rule("track_width", "track_width", "Track", "too fine"),
    "clearance_mm_min": Rule("clearance", "clearance", "Clearance", "too small"),
    "drill_mm_min": Rule("hole_size", "drill_out_of_range", "Drill", "too small"),
    "ring_mm_min": Rule("annular_width", "annular_width", "Copper ring", "too narrow"),
    "edge_mm_min": Rule("edge_clearance", "copper_edge_clearance", "Copper to edge", "too near"),
    "hole_gap_mm_min": Rule("hole_to_hole", "hole_to_hole", "Gap between holes", "too small"),
}
# Kinds of findings that have nothing to do with a fabricator's limits: KiCad need not look for them.
_IGNORED = (
    "annular_width clearance connection_width copper_edge_clearance copper_sliver courtyards_overlap creepage "
    "diff_pair_gap_out_of_range diff_pair_uncoupled_length_too_long drill_out_of_range duplicate_footprints "
    "extra_footprint footprint footprint_filters_mismatch footprint_symbol_mismatch footprint_type_mismatch "
    "hole_clearance hole_near_hole hole_to_hole holes_co_located invalid_outline isolated_copper "
    "item_on_disabled_layer items_not_allowed length_out_of_range lib_footprint_issues lib_footprint_mismatch "
    "malformed_courtyard "
    "microvia_drill_out_of_range mirrored_text_on_front_layer missing_courtyard missing_footprint net_conflict "
    "nonmirrored_text_on_back_layer npth_inside_courtyard padstack pth_inside_courtyard shorting_items "
    "silk_edge_clearance silk_over_copper silk_overlap skew_out_of_range solder_mask_bridge starved_thermal "
    "text_height text_on_edge_cuts text_thickness through_hole_pad_without_hole too_many_vias track_angle "
    "track_dangling track_segment_length track_width tracks_crossing unconnected_items unresolved_variable "
    "via_dangling zones_intersect"
).split()


def rules_file(limits: Mapping[str, float], condition: str = "") -> str:
    """A file of custom rules that asks for exactly these limits. Units: mm."""
    lines = ["(version 1)"]
    for name, value in limits.items():
        when = f'\n  (condition "{condition}")' if condition else ""
        lines.append(
            f"(rule {name}\n  (severity error){when}\n  (constraint {RULES[name].constraint} (min {value:.5f}mm)))"
        )
    return "\n".join(lines) + "\n"


def project_file(limits: Mapping[str, float]) -> str:
    """A project of nothing but these limits: a design's own rules, exclusions and net classes have no say here.

    What a pad or footprint allows itself goes before custom rules; the board's own smallest clearance goes before that.
    """
    wanted = {RULES[name].finding for name in limits}
    severities = {name: "error" if name in wanted else "ignore" for name in _IGNORED}
    smallest = {
        "min_clearance": limits.get("clearance_mm_min", 0.0),
        "min_copper_edge_clearance": 0.0,
        "min_hole_clearance": 0.0,
        "min_hole_to_hole": 0.0,
        "min_through_hole_diameter": 0.0,
        "min_track_width": 0.0,
        "min_via_annular_width": 0.0,
        "min_via_diameter": 0.0,
    }
    nets = {"classes": [{"name": "Default", "clearance": 0.0, "track_width": 0.2}], "meta": {"version": 3}}
    settings = {"rule_severities": severities, "rules": smallest, "drc_exclusions": []}
    tree = {"board": {"design_settings": settings}, "net_settings": nets, "meta": {"version": 1}}
    return json.dumps(tree)


def broken(report: Mapping[str, Any], limits: Mapping[str, float]) -> list[dict[str, Any]]:
    """What of a report is below the limits, the farthest below first: parameter, actual_mm, limit_mm, items."""
    by_finding = {RULES[name].finding: name for name in limits}
    found: list[dict[str, Any]] = []
    for raw in report.get("violations", []):
        name = by_finding.get(str(raw.get("type", "")))
        said = _ACTUAL.search(str(raw.get("description", "")))
        if name is None or said is None:
            continue
        actual = float(said[1])
        if actual < limits[name] - EPSILON_MM:
            found.append({"parameter": name, "actual_mm": actual, "limit_mm": limits[name], "items": _items(raw)})
    order = list(limits)
    found.sort(key=lambda one: (order.index(one["parameter"]), one["actual_mm"], json.dumps(one["items"])))
    return found


def _items(raw: Mapping[str, Any]) -> list[dict[str, Any]]:
    rows = []
    for item in raw.get("items") or []:
        row: dict[str, Any] = {"text": str(item.get("description", ""))}
        place = item.get("pos") or {}
        if "x" in place and "y" in place:
            row |= {"x_mm": round(float(place["x"]), 4), "y_mm": round(float(place["y"]), 4)}
        rows.append(row)
    return sorted(rows, key=lambda row: json.dumps(row, sort_keys=True))


def told(found: list[dict[str, Any]], limits: Mapping[str, float]) -> dict[str, Any]:
    """The report of a check, in the form of `checks.json`, with how each limit fared under `limits`."""
    findings = []
    for one in found:
        rule = RULES[one["parameter"]]
        figures = f"{one['actual_mm']:g} mm, limit {one['limit_mm']:g} mm"
        findings.append({
            "severity": "error", "type": one["parameter"], "text": f"{rule.name} {rule.fault} ({figures})",
            "items": one["items"], "environment": False, "actual_mm": one["actual_mm"],
        })  # fmt: skip
    rows = []
    for name, value in limits.items():
        actual = [one["actual_mm"] for one in found if one["parameter"] == name]
        rows.append({
            "parameter": name, "limit_mm": value, "broken": len(actual), "least_mm": min(actual, default=None),
            "at_least": len(actual) >= (CLEARANCES_LISTED_MAX if name == "clearance_mm_min" else LISTED_MAX),
        })  # fmt: skip
    drc = {"errors": len(findings), "warnings": 0, "environment": 0, "findings": findings, "left_out": 0}
    return {"drc": drc, "erc": None, "limits": rows}


def nearest(found: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Where copper is nearest to other copper, for a board's facts; None where that is not known for sure."""
    if not found or len(found) >= CLEARANCES_LISTED_MAX:
        return None
    first = found[0]
    texts = [item["text"] for item in first["items"]]
    nets = [name for text in texts for name in _NET.findall(text)]
    place: dict[str, Any] = next((item for item in reversed(first["items"]) if "x_mm" in item), {})
    layers = [layer for text in texts for layer in _LAYER.findall(text)]
    between = " and ".join(dict.fromkeys(f"net {net}" if net and net != "<no net>" else "no net" for net in nets))
    where = {"what": f"between {between}" if between else "between copper", "actual_mm": first["actual_mm"]}
    where |= {"layer": layers[0]} if layers else {}
    return where | {name: place[name] for name in ("x_mm", "y_mm") if name in place}
