"""Where the six hoses run: points in the machine's coordinates, from the valve bank or the pump to the far end."""

# SPDX-License-Identifier: CERN-OHL-S-2.0
import hydraulics
import press_params as p

Point = tuple[float, float, float]


def routes(valve_x: float, outside: float, plate_z: float, unit_x: float, shelf_z: float) -> dict[str, list[Point]]:
    """A smooth line for each hose; `outside` is the outer face of the valve bank's bracket."""
    vy, vz = outside - 94, plate_z - 20
    cap_z, head_z = (p.MAIN_PIN_Z + port for port in hydraulics.MAIN_PORTS)
    pump_x = unit_x + 238
    return {
        "main_raise": [
            (valve_x - 30, vy, vz),
            (valve_x - 30, vy - 45, vz - 70),
            (valve_x - 60, -360, 500),
            (190, -190, 400),
            (60, -185, cap_z),
            (0, -105, cap_z),
        ],
        "main_lower": [
            (valve_x + 30, vy, vz),
            (valve_x + 30, vy - 50, vz - 60),
            (valve_x - 20, -370, 600),
            (210, -190, 590),
            (60, -190, head_z + 10),
            (0, -105, head_z),
        ],
        "drawer_out": [
            (valve_x - 65, vy, vz + 30),
            (valve_x - 75, vy - 50, vz - 40),
            (valve_x - 130, -405, 620),
            (0, -392, 560),
            (-420, -360, 575),
            (-620, -300, 770),
            (-900, -190, 960),
            (-1075, -130, 1085),
            (p.REAR_LEG_X + hydraulics.DRAWER_PORTS[0], -56, p.DRAWER_AXIS_Z),
        ],
        "drawer_back": [
            (valve_x + 65, vy, vz + 30),
            (valve_x + 60, vy - 60, vz - 60),
            (valve_x - 60, -420, 590),
            (0, -392, 595),
            (-380, -375, 625),
            (-520, -280, 790),
            (-600, -130, 930),
            (p.REAR_LEG_X + hydraulics.DRAWER_PORTS[1], -80, 1050),
            (p.REAR_LEG_X + hydraulics.DRAWER_PORTS[1], -56, p.DRAWER_AXIS_Z),
        ],
        "pressure": [
            (valve_x - 115, -362, plate_z + 12),
            (valve_x - 145, -356, plate_z - 30),
            (valve_x - 160, -348, 640),
            (0, -338, 545),
            (-330, -338, 545),
            (-480, -240, 610),
            (pump_x, -120, shelf_z + 488),
            (pump_x, -60, shelf_z + 488),
        ],
        "return": [
            (valve_x + 115, -362, plate_z + 12),
            (valve_x + 150, -366, plate_z - 50),
            (valve_x, -390, 520),
            (0, -372, 490),
            (-420, -340, 520),
            (unit_x + 165, -240, shelf_z + 400),
            (unit_x + 165, -170, shelf_z + 398),
        ],
    }
