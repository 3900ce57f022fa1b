"""What a board file itself says: counts, sizes, footprints with their places. Read without KiCad."""

from __future__ import annotations

from typing import Any

from builders.kicad.sexpr import Node, child, children, number, numbers, text_at, value

# Bookkeeping of KiCad's own among a footprint's properties; the lower-case flags are how KiCad 7 kept attributes.
_BOOKKEEPING = ("Sheetname", "Sheetfile", "Sheet name", "Sheet file", "dnp", "exclude_from_bom", "exclude_from_board")
_COPPER_KINDS = ("signal", "power", "mixed", "jumper")


def copper_layers(board: Node) -> list[str]:
    """KiCad's own names of the copper layers from top to bottom, whatever the designer called them."""
    table = child(board, "layers") or []
    count = sum(
        1
        for row in table[1:]
        if isinstance(row, list) and text_at(row, 2) in _COPPER_KINDS and text_at(row, 0).isdigit()
    )
    return ["F.Cu", *(f"In{number}.Cu" for number in range(1, max(count, 2) - 1)), "B.Cu"]


def read_footprint(node: Node) -> dict[str, Any]:
    """One footprint: reference, value, fields, place, attributes, pads."""
    fields: dict[str, str] = {}
    flags: set[str] = set()
    for item in children(node, "property"):
        name = text_at(item, 1)
        if name in _BOOKKEEPING or name.startswith("ki_"):
            flags.add(name)
        elif name:
            fields[name] = text_at(item, 2)
    for item in children(node, "fp_text"):
        if text_at(item, 1) in ("reference", "value"):
            fields.setdefault(text_at(item, 1).capitalize(), text_at(item, 2))
    attributes = {item for item in (child(node, "attr") or [])[1:] if isinstance(item, str)}
    place = numbers(child(node, "at"))
    pads = [read_pad(pad) for pad in children(node, "pad")]
    virtual = "virtual" in attributes
    if "smd" in attributes:
        technology = "smd"
    elif "through_hole" in attributes:
        technology = "tht"
    elif attributes & {"virtual", "exclude_from_pos_files", "exclude_from_bom", "board_only"} or not pads:
        technology = "other"
    else:  # KiCad 5 leaves the attribute out for through-hole parts
        technology = "tht" if any(pad["kind"] == "thru_hole" for pad in pads) else "other"
    return {
        "reference": fields.pop("Reference", ""),
        "value": fields.pop("Value", ""),
        "footprint": text_at(node, 1),
        "fields": fields,
        "side": "bottom" if value(node, "layer").startswith("B") else "top",
        "layer": value(node, "layer"),
        "x_mm": place[0] if place else 0.0,
        "y_mm": place[1] if len(place) > 1 else 0.0,
        "rotation_deg": place[2] if len(place) > 2 else 0.0,
        "technology": technology,
        "dnp": "dnp" in attributes | flags,
        "exclude_from_bom": virtual or bool((attributes | flags) & {"exclude_from_bom", "board_only"}),
        "exclude_from_positions": virtual or "exclude_from_pos_files" in attributes,
        "pads": pads,
    }


def read_pad(node: Node) -> dict[str, Any]:
    """One pad: kind, size, drill; Units: mm."""
    drill = numbers(child(node, "drill"))
    return {
        "kind": text_at(node, 2),
        "size_mm": numbers(child(node, "size"))[:2],
        "drill_mm": drill[:2],
        "castellated": text_at(child(node, "property"), 1) == "pad_prop_castellated",
    }


def title_block(board: Node) -> dict[str, Any]:
    """Title, revision, date, company and comments."""
    block = child(board, "title_block") or []
    comments = sorted((text_at(item, 1), text_at(item, 2)) for item in children(block, "comment"))
    return {
        "title": value(block, "title"),
        "revision": value(block, "rev"),
        "date": value(block, "date"),
        "company": value(block, "company"),
        "comments": [text for _, text in comments if text],
    }


def stackup(board: Node) -> list[dict[str, Any]]:
    """The layers of the physical stack-up, where the designer described it; Units: mm."""
    setup = child(board, "setup") or []
    rows = []
    for layer in children(child(setup, "stackup") or [], "layer"):
        rows.append(
            {
                "name": text_at(layer, 1),
                "type": value(layer, "type"),
                "material": value(layer, "material"),
                "thickness_mm": number(value(layer, "thickness")),
            }
        )
    return rows


def holes(pads: list[dict[str, Any]], vias: list[tuple[float, float]]) -> dict[str, Any]:
    """Counts of holes, the smallest drill and the smallest copper ring around a plated hole."""
    drills = [drill for _, drill in vias if drill > 0]
    rings = [(size - drill) / 2 for size, drill in vias if drill > 0]
    plated = len(vias)
    non_plated = 0
    for pad in pads:
        if not pad["drill_mm"] or min(pad["drill_mm"]) <= 0:
            continue
        drills.append(min(pad["drill_mm"]))
        if pad["kind"] == "np_thru_hole":
            non_plated += 1
            continue
        plated += 1
        across = pad["drill_mm"] if len(pad["drill_mm"]) == 2 else pad["drill_mm"] * 2
        if len(pad["size_mm"]) == 2:
            rings.append(min(pad["size_mm"][0] - across[0], pad["size_mm"][1] - across[1]) / 2)
    rings = [ring for ring in rings if ring > 0]
    return {
        "holes": {"plated": plated, "non_plated": non_plated},
        "min_drill_mm": round(min(drills), 4) if drills else None,
        "min_annular_ring_mm": round(min(rings), 4) if rings else None,
    }


def default_drill(board: Node) -> float:
    """The drill of vias that state none, as KiCad 5 writes them. Units: mm."""
    return number(value(child(board, "setup") or [], "via_drill"))


def read_vias(board: Node) -> list[tuple[float, float]]:
    """Size and drill of every via; KiCad 5 leaves out a drill that is the board's default. Units: mm."""
    default = default_drill(board)
    found = []
    for via in children(board, "via"):
        drill = numbers(child(via, "drill"))
        found.append((number(value(via, "size")), drill[0] if drill else default))
    return found


def read_facts(board: Node) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Facts of a board and its footprints, from the file's own text."""
    footprints = [read_footprint(node) for node in children(board, "footprint", "module")]
    pads = [pad for footprint in footprints for pad in footprint["pads"]]
    widths = [number(value(node, "width")) for node in children(board, "segment", "arc")]
    vias = read_vias(board)
    general = child(board, "general") or []
    setup = child(board, "setup") or []
    copper = copper_layers(board)
    facts: dict[str, Any] = {
        "file_version": value(board, "version"),
        "generator": value(board, "generator_version") or text_at(child(board, "host"), 2).strip("()") or "",
        "thickness_mm": number(value(general, "thickness")) or None,
        "copper_layers": len(copper),
        "stackup": stackup(board),
        "finish": value(child(setup, "stackup") or [], "copper_finish"),
        "footprints": {
            "total": len(footprints),
            "top": sum(f["side"] == "top" for f in footprints),
            "bottom": sum(f["side"] == "bottom" for f in footprints),
            **{kind: sum(f["technology"] == kind for f in footprints) for kind in ("smd", "tht", "other")},
            "dnp": sum(f["dnp"] for f in footprints),
        },
        "pads": len(pads),
        "tracks": len(widths),
        "vias": len(vias),
        "nets": sum(1 for net in children(board, "net") if text_at(net, 2)),
        "zones": sum(1 for _ in children(board, "zone")),
        "min_track_mm": round(min(widths), 4) if widths else None,
        "castellated": any(pad["castellated"] for pad in pads)
        or value(child(setup, "stackup") or [], "castellated_pads") == "yes",
        "title_block": title_block(board),
        **holes(pads, vias),
    }
    return facts, footprints
