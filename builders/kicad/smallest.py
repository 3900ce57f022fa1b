"""Where on a board its smallest track, drill and copper ring are: read from the file's own text."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

from builders.kicad.board_file import default_drill
from builders.kicad.sexpr import Node, child, children, number, numbers, text_at, value

_SAME_MM = 0.0005


def smallest(board: Node) -> dict[str, dict[str, Any]]:
    """Fact -> the first of the smallest things of its kind: what, size_mm, net, layer, x_mm, y_mm, and how many are
    as small (`alike`). Positions are those of KiCad's page. Units: mm."""
    nets = {text_at(net, 1): text_at(net, 2) for net in children(board, "net")}
    holes = list(_holes(board, nets))
    found = {
        "min_track_mm": _least(_tracks(board, nets)),
        "min_drill_mm": _least({**hole, "size_mm": hole["drill_mm"]} for hole in holes),
        "min_annular_ring_mm": _least(
            {**hole, "what": f"ring of {hole['what']}", "size_mm": hole["ring_mm"]}
            for hole in holes
            if hole["ring_mm"] > 0
        ),
    }
    return {
        name: {key: item for key, item in one.items() if key not in ("drill_mm", "ring_mm") and item not in ("", None)}
        for name, one in found.items()
        if one
    }


def _least(things: Iterable[dict[str, Any]]) -> dict[str, Any] | None:
    every = list(things)
    if not every:
        return None
    size_mm = min(thing["size_mm"] for thing in every)
    alike = [thing for thing in every if thing["size_mm"] <= size_mm + _SAME_MM]
    named = next((thing for thing in alike if thing["net"]), alike[0])
    return {**named, "size_mm": round(size_mm, 4), "alike": len(alike)}


def _net(node: Node, nets: dict[str, str]) -> str:
    """A net's name: KiCad up to 9 gives tracks its number, later ones the name itself."""
    said = child(node, "net")
    return text_at(said, 2) or nets.get(text_at(said, 1), text_at(said, 1)) if said else ""


def _tracks(board: Node, nets: dict[str, str]) -> Iterator[dict[str, Any]]:
    for node in children(board, "segment", "arc"):
        ends = numbers(child(node, "start"))[:2], numbers(child(node, "end"))[:2]
        width = number(value(node, "width"))
        if len(ends[0]) == len(ends[1]) == 2 and width > 0:
            middle = [round((one + two) / 2, 4) for one, two in zip(*ends, strict=True)]
            yield _thing("track", width, _net(node, nets), value(node, "layer"), middle)


def _thing(what: str, size_mm: float, net: str, layer: str, place: list[float]) -> dict[str, Any]:
    return {"what": what, "size_mm": size_mm, "net": net, "layer": layer, "x_mm": place[0], "y_mm": place[1]}


def _holes(board: Node, nets: dict[str, str]) -> Iterator[dict[str, Any]]:
    default = default_drill(board)
    for node in children(board, "via"):
        drill, place = numbers(child(node, "drill")), numbers(child(node, "at"))[:2]
        across = drill[0] if drill else default
        if across > 0 and len(place) == 2:
            ring = (number(value(node, "size")) - across) / 2
            yield {**_thing("via", across, _net(node, nets), "", place), "drill_mm": across, "ring_mm": ring}
    for footprint in children(board, "footprint", "module"):
        reference = _reference(footprint)
        for pad in children(footprint, "pad"):
            if hole := _pad_hole(footprint, pad, reference, nets):
                yield hole


def _reference(footprint: Node) -> str:
    for item in children(footprint, "property", "fp_text"):
        if text_at(item, 1).lower() == "reference":
            return text_at(item, 2)
    return ""


def _pad_hole(footprint: Node, pad: Node, reference: str, nets: dict[str, str]) -> dict[str, Any] | None:
    drill = numbers(child(pad, "drill"))[:2]
    if not drill or min(drill) <= 0:
        return None
    across = drill if len(drill) == 2 else drill * 2
    size = numbers(child(pad, "size"))[:2]
    plated = text_at(pad, 2) != "np_thru_hole"
    ring = min(size[0] - across[0], size[1] - across[1]) / 2 if plated and len(size) == 2 else 0.0
    name = " ".join(part for part in ("pad", text_at(pad, 1)) if part) if plated else "hole"
    what = f"{name} of {reference}" if reference else name
    place = _on_page(numbers(child(footprint, "at")), numbers(child(pad, "at")))
    return {**_thing(what, min(across), _net(pad, nets), "", place), "drill_mm": min(across), "ring_mm": ring}


def _on_page(of: list[float], at: list[float]) -> list[float]:
    """A pad's place on the page: turned with its footprint, counter-clockwise as seen, with y downwards."""
    x, y = [*at, 0.0, 0.0][:2]
    left, top, turn = [*of, 0.0, 0.0, 0.0][:3]
    sine, cosine = math.sin(math.radians(turn)), math.cos(math.radians(turn))
    return [round(left + x * cosine + y * sine, 4), round(top - x * sine + y * cosine, 4)]
