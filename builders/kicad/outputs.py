"""What a KiCad target promises.

Gerbers keep KiCad's own names, STEM-LAYER with Protel endings: gtl, g1, gbl, gts, gbs, gto, gbo, gtp, gbp, and gm1
for the outline.
"""

from __future__ import annotations

from builders.contract import Output

GERBER = "application/vnd.gerber"
EXCELLON = "text/x-excellon"
JSON = "application/json"
PDF = "application/pdf"
SVG = "image/svg+xml"
PNG = "image/png"


# Blind and buried vias have a drill file for each pair of layers: board-front-in1.drl, board-in2-in3.drl.
INNER_SPANS = ("front-in[1-9]", "front-in[1-9][0-9]", "in*[0-9]-in*[0-9]", "in[1-9]-back", "in[1-9][0-9]-back")


def schematic_outputs(ending: str) -> tuple[Output, ...]:
    """What a schematic gives: of KiCad 5 only drawings and its parts."""
    outputs = [
        Output("schematic.pdf", "schematic", PDF, "schematic"),
        Output("schematic/*.svg", "schematic-page", SVG, "schematic", bundled=False),
        Output("components.json", "components", JSON, "data", bundled=False),
        Output("bom.csv", "bom", "text/csv", "data", bundled=False),
    ]
    if ending == ".kicad_sch":
        outputs += [
            Output("netlist.net", "netlist", "text/plain", "netlist"),
            Output("erc.json", "erc", JSON, "erc"),
            Output("checks.json", "checks", JSON, "checks", bundled=False),
        ]
    return tuple(outputs)


def board_outputs(copper_count: int, schematic_ending: str) -> tuple[Output, ...]:
    """What a board gives, with its schematic where there is one."""
    outer = ("gtl", "gbl", "gts", "gbs", "gto", "gbo", "gtp", "gbp", "gm1")
    inner = [f"g{number}" for number in range(1, copper_count - 1)]
    outputs = [Output(f"gerbers/*.{ending}", "gerber", GERBER, "fabrication") for ending in (*outer, *inner)]
    outputs += [
        Output("gerbers/*-PTH.drl", "drill", EXCELLON, "fabrication"),
        Output("gerbers/*-NPTH.drl", "drill", EXCELLON, "fabrication"),
        *(Output(f"gerbers/*-{span}.drl", "drill", EXCELLON, "fabrication", optional=True) for span in INNER_SPANS),
        Output("gerbers/*-drl_map.pdf", "drill-map", PDF, "fabrication"),
        Output("gerbers/*.gbrjob", "gerber-job", JSON, "fabrication"),
        Output("positions.csv", "positions", "text/csv", "fabrication"),
        Output("layers/*.svg", "layer", SVG, "layers", bundled=False),
        Output("top.png", "render", PNG, "pictures"),
        Output("bottom.png", "render", PNG, "pictures"),
        Output("top.webp", "preview", "image/webp", "pictures", bundled=False),
        Output("bottom.webp", "preview", "image/webp", "pictures", bundled=False),
        Output("board.glb", "glb", "model/gltf-binary", "model3d"),
        Output("board.step", "step", "model/step", "model3d"),
        Output("ipc2581.xml", "ipc2581", "application/xml", "ipc2581"),
        Output("ibom.html", "ibom", "text/html", "ibom"),
        Output("drc.json", "drc", JSON, "checks"),
        Output("facts.json", "facts", JSON, "data"),
    ]
    if schematic_ending:
        outputs += schematic_outputs(schematic_ending)
    else:
        outputs += [
            Output("components.json", "components", JSON, "data", bundled=False),
            Output("bom.csv", "bom", "text/csv", "data", bundled=False),
        ]
    if schematic_ending != ".kicad_sch":
        outputs += [
            Output("netlist.d356", "netlist", "text/plain", "netlist"),
            Output("checks.json", "checks", JSON, "checks", bundled=False),
        ]
    return tuple(outputs)
