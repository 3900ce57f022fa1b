"""KiCad's DRC and ERC reports as one list of findings, with those of this machine's libraries apart."""

from __future__ import annotations

from typing import Any

FINDINGS_MAX = 2_000
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


def summary(report: dict[str, Any] | None) -> dict[str, Any] | None:
    """Counts and findings of one report; the design's own first, errors before warnings. None stays None."""
    if report is None:
        return None
    scale = {"mm": 1.0, "in": 25.4, "mils": 0.0254}.get(str(report.get("coordinate_units", "mm")), 1.0)
    raw = [*report.get("violations", []), *report.get("unconnected_items", []), *report.get("schematic_parity", [])]
    for sheet in report.get("sheets", []):
        raw += sheet.get("violations", [])
    findings = [_finding(item, scale) for item in raw]
    findings.sort(key=lambda finding: (finding["environment"], finding["severity"] != "error"))
    own = [finding for finding in findings if not finding["environment"]]
    return {
        "errors": sum(finding["severity"] == "error" for finding in own),
        "warnings": sum(finding["severity"] == "warning" for finding in own),
        "environment": len(findings) - len(own),
        "findings": findings[:FINDINGS_MAX],
        "left_out": max(0, len(findings) - FINDINGS_MAX),
    }
