"""A board's facts from three sources: KiCad's API first, then the gerber job file, then the board file's own text."""

from __future__ import annotations

from typing import Any

# Facts that the file's own text knows better: the API's answer lacks what the designer did not describe.
_EMPTY: tuple[Any, ...] = (None, "", [], {})
_RULES = ("TrackToTrack", "PadToPad", "PadToTrack", "TrackToRegion", "RegionToRegion")
_NAMES = (
    *("thickness_mm", "copper_layers", "stackup", "finish", "footprints", "pads", "tracks", "vias", "nets", "zones"),
    *("min_track_mm", "min_clearance_mm", "min_drill_mm", "min_annular_ring_mm", "holes", "castellated", "title_block"),
)


def _is_length(value: Any) -> bool:
    return isinstance(value, int | float) and value > 0


def _from_job(job: dict[str, Any] | None) -> dict[str, Any]:
    """What the gerber job file says of the board as a whole; Source: Ucamco, Gerber Job Format."""
    if not isinstance(job, dict):
        return {}
    general = job.get("GeneralSpecs") or {}
    size = general.get("Size") or {}
    facts: dict[str, Any] = {
        "copper_layers": general.get("LayerNumber"),
        "thickness_mm": general.get("BoardThickness"),
        "finish": "" if general.get("Finish") == "None" else general.get("Finish"),
    }
    if "X" in size and "Y" in size:
        facts["size_mm"] = {"width": round(float(size["X"]), 3), "height": round(float(size["Y"]), 3)}
    clearances: list[float] = []
    widths: list[float] = []
    for rule in job.get("DesignRules") or []:
        clearances += [float(rule[name]) for name in _RULES if _is_length(rule.get(name))]
        if _is_length(rule.get("MinLineWidth")):
            widths.append(float(rule["MinLineWidth"]))
    facts["min_clearance_mm"] = min(clearances) if clearances else None
    facts["min_track_mm"] = min(widths) if widths else None
    facts["stackup"] = [
        {
            "name": layer.get("Name", ""),
            "type": str(layer.get("Type", "")).lower(),
            "material": layer.get("Material", ""),
            "thickness_mm": layer.get("Thickness", 0.0),
        }
        for layer in job.get("MaterialStackup") or []
    ]
    return {name: value for name, value in facts.items() if value not in _EMPTY}


def _with_materials(rows: list[dict[str, Any]], *others: list[dict[str, Any]] | None) -> list[dict[str, Any]]:
    """The API's stack-up, with the names and materials of dielectrics that it leaves out."""
    for other in others:
        if other and len(other) == len(rows):
            rows = [
                row | {name: row[name] or more.get(name, "") for name in ("name", "material")}
                for row, more in zip(rows, other, strict=True)
            ]
    return rows


def _better(api: Any, job: Any, file: Any) -> tuple[Any, str]:
    """The first source with an answer."""
    order = [(api, "kipy"), (job, "gbrjob"), (file, "board-file")]
    for value, source in order:
        if value not in _EMPTY:
            return value, source
    # Zero and "" are answers too, where nobody knows more.
    return next(((value, source) for value, source in order if value is not None), (None, ""))


def merge(
    file: dict[str, Any],
    api: dict[str, Any] | None,
    job: dict[str, Any] | None,
    outline: dict[str, Any] | None,
    nearest: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """All facts of a board, with where each came from under `source`, and of the smallest things `where` they are.

    Units: mm, as the names say; `file_version` is the date that KiCad gives its file formats.
    """
    api = api or {}
    from_job = _from_job(job)
    if api.get("stackup"):
        api = api | {"stackup": _with_materials(api["stackup"], file.get("stackup"), from_job.get("stackup"))}
    if file.get("finish") == "None":
        file = file | {"finish": ""}
    facts: dict[str, Any] = {}
    source: dict[str, str] = {}
    for name in _NAMES:
        value, origin = _better(api.get(name), from_job.get(name), file.get(name))
        facts[name] = value
        if origin:
            source[name] = origin
    # The job file's size counts the width of the line that draws the outline: a 26 mm board is 26.05 mm there.
    for name in ("size_mm", "outline_area_mm2"):
        measured = (outline or {}).get(name)
        facts[name] = measured if measured is not None else from_job.get(name)
        if isinstance(facts[name], dict) and not all(facts[name].values()):
            facts[name] = None  # no outline
        if facts[name] is not None:
            source[name] = "pcbnew" if measured is not None else "gbrjob"
    # Where the layer pictures' upper left corner lies on KiCad's page: it turns places on the board into places there.
    facts["layers_origin_mm"] = (outline or {}).get("layers_origin_mm")
    facts["outline_centre_mm"] = (outline or {}).get("outline_centre_mm")
    facts["file_version"] = file.get("file_version", "")
    facts["kicad_version"] = kicad_of(str(file.get("file_version", "")), str(file.get("generator", "")))
    if nearest:
        _take_nearest(facts, source, nearest)
    facts["where"] = {
        name: place for name, place in (file.get("where") or {}).items() if _agrees(facts.get(name), place["size_mm"])
    }
    if nearest:
        facts["where"]["min_clearance_mm"] = {"size_mm": facts["min_clearance_mm"]} | {
            name: item for name, item in nearest.items() if name != "actual_mm"
        }
    facts["source"] = source
    return facts


def _agrees(one: Any, other: Any) -> bool:
    return _is_length(one) and _is_length(other) and abs(one - other) < 0.001


def _take_nearest(facts: dict[str, Any], source: dict[str, str], nearest: dict[str, Any]) -> None:
    """Copper that is nearer than the board's own rule allows is what counts."""
    actual = nearest["actual_mm"]
    if facts["min_clearance_mm"] is None or actual < facts["min_clearance_mm"]:
        facts["min_clearance_mm"], source["min_clearance_mm"] = actual, "drc"


# The newest board format of each release: KiCad's file versions are the dates of their last change.
_RELEASES = ((20171130, "5"), (20211014, "6"), (20221018, "7"), (20240108, "8"), (20241229, "9"), (20260206, "10"))


def kicad_of(file_version: str, generator: str = "") -> str:
    """The KiCad release that wrote a board or schematic, as far as its header tells."""
    if generator and generator[0].isdigit():
        return generator.split("-")[0].strip("()")
    if not file_version.isdigit():
        return ""
    number = int(file_version)
    if number < 20160000:
        return "4"
    return next((release for newest, release in _RELEASES if number <= newest), "10 or later")
