"""Housing of the soil sensor, built around its board: base, lid, gasket, and an assembly that shows them together.

Run it in CQ-editor or any runner that provides `show_object`, or with plain python.
Frame and board dimensions: see board.toml. z = 0 is the top face of the board, and the parting plane of the housing.
"""

import tomllib
from pathlib import Path

import cadquery as cq
from parts_on_board import parts_by_colour

# ---- parameters (mm) ------------------------------------------------------------------------------------------------
WALL = 2.4  # six lines of a 0.4 mm nozzle
FLOOR = 2.4
BOARD_GAP = 0.3  # between board edge and cavity wall
NECK_GAP = 1.2  # leaves room for the milling radius at the neck
CABLE_ROOM = 14.0  # between gland wall and board: nut of the gland, bend of the wires
DEPTH = 24.0  # floor below the parting plane: the nut of the gland turns inside, 22 across corners

RIM_FLANGE = 2.0  # widens the rim to carry the gasket
RIM_HEIGHT = 3.0
SEAL_LAND = 7.0  # length of the tongue's slot
LAND_HALF_WIDTH = 14.0
LAND_HEIGHT = 8.0

SLOT_SIDE_GAP = 0.2  # tongue in its slot, each side
SLOT_FLOOR_GAP = 0.1
CORD_DIAMETER = 2.0  # silicone cord under and beside the tongue
CORD_GROOVE_WIDTH = 2.2
CORD_GROOVE_DEPTH = 1.4  # squeezes the cord by a quarter under the board, a fifth beside it

GASKET_THICKNESS = 1.5  # silicone sheet, 40 Shore A
GASKET_SQUEEZE = 0.3
GASKET_INSET = 0.4  # from the cavity and from the outer edge
LIP_WIDTH = 1.2  # rib under the lid that bites into the gasket
LIP_HEIGHT = 0.4

LID_FLANGE = 3.0
LID_ROOF = 2.4

SCREW_HOLE = 3.4  # M3x10, all eight of them
INSERT_HOLE = 4.0  # heat-set insert M3, 4.6 outside, 5.7 long
INSERT_DEPTH = 9.5  # longer than the insert: the screw must not touch the bottom
INSERT_LENGTH = 5.7
POST_DIAMETER = 7.6
EAR_DIAMETER = 9.4
EAR_HEIGHT = 11.0
EAR_OFFSET = 2.6  # screw axis outside the gasket

LEDGE = 1.5  # carries the board's long edges
GLAND_HOLE = 12.7  # PG7
GLAND_Z = -12.3

# ---- the board ------------------------------------------------------------------------------------------------------
SPEC = tomllib.loads((Path(__file__).resolve().parent / "board.toml").read_text(encoding="utf-8"))
THICK = SPEC["board"]["thickness_mm"]
HEAD, TONGUE = SPEC["head"], SPEC["tongue"]
HOLES = [tuple(xy) for xy in SPEC["holes"]["positions_mm"]]
HEAD_LENGTH, HEAD_HALF, TONGUE_HALF = HEAD["length_mm"], HEAD["width_mm"] / 2, TONGUE["width_mm"] / 2

# ---- what follows from both -----------------------------------------------------------------------------------------
CAVITY_X0, CAVITY_X1 = -CABLE_ROOM, HEAD_LENGTH + NECK_GAP
CAVITY_HALF = HEAD_HALF + BOARD_GAP
LAND_X1 = CAVITY_X1 + SEAL_LAND
RIM = WALL + RIM_FLANGE  # width of the sealing face
EAR_Y = CAVITY_HALF + RIM + EAR_OFFSET
EARS = [(x, side * EAR_Y) for x in (CAVITY_X0 + 7.0, CAVITY_X1 - 7.0) for side in (1, -1)]
LID_Z = GASKET_THICKNESS - GASKET_SQUEEZE  # underside of the closed lid
ROOF_Z = SPEC["clearance"]["above_mm"] + 1.0
CORD_X = CAVITY_X1 + 3.6


def block(x0: float, x1: float, half_width: float, z0: float, z1: float, radius: float = 0.0) -> cq.Workplane:
    """A box centred on y = 0, with rounded vertical edges."""
    body = cq.Workplane("XY").box(x1 - x0, 2 * half_width, z1 - z0, centered=False).translate((x0, -half_width, z0))
    return body.edges("|Z").fillet(radius) if radius else body


def cylinders(points: list[tuple[float, float]], diameter: float, z0: float, z1: float) -> cq.Workplane:
    """Upright cylinders at the given positions."""
    return cq.Workplane("XY", origin=(0, 0, z0)).pushPoints(points).circle(diameter / 2).extrude(z1 - z0)


def cavity(offset: float, z0: float, z1: float, radius: float) -> cq.Workplane:
    """The cavity's plan grown by an offset on all sides."""
    return block(CAVITY_X0 - offset, CAVITY_X1 + offset, CAVITY_HALF + offset, z0, z1, radius)


def rim_plan(z0: float, z1: float) -> cq.Workplane:
    """The sealing face's plan: rim, seal land at the tongue, and four ears for the lid's screws."""
    land = block(CAVITY_X1, LAND_X1, LAND_HALF_WIDTH, z0, z1).edges("|Z and >X").fillet(3.0)
    body = cavity(RIM, z0, z1, 4.0).union(land).union(cylinders(EARS, EAR_DIAMETER, z0, z1))
    for x, y in EARS:
        side = 1 if y > 0 else -1
        web = cq.Workplane("XY").box(EAR_DIAMETER, EAR_OFFSET + RIM, z1 - z0, centered=(True, True, False))
        body = body.union(web.translate((x, y - side * (EAR_OFFSET + RIM) / 2, z0)))
    return body


def overhang(points: list[tuple[float, float]], x0: float, x1: float) -> cq.Workplane:
    """A prism along x from a profile in (y, z): for undersides that must print without supports."""
    return cq.Workplane("YZ", origin=(x0, 0, 0)).polyline(points).close().extrude(x1 - x0)


def make_board() -> cq.Workplane:
    """The bare board, as a body to build around."""
    head = block(0, HEAD_LENGTH, HEAD_HALF, -THICK, 0, HEAD["corner_radius_mm"])
    tip, tip_half = TONGUE["tip_start_mm"], TONGUE["tip_width_mm"] / 2
    end = SPEC["board"]["length_mm"]
    outline = [(HEAD_LENGTH - 1, TONGUE_HALF), (tip, TONGUE_HALF), (end, tip_half)]
    tongue = cq.Workplane("XY").polyline(outline + [(x, -y) for x, y in reversed(outline)]).close().extrude(-THICK)
    radius = HEAD["neck_radius_mm"]
    neck = block(HEAD_LENGTH - 0.5, HEAD_LENGTH + radius, TONGUE_HALF + radius, -THICK, 0)
    corners = [(HEAD_LENGTH + radius, side * (TONGUE_HALF + radius)) for side in (1, -1)]
    neck = neck.cut(cq.Workplane("XY").pushPoints(corners).circle(radius).extrude(-THICK))
    board = head.union(neck).union(tongue)
    return board.cut(cylinders(HOLES, SPEC["holes"]["diameter_mm"], -THICK, 0))


def make_base() -> cq.Workplane:
    """The tub: posts for the board, slot with cord groove for the tongue, hole for the gland."""
    body = cavity(WALL, -DEPTH - FLOOR, 0, 4.0)
    body = body.union(cavity(RIM, -RIM_HEIGHT, 0, 4.0).faces("<Z").edges().chamfer(RIM_FLANGE - 0.01))
    # seal land at the tongue's end, 45 degrees underneath
    land = (
        cq.Workplane("XZ", origin=(0, LAND_HALF_WIDTH, 0))
        .polyline([(CAVITY_X1, 0), (LAND_X1, 0), (LAND_X1, -LAND_HEIGHT), (CAVITY_X1, -LAND_HEIGHT - SEAL_LAND)])
        .close()
        .extrude(2 * LAND_HALF_WIDTH)
    )
    body = body.union(land.edges("|Z and >X").fillet(3.0))
    wall_y, out_y = CAVITY_HALF + WALL - 0.1, EAR_Y + EAR_DIAMETER / 2
    for x, y in EARS:
        side = 1 if y > 0 else -1
        profile = [(wall_y, 0), (out_y, 0), (out_y, -EAR_HEIGHT), (wall_y, -EAR_HEIGHT - (out_y - wall_y))]
        ear = overhang([(side * a, b) for a, b in profile], x - EAR_DIAMETER / 2, x + EAR_DIAMETER / 2)
        plan = (
            cq.Workplane("XY", origin=(x, y, -40))
            .circle(EAR_DIAMETER / 2)
            .extrude(40)
            .union(
                cq.Workplane("XY")
                .box(EAR_DIAMETER, 8, 40, centered=(True, True, False))
                .translate((x, y - side * 4, -40))
            )
        )
        body = body.union(ear.intersect(plan))
    body = body.cut(cavity(0, -DEPTH, 0.1, 2.0))

    # posts under the mounting holes, tied to the side walls; the ledge between them
    for x, y in HOLES:
        side = 1 if y > 0 else -1
        post = cq.Workplane("XY", origin=(x, y, -DEPTH)).circle(POST_DIAMETER / 2).extrude(DEPTH - THICK)
        web = cq.Workplane("XY").box(3.0, CAVITY_HALF - abs(y) + 0.5, DEPTH - THICK, centered=(True, True, False))
        body = body.union(post).union(web.translate((x, side * (abs(y) + CAVITY_HALF + 0.5) / 2, -DEPTH)))
    top, inner = -THICK, CAVITY_HALF - LEDGE
    for side in (1, -1):
        profile = [(CAVITY_HALF + 0.2, top), (inner, top), (inner, top - 1.0), (CAVITY_HALF + 0.2, top - 2.7)]
        body = body.union(overhang([(side * a, b) for a, b in profile], HOLES[0][0], HOLES[2][0]))
    body = body.cut(cylinders(HOLES, INSERT_HOLE, -THICK - INSERT_DEPTH, 0.1))
    body = body.cut(cylinders(EARS, INSERT_HOLE, -INSERT_DEPTH, 0.1))

    # slot for the tongue, open to the parting plane; the cord lies in a U, the gasket closes the ring on top
    slot_half, slot_z = TONGUE_HALF + SLOT_SIDE_GAP, -THICK - SLOT_FLOOR_GAP
    body = body.cut(block(CAVITY_X1 - 0.1, LAND_X1 + 0.1, slot_half, slot_z, 0.1))
    groove = block(
        CORD_X - CORD_GROOVE_WIDTH / 2,
        CORD_X + CORD_GROOVE_WIDTH / 2,
        slot_half + CORD_GROOVE_DEPTH,
        slot_z - CORD_GROOVE_DEPTH,
        0.1,
    )
    body = body.cut(groove.edges("|X and <Z").fillet(1.2))

    gland = cq.Workplane("YZ", origin=(CAVITY_X0 - WALL - 1, 0, GLAND_Z)).circle(GLAND_HOLE / 2).extrude(WALL + 2)
    return body.cut(gland)


def make_gasket() -> cq.Workplane:
    """Flat gasket, cut from sheet; its tab crosses the tongue and closes the cord's ring."""
    tab = block(CAVITY_X1, LAND_X1 - GASKET_INSET, LAND_HALF_WIDTH - GASKET_INSET, 0, GASKET_THICKNESS)
    ring = cavity(RIM - GASKET_INSET, 0, GASKET_THICKNESS, 3.6).union(tab.edges("|Z and >X").fillet(2.6))
    return ring.cut(cavity(GASKET_INSET, -1, GASKET_THICKNESS + 1, 2.4))


def make_lid() -> cq.Workplane:
    """The cover: flange over the gasket, a lip that bites into it, and a chevron that points into the soil."""
    body = rim_plan(LID_Z, LID_Z + LID_FLANGE)
    dome = cavity(WALL, LID_Z, ROOF_Z + LID_ROOF, 4.0).faces(">Z").edges().fillet(2.0)
    body = body.union(dome).cut(cavity(0, LID_Z - 1, ROOF_Z, 2.0))
    mid = RIM / 2
    lip = cavity(mid + LIP_WIDTH / 2, LID_Z - LIP_HEIGHT, LID_Z + 0.1, 3.0)
    body = body.union(lip.cut(cavity(mid - LIP_WIDTH / 2, LID_Z - 1, LID_Z + 1, 2.0)))
    # a second rib straight above the cord, so that the joint between cord and gasket is pressed as well
    rib_x0, rib_x1 = CORD_X - LIP_WIDTH / 2, CORD_X + LIP_WIDTH / 2
    body = body.union(block(rib_x0, rib_x1, TONGUE_HALF + 3.0, LID_Z - LIP_HEIGHT, LID_Z + 0.1))
    body = body.cut(cylinders(EARS, SCREW_HOLE, LID_Z - 1, LID_Z + LID_FLANGE + 1))
    chevron = [(30, 0), (22, 8), (18, 8), (26, 0), (18, -8), (22, -8)]
    return body.cut(cq.Workplane("XY", origin=(0, 0, ROOF_Z + LID_ROOF - 0.8)).polyline(chevron).close().extrude(2))


def make_screw() -> cq.Workplane:
    """M3x10 button head, thread towards -z, head's underside at z = 0."""
    screw = cq.Workplane("XY").circle(1.5).extrude(-10).union(cq.Workplane("XY").circle(2.85).extrude(1.65))
    return screw.faces(">Z").hole(2.0, 1.1)


def make_insert() -> cq.Workplane:
    """Heat-set insert M3, top face at z = 0."""
    return cq.Workplane("XY").circle(2.3).circle(1.5).extrude(-INSERT_LENGTH)


def make_gland() -> cq.Workplane:
    """Cable gland PG7 with its nut, flange at x = 0, cable towards -x."""
    body = cq.Workplane("YZ").circle(12.3 / 2).extrude(8.0)
    body = body.union(cq.Workplane("YZ").polygon(6, 17.3).extrude(-5.0))
    body = body.union(cq.Workplane("YZ", origin=(-5, 0, 0)).circle(7.0).extrude(-9.0).faces("<X").edges().fillet(2.5))
    body = body.union(cq.Workplane("YZ", origin=(WALL, 0, 0)).polygon(6, 21.9).extrude(5.0))
    return body.cut(cq.Workplane("YZ", origin=(-20, 0, 0)).circle(2.6).extrude(40))


base = make_base()
lid = make_lid()
gasket = make_gasket()
board = make_board()

PETG_DARK, PETG_LIGHT = cq.Color(0.36, 0.50, 0.42), cq.Color(0.55, 0.68, 0.58)
MASK, SILICONE = cq.Color(0.16, 0.17, 0.20), cq.Color(0.80, 0.30, 0.22)
STEEL, BRASS, BLACK = cq.Color(0.75, 0.76, 0.78), cq.Color(0.80, 0.65, 0.30), cq.Color(0.15, 0.15, 0.16)

assembly = cq.Assembly(name="soil-sensor")
assembly.add(base, name="base", color=PETG_DARK)
assembly.add(board, name="board", color=MASK)
for number, (colour, bodies) in enumerate(parts_by_colour(SPEC["board"]["origin_mm"]), start=1):
    assembly.add(bodies, name=f"parts_on_board_{number}", color=colour)
assembly.add(gasket, name="gasket", color=SILICONE)
assembly.add(lid, name="lid", color=PETG_LIGHT)
assembly.add(make_gland(), name="cable_gland", loc=cq.Location((CAVITY_X0 - WALL, 0, GLAND_Z)), color=BLACK)
screw, insert = make_screw(), make_insert()
for use, points, screw_z, insert_z in (("board", HOLES, 0, -THICK), ("lid", EARS, LID_Z + LID_FLANGE, 0)):
    for number, (px, py) in enumerate(points, start=1):
        assembly.add(screw, name=f"{use}_screw_{number}", loc=cq.Location((px, py, screw_z)), color=STEEL)
        assembly.add(insert, name=f"{use}_insert_{number}", loc=cq.Location((px, py, insert_z)), color=BRASS)

if "show_object" in globals():
    show_object(base, name="base", options={"color": (92, 128, 107)})  # noqa: F821
    show_object(lid, name="lid", options={"color": (140, 173, 148)})  # noqa: F821
    show_object(gasket, name="gasket", options={"color": (204, 77, 56)})  # noqa: F821
    show_object(assembly, name="assembly")  # noqa: F821
