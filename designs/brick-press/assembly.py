"""The whole brick press, every made part and bought part in its place; POSE moves the drawer and the foot with it."""

# SPDX-License-Identifier: CERN-OHL-S-2.0
import sys
from pathlib import Path

import cadquery as cq

sys.path.insert(0, str(Path(globals().get("__file__", "assembly.py")).resolve().parent / "parts"))

import base_pad
import beam_stiffener
import chamber_long_plate
import chamber_side_plate
import control_bracket
import corner_gusset
import cross_beam
import cylinder_base
import cylinder_clevis
import depth_collar
import drawer_bracket_base
import drawer_bracket_lug
import drawer_cross
import drawer_drive
import drawer_front
import drawer_guide
import drawer_lug
import drawer_pin
import drawer_side
import drawer_tail
import fasteners
import foot_guide
import foot_plate
import foot_rib
import front_hood
import hopper_bearer
import hopper_ear
import hopper_front
import hopper_grate
import hopper_side
import hose_routes
import hydraulics
import lid_plate
import lid_rib
import lid_top
import liner_long
import liner_side
import main_pin
import main_table
import main_upright
import mid_rail
import press_params as p
import reaction_plate
import rear_cross_tube
import rear_guard
import rear_leg
import rear_rail
import rod_socket
import side_guard
import side_plate
import sleeve
import table_rib
import unit_shelf
import upright_cap
from press_colours import BLACK, BLUE, BRIGHT, ESTOP, FRAME, RED, SHEET, SOIL, STEEL, WEAR, YELLOW, ZINC
from press_shapes import facing_x, facing_y, flat_at, pointing

POSE = "press"  # or "fill", "eject"

counts: dict[str, int] = {}  # how many of each part or fastener were placed: the bill of materials must agree
joints: list[
    tuple[str, float, float, cq.Location]
] = []  # fastener, diameter, grip, place: what the checks walk through
shapes: dict[str, cq.Workplane] = {}


def put(group: cq.Assembly, name: str, shape: cq.Workplane, colour: cq.Color, *places: cq.Location) -> None:
    """Adds one body for each place, named and numbered."""
    for place in places:
        counts[name] = counts.get(name, 0) + 1
        group.add(shape, name=f"{name}_{counts[name]}", loc=place, color=colour)


def fasten(name: str, d: int, length: float, grip: float, *places: cq.Location, kind: str = "bolt") -> None:
    """Adds fasteners of one of the kinds that `fasteners.make` knows."""
    key = f"{name} {grip:g}"
    if key not in shapes:
        shapes[key] = fasteners.make(kind, d, length, grip)
    for place in places:
        counts[name] = counts.get(name, 0) + 1
        joints.append((name, d, grip, place))
        bolts.add(shapes[key], name=f"{name}_{counts[name]}", loc=place, color=ZINC)


frame = cq.Assembly(name="frame")
chamber = cq.Assembly(name="chamber_and_table")
foot = cq.Assembly(name="foot")
drawer = cq.Assembly(name="drawer")
hopper = cq.Assembly(name="hopper")
hydraulic = cq.Assembly(name="hydraulics")
guards = cq.Assembly(name="guards")
bolts = cq.Assembly(name="fasteners")

BOTH = (-1, 1)
TURN_Z = cq.Location(cq.Vector(0, 0, 0), cq.Vector(0, 0, 1), 180)
ROLL_X = cq.Location(cq.Vector(0, 0, 0), cq.Vector(1, 0, 0), 180)
ALONG_X = cq.Vector(-1, 0, 0)
top_of_table = p.TABLE_Z - p.TABLE_THICKNESS
rail_front = -p.UPRIGHT_X - p.TUBE / 2

# --- frame: legs, rails, plates -------------------------------------------------------------------------------------
for sx in BOTH:
    for sy in BOTH:
        at = flat_at(sx * p.UPRIGHT_X, sy * p.UPRIGHT_Y, p.PAD_THICKNESS)
        put(frame, "main_upright", main_upright.part, FRAME, at if sy > 0 else at * TURN_Z)
        put(frame, "base_pad", base_pad.part, FRAME, flat_at(sx * p.UPRIGHT_X, sy * p.UPRIGHT_Y, 0))
        put(frame, "upright_cap", upright_cap.part, FRAME, flat_at(sx * p.UPRIGHT_X, sy * p.UPRIGHT_Y, p.UPRIGHT_TOP_Z))
for sy in BOTH:
    put(frame, "rear_leg", rear_leg.part, FRAME, flat_at(p.REAR_LEG_X, sy * p.UPRIGHT_Y, p.PAD_THICKNESS))
    put(frame, "base_pad", base_pad.part, FRAME, flat_at(p.REAR_LEG_X, sy * p.UPRIGHT_Y, 0))
for z, up in ((p.RAIL_HIGH_Z, 1), (p.RAIL_LOW_Z, -1)):
    put(frame, "rear_cross_tube", rear_cross_tube.part, FRAME,
        cq.Location(cq.Plane((p.REAR_LEG_X, -p.FACE_Y, z), xDir=(0, 0, 1), normal=(0, 1, 0))))  # fmt: skip
    for sy in BOTH:
        y = sy * p.UPRIGHT_Y
        rail = cq.Location(cq.Plane((rail_front, y, z), xDir=(0, 0, sy), normal=(-1, 0, 0)))
        put(frame, "rear_rail", rear_rail.part, FRAME, rail)
        middle = cq.Location(cq.Plane((p.FACE_X, y, z), xDir=(0, 0, 1), normal=(-1, 0, 0)))
        put(frame, "mid_rail", mid_rail.part, FRAME, middle)
        # Plates lie outside; local Y is down for the lower pair, so that its legs reach up.
        skin = p.OUTER_Y + (10 if up * sy > 0 else 0) if sy > 0 else -p.OUTER_Y - (0 if up > 0 else 10)
        if up > 0:
            plane = cq.Plane((0, skin, z), (1, 0, 0), (0, -1, 0))
            corner = cq.Plane((p.REAR_LEG_X, skin, z), (1, 0, 0), (0, -1, 0))
        else:
            plane = cq.Plane((0, skin, z), (1, 0, 0), (0, 1, 0))
            corner = cq.Plane((p.REAR_LEG_X, skin, z), (1, 0, 0), (0, 1, 0))
        put(frame, "side_plate", side_plate.part, RED, cq.Location(plane))
        put(frame, "corner_gusset", corner_gusset.part, RED, cq.Location(corner))
        leg_z = z - up * p.GUSSET_LEG
        xs = (p.UPRIGHT_X, p.MID_RAIL_BOLT_X, -p.MID_RAIL_BOLT_X, -p.UPRIGHT_X)
        points = [(x, z) for x in xs + tuple(rail_front - d for d in p.RAIL_BOLTS)]
        points += [(s * p.UPRIGHT_X, leg_z) for s in BOTH]
        leg = p.REAR_LEG_X
        points += [(leg, z), (leg, leg_z)] + [(leg + p.TUBE / 2 + d, z) for d in p.RAIL_BOLTS]
        for x, bz in points:
            place = pointing(x, sy * (p.OUTER_Y + 10), bz, (0, -sy, 0))
            fasten("iso_4014_m16x120", 16, 120, 10 + p.TUBE, place)
            put(frame, "sleeve", sleeve.part, FRAME, pointing(x, sy * p.OUTER_Y, bz, (0, -sy, 0)))

# --- cross beams and the main cylinder's seat -----------------------------------------------------------------------
for z, up in ((p.BEAM_LOW_Z + p.UPE_HEIGHT / 2, 1), (p.BEAM_HIGH_Z + p.UPE_HEIGHT / 2, -1)):
    for sx in BOTH:
        inward = -sx
        place = cq.Plane((sx * p.FACE_X, 0, z), xDir=(inward, 0, 0), normal=(0, -inward * up, 0))
        put(frame, "cross_beam", cross_beam.part, RED, cq.Location(place))
        for y in (-41, 41) if up > 0 else (-75, 75):
            inside = cq.Plane((sx * (p.FACE_X - p.UPE_WEB - 0.5), y - 5 * -inward, z), (inward, 0, 0), (0, inward, 0))
            put(frame, "beam_stiffener", beam_stiffener.part, RED, cq.Location(inside))
        for sy in BOTH:
            for a in BOTH:
                for b in BOTH:
                    y, bz = sy * p.UPRIGHT_Y + a * p.JOINT_Y, z + b * p.JOINT_Z
                    start = pointing(sx * (p.FACE_X - p.UPE_WEB), y, bz, (sx, 0, 0))
                    fasten("iso_4014_m16x120", 16, 120, p.UPE_WEB + p.TUBE, start)
                    put(frame, "sleeve", sleeve.part, FRAME, pointing(sx * p.FACE_X, y, bz, (sx, 0, 0)))
            x = sx * p.FLANGE_BOLT_X
            grip = p.UPE_FLANGE + p.REACTION_THICKNESS
            if up > 0:
                head = pointing(
                    x, sy * p.BASE_BOLT_Y, p.BEAM_LOW_Z + p.UPE_HEIGHT + p.CYLINDER_BASE_THICKNESS, (0, 0, -1)
                )
            else:
                head = pointing(x, sy * p.REACTION_BOLT_Y, p.REACTION_Z, (0, 0, 1))
            fasten("iso_4017_m16x60", 16, 60, grip, head)
seat_z = p.BEAM_LOW_Z + p.UPE_HEIGHT
put(frame, "cylinder_base", cylinder_base.part, RED, flat_at(0, 0, seat_z))
clevis_z = seat_z + p.CYLINDER_BASE_THICKNESS
inner = p.MAIN_EYE_WIDTH / 2 + 1
put(
    frame,
    "cylinder_clevis",
    cylinder_clevis.part,
    RED,
    facing_y(0, -inner, clevis_z),
    facing_y(0, inner + 20, clevis_z),
)
put(frame, "reaction_plate", reaction_plate.part, STEEL, flat_at(0, 0, p.REACTION_Z))

# --- chamber and table ----------------------------------------------------------------------------------------------
put(chamber, "main_table", main_table.part, STEEL, flat_at(0, 0, top_of_table))
long_x = p.CHAMBER_X
put(chamber, "chamber_long_plate", chamber_long_plate.part, RED,
    facing_x(long_x, 0, top_of_table), facing_x(-long_x - p.CHAMBER_PLATE, 0, top_of_table))  # fmt: skip
put(chamber, "chamber_side_plate", chamber_side_plate.part, RED,
    facing_y(0, -p.CHAMBER_Y, top_of_table), facing_y(0, p.CHAMBER_Y + p.CHAMBER_PLATE, top_of_table))  # fmt: skip
liner_z = top_of_table - p.CHAMBER_HEIGHT / 2
put(
    chamber, "liner_long", liner_long.part, WEAR, facing_x(p.BRICK_WIDTH / 2, 0, liner_z), facing_x(-long_x, 0, liner_z)
)
put(chamber, "liner_side", liner_side.part, WEAR,
    facing_y(0, -p.BRICK_LENGTH / 2, liner_z), facing_y(0, p.CHAMBER_Y, liner_z))  # fmt: skip
put(chamber, "table_rib", table_rib.part, STEEL,
    facing_y(0, p.TABLE_RIB_Y + 5, top_of_table), facing_y(0, -p.TABLE_RIB_Y + 5, top_of_table))  # fmt: skip
guide_y = p.GUIDE_Y + p.GUIDE_WIDTH / 2
for sy in BOTH:
    put(chamber, "drawer_guide", drawer_guide.part, BRIGHT, flat_at(sum(p.GUIDE_X) / 2, sy * guide_y, p.TABLE_Z))
    for x in p.GUIDE_BOLT_X:
        head = pointing(x, sy * guide_y, p.TABLE_Z + p.GUIDE_HEIGHT, (0, 0, -1))
        fasten("iso_4017_m12x55", 12, 55, p.GUIDE_HEIGHT + p.TABLE_THICKNESS, head)
    for x in p.TABLE_BOLT_X:
        fasten(
            "iso_4014_m16x120",
            16,
            120,
            p.TABLE_THICKNESS + p.TUBE,
            pointing(x, sy * p.UPRIGHT_Y, p.TABLE_Z, (0, 0, -1)),
        )
        put(frame, "sleeve", sleeve.part, FRAME, pointing(x, sy * p.UPRIGHT_Y, top_of_table, (0, 0, -1)))
    for depth in p.TIE_DEPTHS:
        head = pointing(long_x + p.CHAMBER_PLATE, sy * p.TIE_Y, top_of_table - depth, (-1, 0, 0))
        fasten("din_976_m16x250", 16, 250, 2 * (long_x + p.CHAMBER_PLATE), head, kind="rod")
    for depth in p.LINER_BOLT_DEPTHS[::2]:
        bz, grip = top_of_table - depth, p.LINER + p.CHAMBER_PLATE
        for y in (-p.LINER_LONG_BOLT_Y, 0, p.LINER_LONG_BOLT_Y):
            fasten("iso_10642_m10x45", 10, 45, grip, pointing(sy * p.BRICK_WIDTH / 2, y, bz, (sy, 0, 0)), kind="flush")
        for x in (-p.LINER_SIDE_BOLT_X, p.LINER_SIDE_BOLT_X):
            fasten("iso_10642_m10x45", 10, 45, grip, pointing(x, sy * p.BRICK_LENGTH / 2, bz, (0, sy, 0)), kind="flush")

# --- foot, main cylinder --------------------------------------------------------------------------------------------
DEPTH = {"fill": p.FILL_DEPTH, "press": p.BRICK_HEIGHT, "eject": 0.0}[POSE]  # of the foot's face, below the table's top
extension = p.FILL_DEPTH_MAX - DEPTH
face_z = p.TABLE_Z - DEPTH
under = face_z - p.FOOT_PLATE_THICKNESS
put(foot, "foot_plate", foot_plate.part, WEAR, flat_at(0, 0, under))
put(foot, "rod_socket", rod_socket.part, STEEL, flat_at(0, 0, under - p.SOCKET_LENGTH))
guide_z = under - p.SOCKET_LENGTH + 20
put(foot, "foot_guide", foot_guide.part, STEEL, flat_at(0, 0, guide_z))
for sx in BOTH:
    far = cq.Location(cq.Plane((sx * 30 + 6, 145, guide_z + 12), (0, -1, 0), (-1, 0, 0)))
    put(foot, "foot_rib", foot_rib.part, STEEL, far, facing_x(sx * 30 - 6, -145, guide_z + 12))
shoulder = under - p.SOCKET_LENGTH
collar = flat_at(0, 0, p.MAIN_PIN_Z + p.MAIN_LENGTH - 31)
put(foot, "depth_collar", depth_collar.part, BRIGHT, collar, collar * TURN_Z)
put(hydraulic, "main_cylinder", hydraulics.main_cylinder(), BLUE, flat_at(0, 0, p.MAIN_PIN_Z))
put(hydraulic, "main_cylinder_rod", hydraulics.main_rod(), BRIGHT, flat_at(0, 0, shoulder))
pin_half = main_pin.length / 2
put(hydraulic, "main_pin", main_pin.part, ZINC, pointing(0, -pin_half, p.MAIN_PIN_Z, (0, 1, 0)))
for sy in BOTH:
    ring = pointing(0, sy * (pin_half - 8), p.MAIN_PIN_Z, (0, sy, 0))
    put(bolts, "din_471_45", fasteners.retaining_ring(p.MAIN_PIN), ZINC, ring)

# --- drawer, drawer cylinder ----------------------------------------------------------------------------------------
t, travel = p.DRAWER_PLATE, p.DRAWER_TRAVEL[POSE]
put(
    drawer,
    "drawer_side",
    drawer_side.part,
    STEEL,
    facing_y(0, -p.BRICK_LENGTH / 2, 0),
    facing_y(0, p.BRICK_LENGTH / 2 + t, 0),
)
put(drawer, "drawer_front", drawer_front.part, WEAR, facing_x(p.LID_FRONT, 0, p.DRAWER_HEIGHT / 2))
put(drawer, "drawer_cross", drawer_cross.part, STEEL, facing_x(p.SOIL_FRONT, 0, p.DRAWER_HEIGHT / 2))
put(drawer, "drawer_drive", drawer_drive.part, STEEL, facing_x(p.SOIL_REAR - t, 0, p.DRAWER_HEIGHT / 2))
lid_x = (p.LID_FRONT + p.LID_REAR) / 2
put(drawer, "lid_plate", lid_plate.part, WEAR, flat_at(lid_x, 0, 0))
put(drawer, "lid_top", lid_top.part, STEEL, flat_at(lid_x, 0, p.DRAWER_HEIGHT - t))
rib_z = (p.LID_PLATE + p.DRAWER_HEIGHT - t) / 2
put(drawer, "lid_rib", lid_rib.part, STEEL, *[facing_y(lid_x, y + t / 2, rib_z) for y in p.LID_RIB_Y])
tail_x = (p.SOIL_REAR - t + p.DRAWER_REAR) / 2
put(drawer, "drawer_tail", drawer_tail.part, STEEL, flat_at(tail_x, 0, p.DRAWER_HEIGHT - 6))
for y in (-p.LUG_Y - t, p.LUG_Y):  # local X runs to the rear
    lug = cq.Plane((p.SOIL_REAR - t, y, p.DRAWER_HEIGHT / 2), (-1, 0, 0), (0, 1, 0))
    put(drawer, "drawer_lug", drawer_lug.part, RED, cq.Location(lug))
rod_pin_x = p.LUG_PIN_X + travel
axis = {"xDir": (0, 0, -1), "normal": (1, 0, 0)}  # cylinder axis along X, its ports facing the operator's side
for name, shape, colour, x in (
    ("drawer_cylinder", hydraulics.drawer_cylinder(), BLUE, p.REAR_LEG_X),
    ("drawer_cylinder_rod", hydraulics.drawer_rod(), BRIGHT, rod_pin_x),
):
    put(hydraulic, name, shape, colour, cq.Location(cq.Plane((x, 0, p.DRAWER_AXIS_Z), **axis)))
for x in (p.REAR_LEG_X, rod_pin_x):
    half = drawer_pin.length / 2
    put(hydraulic, "drawer_pin", drawer_pin.part, ZINC, pointing(x, -half, p.DRAWER_AXIS_Z, (0, 1, 0)))
    for sy in BOTH:
        ring = pointing(x, sy * (half - 5.8), p.DRAWER_AXIS_Z, (0, sy, 0))
        put(bolts, "din_471_20", fasteners.retaining_ring(p.DRAWER_PIN), ZINC, ring)
put(frame, "drawer_bracket_base", drawer_bracket_base.part, RED, flat_at(p.REAR_LEG_X, 0, top_of_table))
put(frame, "drawer_bracket_lug", drawer_bracket_lug.part, RED,
    facing_y(p.REAR_LEG_X, -p.LUG_Y, p.TABLE_Z), facing_y(p.REAR_LEG_X, p.LUG_Y + t, p.TABLE_Z))  # fmt: skip
for a in BOTH:
    for b in BOTH:
        x, y = p.REAR_LEG_X + a * p.JOINT_Y, b * 60
        fasten("iso_4014_m16x120", 16, 120, p.TABLE_THICKNESS + p.TUBE, pointing(x, y, p.TABLE_Z, (0, 0, -1)))
        put(frame, "sleeve", sleeve.part, FRAME, pointing(x, y, top_of_table, (0, 0, -1)))

# --- hopper ---------------------------------------------------------------------------------------------------------
half_x, half_y = p.SOIL_BOX_LENGTH / 2, p.BRICK_LENGTH / 2
side, front = hopper_side.folded(), hopper_front.folded()
for s in BOTH:
    put(hopper, "hopper_side", side, SHEET,
        cq.Location(cq.Plane((p.HOPPER_X, s * half_y, p.HOPPER_Z), (s, 0, 0), (0, 0, 1))))  # fmt: skip
    put(hopper, "hopper_front", front, SHEET,
        cq.Location(cq.Plane((p.HOPPER_X + s * half_x, 0, p.HOPPER_Z), (0, -s, 0), (0, 0, 1))))  # fmt: skip
    wall = s * (half_y + p.HOPPER_SHEET)
    ear = cq.Plane((p.HOPPER_X, wall, p.BEARER_Z + (0 if s > 0 else p.EAR_THICKNESS)), (1, 0, 0), (0, 0, s))
    put(hopper, "hopper_ear", hopper_ear.part, RED, cq.Location(ear))
    angle = hopper_bearer.part if s > 0 else hopper_bearer.part.mirror("XZ")
    bearer = cq.Location(cq.Vector(-p.UPRIGHT_X, s * p.FACE_Y, p.BEARER_Z), cq.Vector(0, 0, 1), 180)
    put(frame, "hopper_bearer", angle, RED, bearer)
    for x in p.EAR_BOLT_X:
        head = pointing(x, s * p.EAR_BOLT_Y, p.BEARER_Z + p.EAR_THICKNESS, (0, 0, -1))
        fasten("iso_4017_m12x35", 12, 35, p.EAR_THICKNESS + 6, head)
    for x in (-p.HOPPER_BOLT_X, p.HOPPER_BOLT_X):
        start = pointing(-p.UPRIGHT_X + x, s * (p.FACE_Y - 6), p.HOPPER_BOLT_Z, (0, s, 0))
        fasten("iso_4014_m16x120", 16, 120, 6 + p.TUBE, start)
        put(frame, "sleeve", sleeve.part, FRAME, pointing(-p.UPRIGHT_X + x, s * p.FACE_Y, p.HOPPER_BOLT_Z, (0, s, 0)))
rim_z = p.HOPPER_Z + p.THROAT_HEIGHT + p.FLARE_HEIGHT
put(hopper, "hopper_grate", hopper_grate.part, STEEL, flat_at(p.HOPPER_X, 0, rim_z - 61))

# --- power unit, controls, hoses ------------------------------------------------------------------------------------
unit_x = sum(rail_front - d for d in p.RAIL_VERTICAL_BOLTS[1:]) / 2
shelf_z = p.RAIL_LOW_Z + p.TUBE / 2
put(frame, "unit_shelf", unit_shelf.part, FRAME, flat_at(unit_x, 0, shelf_z))
for x in (rail_front - d for d in p.RAIL_VERTICAL_BOLTS[1:]):
    for sy in BOTH:
        fasten("iso_4014_m16x120", 16, 120, 6 + p.TUBE, pointing(x, sy * p.UPRIGHT_Y, shelf_z + 6, (0, 0, -1)))
        put(frame, "sleeve", sleeve.part, FRAME, pointing(x, sy * p.UPRIGHT_Y, shelf_z, (0, 0, -1)))
unit = flat_at(unit_x, 0, shelf_z + 6)
put(hydraulic, "tank", hydraulics.tank(), BLUE, unit)
put(hydraulic, "filter", hydraulics.filter_and_breather(), BLACK, unit)
put(hydraulic, "motor", hydraulics.motor(), cq.Color(0.28, 0.42, 0.45), unit)
put(hydraulic, "pump", hydraulics.bell_and_pump(), STEEL, unit)
for a in BOTH:
    for b in BOTH:
        fasten("iso_4017_m12x35", 12, 35, 14, pointing(unit_x + a * 200, b * p.TANK_BOLT_Y, shelf_z + 14, (0, 0, -1)))
low, high = p.BRACKET_BOLT_Z
outside = -p.OUTER_Y - 10
valve_x, box_x, plate_z = p.UPRIGHT_X + 185, -p.UPRIGHT_X - 185, low + 40
put(frame, "control_bracket", control_bracket.part, RED, facing_y(p.UPRIGHT_X, -p.OUTER_Y, low),
    cq.Location(cq.Plane((-p.UPRIGHT_X, outside, low), (-1, 0, 0), (0, 1, 0))))  # fmt: skip
for x in (-p.UPRIGHT_X, p.UPRIGHT_X):
    for z in p.BRACKET_BOLT_Z:
        fasten("iso_4014_m16x120", 16, 120, 10 + p.TUBE, pointing(x, outside, z, (0, 1, 0)))
        put(frame, "sleeve", sleeve.part, FRAME, pointing(x, -p.OUTER_Y, z, (0, 1, 0)))
for a in BOTH:
    for b in BOTH:
        z = plate_z + b * 45
        fasten("iso_4017_m8x40", 8, 40, 22, pointing(valve_x + a * 70, outside - 12, z, (0, 1, 0)))
        fasten("iso_4017_m8x20", 8, 20, 10, pointing(box_x + a * 70, -p.OUTER_Y, z, (0, -1, 0)), kind="screw")
put(hydraulic, "valve_bank", hydraulics.valve_bank(), STEEL, flat_at(valve_x, outside, plate_z))
put(hydraulic, "levers", hydraulics.levers(), BLACK, flat_at(valve_x, outside, plate_z))
put(hydraulic, "starter", hydraulics.starter(), SHEET, flat_at(box_x, outside, plate_z))
put(hydraulic, "emergency_stop", hydraulics.emergency_stop(), ESTOP, flat_at(box_x, outside, plate_z))

hoses = hose_routes.routes(valve_x, outside, plate_z, unit_x, shelf_z)
for name, points in hoses.items():
    put(hydraulic, f"hose_{name}", hydraulics.hose(points), BLACK, flat_at(0, 0, 0))

# --- guards ---------------------------------------------------------------------------------------------------------
guard_z = (p.TABLE_Z + 5 + p.REACTION_Z) / 2
for sy in BOTH:
    put(guards, "side_guard", side_guard.part, YELLOW, facing_y(0, sy * p.OUTER_Y + (3 if sy > 0 else 0), guard_z))
    for sx in BOTH:
        for z in p.GUARD_BOLT_Z:
            head = pointing(sx * p.UPRIGHT_X, sy * (p.OUTER_Y + 3), z, (0, -sy, 0))
            fasten("iso_4017_m8x20", 8, 20, 3, head, kind="screw")
    for z in p.RAIL_GUARD_HOLES:
        head = pointing(rail_front - z, sy * (p.OUTER_Y + 3), p.RAIL_HIGH_Z, (0, -sy, 0))
        fasten("iso_4017_m8x20", 8, 20, 3, head, kind="screw")
    for x in p.HOOD_BOLT_X:
        fasten("iso_4017_m8x30", 8, 30, 15, pointing(x, sy * p.HOOD_BOLT_Y, p.TABLE_Z + 3, (0, 0, -1)))
rear_x = rail_front - p.RAIL_GUARD_HOLES[1]
put(guards, "rear_guard", rear_guard.folded(), YELLOW, flat_at(rear_x, 0, rear_guard.z_low))
put(guards, "front_hood", front_hood.folded(), YELLOW, flat_at(sum(p.HOOD_X) / 2, 0, p.TABLE_Z))

# --- bricks, to show what comes out ---------------------------------------------------------------------------------
bricks = cq.Assembly(name="bricks_not_part_of_the_machine")
brick = (
    cq.Workplane("XY")
    .box(p.BRICK_WIDTH, p.BRICK_LENGTH, p.BRICK_HEIGHT, centered=(True, True, False))
    .edges()
    .chamfer(2)
)
put(bricks, "brick", brick, SOIL, flat_at(0, 0, face_z), flat_at(480, 0, p.TABLE_Z))

result = cq.Assembly(name="brick_press")
for part_of_it in (frame, chamber, foot, hopper, hydraulic, guards, bolts, bricks):
    result.add(part_of_it)
result.add(drawer, loc=flat_at(travel, 0, p.TABLE_Z))
if "show_object" in globals():
    show_object(result, name="brick_press")  # noqa: F821
