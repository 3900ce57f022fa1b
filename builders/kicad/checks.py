"""KiCad's DRC and ERC reports as one list of findings, with those of this machine's libraries apart."""

from __future__ import annotations

import json
import re
from typing import Any

FINDINGS_MAX = 2_000
# KiCad 9 writes positions of schematic items divided by 100 (its schematic unit is 100 nm, the report's divisor is the
# board's 1 nm). No sheet has all its items within 12 mm of its corner: KiCad's own frame keeps 10 mm free.
CORNER_MM = 12.0
_NET = re.compile(r"\[([^\]]+)\]")
# These compare the design with the libraries installed here, not with itself.
ENVIRONMENT = frozenset(
    {
        "lib_footprint_issues",
        "lib_footprint_mismatch",
        "lib_symbol_issues",
        "lib_symbol_mismatch",
        "footprint_link_issues",
        "missing_tuning_profile",
    }
)


def _finding(raw: dict[str, Any], scale: float) -> dict[str, Any]:
    kind = str(raw.get("type", ""))
    items = []
    for item in raw.get("items") or []:
        place = item.get("pos") or {}
        row: dict[str, Any] = {"text": str(item.get("description", ""))}
        if "x" in place and "y" in place:
            row |= {"x_mm": round(float(place["x"]) * scale, 4), "y_mm": round(float(place["y"]) * scale, 4)}
        items.append(row)
    return {
        "severity": str(raw.get("severity", "")),
        "type": kind,
        "text": str(raw.get("description", "")),
        "items": items,
        "environment": kind in ENVIRONMENT,
    }


def _sheet_factor(findings: list[dict[str, Any]], scale: float) -> float:
    """What positions on sheets must be multiplied by to be where the schematic has them."""
    places = [item.get("pos") or {} for finding in findings for item in finding.get("items") or []]
    largest_mm = max((abs(float(place.get(axis, 0))) * scale for place in places for axis in "xy"), default=0.0)
    return 100.0 if largest_mm < CORNER_MM else 1.0


def summary(report: dict[str, Any] | None) -> dict[str, Any] | None:
    """Counts and findings of one report; the design's own first, errors before warnings. None stays None."""
    if report is None:
        return None
    scale = {"mm": 1.0, "in": 25.4, "mils": 0.0254}.get(str(report.get("coordinate_units", "mm")), 1.0)
    raw = [*report.get("violations", []), *report.get("unconnected_items", []), *report.get("schematic_parity", [])]
    on_sheets = [item for sheet in report.get("sheets", []) for item in sheet.get("violations", [])]
    findings = [_finding(item, scale) for item in raw]
    findings += [_finding(item, scale * _sheet_factor(on_sheets, scale)) for item in on_sheets]
    findings.sort(key=lambda finding: (finding["environment"], finding["severity"] != "error", _text(finding)))
    own = [finding for finding in findings if not finding["environment"]]
    return {
        "errors": sum(finding["severity"] == "error" for finding in own),
        "warnings": sum(finding["severity"] == "warning" for finding in own),
        "environment": len(findings) - len(own),
        "findings": findings[:FINDINGS_MAX],
        "left_out": max(0, len(findings) - FINDINGS_MAX),
    }


def canonical(report: dict[str, Any], *, has_ids: bool) -> dict[str, Any]:
    """A DRC report without what differs from run to run, so that the same board gives the same bytes.

    KiCad sorts findings by chance, invents ids for the items of KiCad 5 boards (`has_ids` is false), and picks any two
    items as the ends of a missing connection: of those, the net remains.
    """
    lists = {name: list(report.get(name, [])) for name in ("violations", "unconnected_items", "schematic_parity")}
    for name, findings in lists.items():
        lists[name] = sorted((_stable(finding, has_ids) for finding in findings), key=_text)
    lists["unconnected_items"] = sorted((_net_of(finding) for finding in lists["unconnected_items"]), key=_text)
    return report | lists


def _stable(finding: dict[str, Any], has_ids: bool) -> dict[str, Any]:
    kept = [name for name in ("description", "pos", "uuid") if has_ids or name != "uuid"]
    items = [{name: item[name] for name in kept if name in item} for item in finding.get("items") or []]
    return finding | {"items": sorted(items, key=_text)}


def _net_of(finding: dict[str, Any]) -> dict[str, Any]:
    nets = {net for item in finding["items"] for net in _NET.findall(str(item.get("description", "")))}
    return finding | {"items": [{"description": f"Net {net}"} for net in sorted(nets)[:1]]}


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
