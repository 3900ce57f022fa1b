"""Every number that two or more parts of the brick press share, and the figures derived from them.

Units: millimetre, newton, bar, litre, second; the unit stands last in a name where it is not millimetre.
Axes: X is the drawer's way (front, where bricks leave, is +X), Y is across, Z is up; the chamber's centre is X = Y = 0.
"""

# SPDX-License-Identifier: CERN-OHL-S-2.0
from math import pi

# The brick and its soil
BRICK_LENGTH = 300.0  # along Y
BRICK_WIDTH = 150.0  # along X
BRICK_HEIGHT = 100.0
FILL_DEPTH = 165.0  # loose soil above the foot, set by the depth collar
FILL_DEPTH_MAX = 190.0  # without a collar
COLLAR_LENGTH = FILL_DEPTH_MAX - FILL_DEPTH

# Stock
TUBE = 80.0  # square hollow section 80 x 80 x 6, EN 10219
TUBE_WALL = 6.0
SLEEVE_DIAMETER = 22.0  # precision tube 22 x 2.5, welded into every bolted tube so that a bolt can't crush it
SLEEVE_BORE = 17.0
SLEEVE_HOLE = 22.5
UPE_HEIGHT = 160.0  # UPE 160, parallel flanges: no taper washers
UPE_WIDTH = 70.0
UPE_WEB = 5.5
UPE_FLANGE = 9.5
UPE_ROOT_RADIUS = 12.0
UPE_MODULUS_CM3 = 114.0  # section modulus about the strong axis
M16_HOLE = 17.5
M12_HOLE = 13.5
M10_HOLE = 11.0
M8_HOLE = 9.0

# Main cylinder, ISO 6020-2 125/70 x 200, plain eye at the cap (MP3)
MAIN_BORE = 125.0
MAIN_ROD = 70.0
MAIN_STROKE = 200.0
MAIN_PIN = 45.0
MAIN_EYE_WIDTH = 60.0
MAIN_LENGTH = 490.0  # cap pin to rod shoulder, rod in
PRESSURE_BAR = 160.0

# Drawer cylinder, ISO 6020-2 50/28 x 400, eye at both ends
DRAWER_BORE = 50.0
DRAWER_ROD = 28.0
DRAWER_STROKE = 400.0
DRAWER_PIN = 20.0
DRAWER_EYE_WIDTH = 30.0
DRAWER_LENGTH = 640.0  # pin to pin, rod in
DRAWER_PRESSURE_BAR = 60.0  # second relief valve: keeps the drawer's push low

PUMP_CM3_REV = 16.0
PUMP_RPM = 1450.0
PUMP_VOLUMETRIC_EFFICIENCY = 0.95

# Heights, from the ground up
PAD_THICKNESS = 12.0
BEAM_LOW_Z = 30.0  # underside of the lower cross beams
CYLINDER_BASE_THICKNESS = 20.0
MAIN_PIN_HEIGHT = 75.0  # above the cylinder base plate
MAIN_PIN_Z = BEAM_LOW_Z + UPE_HEIGHT + CYLINDER_BASE_THICKNESS + MAIN_PIN_HEIGHT
SOCKET_LENGTH = 80.0
FOOT_PLATE_THICKNESS = 20.0
TABLE_THICKNESS = 12.0
TABLE_Z = MAIN_PIN_Z + MAIN_LENGTH + SOCKET_LENGTH + FOOT_PLATE_THICKNESS + FILL_DEPTH_MAX  # top of the table
DRAWER_HEIGHT = 150.0
DRAWER_GAP = 2.0  # between the lid and the reaction plate
REACTION_THICKNESS = 20.0
REACTION_Z = TABLE_Z + DRAWER_HEIGHT + DRAWER_GAP
BEAM_HIGH_Z = REACTION_Z + REACTION_THICKNESS
UPRIGHT_TOP_Z = BEAM_HIGH_Z + UPE_HEIGHT
UPRIGHT_LENGTH = UPRIGHT_TOP_Z - PAD_THICKNESS
RAIL_HIGH_Z = TABLE_Z - TABLE_THICKNESS - TUBE / 2  # axis of the rails that carry the table
RAIL_LOW_Z = BEAM_LOW_Z + UPE_HEIGHT + 10.0 + TUBE / 2  # clear above the lower beams' bolts
GUSSET_LEG = 100.0  # from a rail's axis to the second bolt in the upright
REAR_LEG_LENGTH = TABLE_Z - TABLE_THICKNESS - PAD_THICKNESS

# Plan
UPRIGHT_X = 150.0
UPRIGHT_Y = 260.0
FACE_X = UPRIGHT_X - TUBE / 2  # inner faces of the uprights: the beams' webs lie here
FACE_Y = UPRIGHT_Y - TUBE / 2
OUTER_Y = UPRIGHT_Y + TUBE / 2
REAR_LEG_X = -1170.0
REAR_RAIL_LENGTH = -UPRIGHT_X - TUBE / 2 - (REAR_LEG_X + TUBE / 2)
MID_RAIL_LENGTH = 2 * FACE_X
RAIL_BOLTS = (50.0, 120.0)  # from a rear rail's end
RAIL_VERTICAL_BOLTS = (85.0, 460.0, 855.0)  # from the rear rail's front end
RAIL_GUARD_HOLES = (290.0, 470.0, 650.0)
MID_RAIL_BOLT_X = 60.0
BEAM_LENGTH = 2 * OUTER_Y
JOINT_Y = 20.0  # four bolts a joint: +-20 across the tube
JOINT_Z = 42.0  # and +-42 along it
BASE_BOLT_Y = 90.0
REACTION_BOLT_Y = 188.0
FLANGE_BOLT_X = 70.0
HOPPER_BOLT_X = 18.0
HOPPER_BOLT_Z = BEAM_HIGH_Z + UPE_HEIGHT / 2
BRACKET_BOLT_Z = (740.0, 810.0)
GUARD_BOLT_Z = (TABLE_Z + 35.0, TABLE_Z + 125.0)

# Chamber
LINER = 10.0
CHAMBER_PLATE = 20.0
CHAMBER_DEPTH = 275.0  # below the table's top
CHAMBER_HEIGHT = CHAMBER_DEPTH - TABLE_THICKNESS
CHAMBER_LONG = 420.0  # width of the front and rear plates
CHAMBER_X = BRICK_WIDTH / 2 + LINER  # inner face of the front and rear plates
CHAMBER_Y = BRICK_LENGTH / 2 + LINER
TIE_Y = 195.0
TIE_DEPTHS = (80.0, 140.0, 210.0)  # below the table's underside
SIDE_TAB_DEPTHS = (70.0, 190.0)  # centres of the tabs of the side plates, below the table's underside
SIDE_TAB = 60.0
TABLE_TAB_Y = 95.0
TABLE_TAB = 70.0
LINER_BOLT_DEPTHS = (30.0, 150.0, 235.0)
LINER_LONG_BOLT_Y = 110.0
LINER_SIDE_BOLT_X = 45.0
FOOT_CLEARANCE = 0.5  # each side

# Drawer, measured from the lid's centre
DRAWER_PLATE = 12.0
PITCH = 215.0  # from lid to soil box
SOIL_BOX_LENGTH = 165.0
SOIL_FRONT = -PITCH + SOIL_BOX_LENGTH / 2
SOIL_REAR = -PITCH - SOIL_BOX_LENGTH / 2
DRAWER_FRONT = 105.0
LID_FRONT = DRAWER_FRONT - DRAWER_PLATE
LID_REAR = SOIL_FRONT + DRAWER_PLATE
LID_LENGTH = LID_FRONT - LID_REAR
DRAWER_REAR = -525.0
LID_PLATE = 20.0
LID_RIB_Y = (-105.0, -35.0, 35.0, 105.0)
DRAWER_TAB = 70.0
LUG_Y = DRAWER_EYE_WIDTH / 2 + 0.5  # inner face of a clevis lug
LUG_PIN_X = -345.0
DRAWER_TRAVEL = {"fill": PITCH, "press": 0.0, "eject": PITCH - DRAWER_STROKE}  # drawer's shift along X in each pose
DRAWER_AXIS_Z = TABLE_Z + DRAWER_HEIGHT / 2
GUIDE_Y = BRICK_LENGTH / 2 + DRAWER_PLATE + 2.0
GUIDE_WIDTH = 30.0
GUIDE_HEIGHT = 20.0
GUIDE_X = (-740.0, 320.0)
GUIDE_BOLT_X = (-690.0, -500.0, -310.0, -150.0, 150.0, 290.0)

# Table
TABLE_X = (-740.0, 560.0)
TABLE_FRONT_HALF = 240.0
TABLE_BOLT_X = (0.0, -275.0, -650.0)
TABLE_RIB_Y = 140.0
HOOD_Y = 200.0
HOOD_X = (200.0, 480.0)
HOOD_BOLT_X = (240.0, 340.0, 440.0)
HOOD_BOLT_Y = 222.0

# Hopper
HOPPER_SHEET = 4.0
HOPPER_X = -PITCH
HOPPER_Z = TABLE_Z + DRAWER_HEIGHT + 3.0
THROAT_HEIGHT = 190.0
FLARE_HEIGHT = 450.0
FLARE_OUT = 260.0
RIM = 40.0
TANK_BOLT_Y = 192.0
EAR_THICKNESS = 8.0
EAR_BOLT_X = (-245.0, -285.0)
EAR_BOLT_Y = 185.0
BEARER_Z = HOPPER_BOLT_Z + 30.0  # top of the angle that carries the hopper

DENSITY_KG_M3 = 7850.0  # all made parts are steel


def area_mm2(diameter: float) -> float:
    """Area of a circle."""
    return pi * diameter**2 / 4


def figures() -> dict[str, float]:
    """What the press can do, worked out from the numbers above."""
    main, rod = area_mm2(MAIN_BORE), area_mm2(MAIN_ROD)
    drawer, drawer_rod = area_mm2(DRAWER_BORE), area_mm2(DRAWER_ROD)
    force_n = main * PRESSURE_BAR / 10
    oil_l = (FILL_DEPTH * (2 * main - rod) + DRAWER_STROKE * (2 * drawer - drawer_rod)) / 1e6
    flow_l_min = PUMP_CM3_REV * PUMP_RPM * PUMP_VOLUMETRIC_EFFICIENCY / 1000
    moving_s = oil_l / flow_l_min * 60
    cycle_s = moving_s + 4.0  # two changes of lever and one second's dwell under full pressure
    tube = TUBE**2 - (TUBE - 2 * TUBE_WALL) ** 2
    arm = UPRIGHT_Y - BRICK_LENGTH / 4
    return {
        "force_kn": force_n / 1000,
        "brick_pressure_mpa": force_n / (BRICK_LENGTH * BRICK_WIDTH),
        "drawer_force_kn": drawer * DRAWER_PRESSURE_BAR / 1e4,
        "compaction_ratio": FILL_DEPTH / BRICK_HEIGHT,
        "oil_per_brick_l": oil_l,
        "flow_l_min": flow_l_min,
        "pump_power_kw": flow_l_min * PRESSURE_BAR / 600 / 0.85,
        "cycle_s": cycle_s,
        "bricks_min": 60 / cycle_s,
        "upright_tension_mpa": force_n / 4 / tube,
        "upper_beam_bending_mpa": force_n / 4 * arm / (UPE_MODULUS_CM3 * 1000),
        "bolt_shear_kn": force_n / 16 / 1000,
        "main_pin_shear_mpa": force_n / 2 / area_mm2(MAIN_PIN),
    }
