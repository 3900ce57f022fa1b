"""Bodies of electronic packages, to their data sheets' nominal sizes."""

# SPDX-License-Identifier: CERN-OHL-S-2.0
import cadquery as cq
from solids import BLACK, GOLD, MARK, STEEL, TIN, WHITE, Model, box, centred, disc, gull_wing, moulded

CERAMIC, FERRITE, TANTALUM = cq.Color(0.68, 0.55, 0.40), cq.Color(0.22, 0.22, 0.23), cq.Color(0.88, 0.56, 0.14)
NYLON = cq.Color(0.84, 0.80, 0.70)
PITCH = 2.54


def two_sided(
    name: str,
    body: tuple[float, float],
    span: float,
    height: float,
    left: list[float],
    right: list[float],
    *,
    lead: tuple[float, float, float],
    standoff: float = 0.1,
) -> Model:
    """SOIC and SOT: leads to the left and right at these y. `body` is (x, y), `lead` (width, thickness, foot)."""
    (length, width), (lead_width, thick, foot) = body, lead
    split = standoff + (height - standoff) / 2
    model = Model(name).add("body", moulded(length, width, standoff, height, split), BLACK)
    pin = gull_wing(length / 2 - 0.12, span / 2, foot, split, thick, lead_width)
    places = [(0.0, y, 180.0) for y in left] + [(0.0, y, 0.0) for y in right]
    model.add("lead", pin, TIN, *places)
    inset = min(0.75, 0.24 * length)
    dot = disc(-length / 2 + inset, width / 2 - inset, 0.5 * inset + 0.1, height, height + 0.01)
    return model.add("pin_1", dot, MARK)


def soic(pins: int, width: float) -> Model:
    """JEDEC MS-012: 3.9 mm wide body, pitch 1.27."""
    rows = [1.27 * ((pins / 2 - 1) / 2 - n) for n in range(pins // 2)]
    lead = (0.42, 0.2, 0.65)
    return two_sided(f"SOIC-{pins}", (3.9, width), 6.0, 1.6, rows, rows, lead=lead, standoff=0.15)


def sot23(pins: int) -> Model:
    """JEDEC TO-236 with three leads, MO-178 with five or six."""
    if pins == 3:
        return two_sided("SOT-23", (1.3, 2.9), 2.4, 1.0, [0.95, -0.95], [0.0], lead=(0.43, 0.13, 0.4))
    right = [0.95, -0.95] if pins == 5 else [0.95, 0.0, -0.95]
    name = f"SOT-23-{pins}"
    return two_sided(name, (1.6, 2.9), 2.8, 1.15, [0.95, 0.0, -0.95], right, lead=(0.4, 0.15, 0.45))


def sot223() -> Model:
    """SOT-223: three leads to the left, the tab to the right."""
    model = two_sided("SOT-223", (3.5, 6.5), 7.0, 1.65, [2.3, 0.0, -2.3], [], lead=(0.7, 0.28, 0.95), standoff=0.05)
    return model.add("tab", gull_wing(1.6, 3.5, 0.95, 0.85, 0.28, 3.0), TIN)


def sot89() -> Model:
    """SOT-89: flat leads to the left, the middle one runs under the body and out as the tab."""
    model = Model("SOT-89").add("body", moulded(2.45, 4.5, 0.0, 1.5, 0.4, 6.0), BLACK)
    model.add("lead", box(-2.3, -1.1, -0.22, 0.22, 0.0, 0.4), TIN, (0, 1.5, 0), (0, -1.5, 0))
    return model.add("middle", box(-2.3, -1.1, -0.25, 0.25, 0.0, 0.4), TIN).add(
        "tab", box(1.1, 1.75, -0.8, 0.8, 0.0, 0.4), TIN
    )


def tqfp32() -> Model:
    """JEDEC MS-026 ABA: 7 x 7 x 1 mm, pitch 0.8."""
    model = Model("TQFP-32").add("body", moulded(7.0, 7.0, 0.1, 1.1, 0.6, 10.0), BLACK)
    rows = [0.8 * (3.5 - n) for n in range(8)]
    places = [(0.0, y, turn) for turn in (0.0, 180.0) for y in rows]
    places += [(x, 0.0, turn) for turn in (90.0, 270.0) for x in rows]
    model.add("lead", gull_wing(3.4, 4.5, 0.6, 0.6, 0.15, 0.37), TIN, *places)
    return model.add("pin_1", disc(-2.7, 2.7, 0.7, 1.1, 1.11), MARK)


def chip(
    name: str, size: tuple[float, float, float], terminal: float, colour: cq.Color, metal: cq.Color = TIN
) -> Model:
    """A chip component: body, and a cap on either end."""
    length, width, height = size
    cap = box(-length / 2, -length / 2 + terminal, -width / 2, width / 2, 0, height)
    body = box(-length / 2 + terminal, length / 2 - terminal, -width / 2 + 0.02, width / 2 - 0.02, 0.02, height - 0.02)
    return Model(name).add("body", body, colour).add("terminal", cap, metal, (0, 0, 0), (0, 0, 180))


def chip_resistor(name: str, size: tuple[float, float, float], terminal: float) -> Model:
    """A thick-film resistor: white alumina with a black coat on top."""
    length, width, height = size
    model = chip(name, size, terminal, WHITE)
    coat = centred(length - 2 * terminal, width - 0.06, height - 0.02, height + 0.02)
    return model.add("coat", coat, BLACK)


def led_0805(name: str, colour: cq.Color) -> Model:
    """A chip LED of 2.0 x 1.25 x 0.8 mm; the cathode, pin 1, is marked green."""
    model = Model(name).add("substrate", centred(1.3, 1.25, 0, 0.3), WHITE)
    model.add("terminal", box(-1.0, -0.65, -0.625, 0.625, 0, 0.32), GOLD, (0, 0, 0), (0, 0, 180))
    lens = cq.Workplane("XY", origin=(0, 0, 0.3)).rect(1.3, 1.25).extrude(0.5, taper=8.0)
    model.add("lens", lens, colour)
    return model.add("cathode", box(-0.98, -0.8, -0.2, 0.2, 0.32, 0.33), cq.Color(0.05, 0.45, 0.15))


def sma() -> Model:
    """DO-214AC: leads bent under the body, the band at the cathode, pin 1."""
    model = Model("D_SMA").add("body", moulded(4.3, 2.6, 0.1, 2.2, 1.1, 5.0), BLACK)
    profile = [(2.1, 1.2), (2.55, 1.2), (2.55, 0), (1.35, 0), (1.35, 0.2), (2.35, 0.2), (2.35, 1.0), (2.1, 1.0)]
    lead = cq.Workplane("XZ").polyline(profile).close().extrude(1.45 / 2, both=True)
    model.add("lead", lead, TIN, (0, 0, 0), (0, 0, 180))
    return model.add("band", box(-1.9, -1.3, -1.18, 1.18, 2.2, 2.21), MARK)


def sod123() -> Model:
    """SOD-123 with the band at the cathode, pin 1."""
    model = Model("D_SOD-123").add("body", moulded(2.7, 1.6, 0.05, 1.15, 0.55), BLACK)
    lead = gull_wing(1.25, 1.85, 0.35, 0.5, 0.12, 0.6)
    model.add("lead", lead, TIN, (0, 0, 0), (0, 0, 180))
    return model.add("band", box(-1.2, -0.75, -0.7, 0.7, 1.15, 1.16), MARK)


def tantalum_a() -> Model:
    """EIA 3216-18: moulded, the bar at plus, pin 1."""
    model = Model("CP_EIA-3216-18").add("body", moulded(3.1, 1.6, 0.08, 1.6, 0.8, 4.0), TANTALUM)
    profile = [(1.5, 0.85), (1.62, 0.85), (1.62, 0), (0.8, 0), (0.8, 0.1), (1.52, 0.1), (1.52, 0.75), (1.5, 0.75)]
    lead = cq.Workplane("XZ").polyline(profile).close().extrude(0.6, both=True)
    model.add("lead", lead, TIN, (0, 0, 0), (0, 0, 180))
    return model.add("plus", box(-1.45, -0.95, -0.74, 0.74, 1.6, 1.61), cq.Color(0.35, 0.16, 0.06))


def crystal_3225() -> Model:
    """A ceramic crystal of 3.2 x 2.5 x 0.75 mm with a metal lid."""
    model = Model("Crystal_3225").add("base", centred(3.2, 2.5, 0.03, 0.5), cq.Color(0.30, 0.27, 0.24))
    model.add("lid", centred(2.85, 2.15, 0.5, 0.75).edges("|Z").fillet(0.25), STEEL)
    pad = centred(0.9, 0.75, 0.0, 0.03)
    return model.add("pad", pad, GOLD, *((x, y, 0) for x in (-1.1, 1.1) for y in (-0.85, 0.85)))


def tactile_switch() -> Model:
    """C&K PTS810 SJM 250: 4.2 x 3.2 mm, 2.5 mm high with its button."""
    model = Model("SW_PTS810").add("base", centred(4.2, 3.2, 0.05, 0.8), BLACK)
    cover = centred(4.0, 3.1, 0.8, 1.9).edges("|Z").fillet(0.3)
    model.add("cover", cover, STEEL)
    model.add("button", cq.Workplane("XY", origin=(0, 0, 1.9)).slot2D(3.0, 2.2).extrude(0.6), BLACK)
    places = [(-2.3, -1.075, 0), (2.3, -1.075, 0), (-2.3, 1.075, 0), (2.3, 1.075, 0)]
    return model.add("lead", centred(0.6, 0.5, 0, 0.15), TIN, *places)


def header(columns: int, rows: int) -> Model:
    """Pin header 2.54 mm: pins of 0.64 mm, 3 mm below the board and 6 mm above the 2.54 mm body."""
    model = Model(f"PinHeader_{columns}x{rows:02}")
    y1 = -PITCH * (rows - 1) - PITCH / 2
    body = box(-PITCH / 2, PITCH * columns - PITCH / 2, y1, PITCH / 2, 0, 2.54)
    for row in range(rows - 1):  # the notches at which a strip is broken off
        y = -PITCH * (row + 0.5)
        for x, turn in ((-PITCH / 2, 1), (PITCH * columns - PITCH / 2, -1)):
            wedge = [(x - turn * 0.01, y - 0.4), (x + turn * 0.4, y), (x - turn * 0.01, y + 0.4)]
            body = body.cut(cq.Workplane("XY", origin=(0, 0, -0.1)).polyline(wedge).close().extrude(3))
    model.add("body", body, BLACK)
    pin = centred(0.64, 0.64, -3.0, 8.54).faces(">Z or <Z").edges().chamfer(0.15)
    return model.add("pin", pin, GOLD, *((PITCH * c, -PITCH * r, 0) for c in range(columns) for r in range(rows)))


def socket(rows: int) -> Model:
    """Socket strip 2.54 mm, 8.5 mm high, tails 3.1 mm below the board."""
    model = Model(f"PinSocket_1x{rows:02}")
    body = box(-1.25, 1.25, -PITCH * (rows - 1) - PITCH / 2, PITCH / 2, 0, 8.5)
    points = [(0, -PITCH * row) for row in range(rows)]
    body = body.cut(cq.Workplane("XY", origin=(0, 0, 8.5)).pushPoints(points).rect(0.9, 0.9).extrude(-4.0))
    model.add("body", body, BLACK)
    places = [(x, y, 0) for x, y in points]
    model.add("spring", centred(0.9, 0.9, 4.5, 4.55), GOLD, *places)
    return model.add("tail", centred(0.3, 0.64, -3.1, 0.0), TIN, *places)


def usb_c() -> Model:
    """Korean Hroparts TYPE-C-31-M-12: shell 8.94 x 7.3 x 3.16 mm, the mouth towards -y."""

    def stadium(width: float, height: float, radius: float, y0: float, y1: float) -> cq.Workplane:
        block = cq.Workplane("XZ", origin=(0, y0, 1.58)).rect(width, height).extrude(y0 - y1)
        return block.edges("|Y").fillet(radius)

    model = Model("USB_C_HRO_TYPE-C-31-M-12")
    shell = stadium(8.94, 3.16, 1.4, -3.65, 3.65).cut(stadium(8.34, 2.56, 1.1, -3.7, 3.0))
    model.add("shell", shell, STEEL)
    model.add("tongue", box(-3.34, 3.34, -2.6, 3.0, 1.23, 1.93), BLACK)
    model.add("floor", stadium(8.3, 2.52, 1.1, 1.0, 2.95), BLACK)
    contact = box(-0.15, 0.15, 3.4, 4.6, 0, 0.15)
    model.add("contact", contact, GOLD, *((x / 4, 0, 0) for x in (-7, -5, -3, -1, 1, 3, 5, 7)))
    model.add("power", box(-0.3, 0.3, 3.4, 4.6, 0, 0.15), GOLD, *((x, 0, 0) for x in (-3.225, -2.425, 2.425, 3.225)))
    rear, front = box(-0.15, 0.15, -0.6, 0.6, -1.2, 1.2), box(-0.15, 0.15, -0.45, 0.45, -1.2, 1.2)
    model.add("rear_leg", rear, STEEL, (-4.32, 3.13, 0), (4.32, 3.13, 0))
    return model.add("front_leg", front, STEEL, (-4.32, -1.05, 0), (4.32, -1.05, 0))


def barrel_jack() -> Model:
    """CUI PJ-102AH: 9 x 14.4 x 11 mm, the mouth towards -y, for plugs of 5.5 x 2.1 mm."""
    model = Model("BarrelJack_PJ-102AH")
    barrel = cq.Workplane("XZ", origin=(0, 0.7, 6.5)).circle(4.5).extrude(10.9)
    body = box(-4.5, 4.5, -13.7, -10.2, 0, 11).union(box(-4.5, 4.5, -10.2, 0.7, 0, 6.5)).union(barrel)
    body = body.cut(cq.Workplane("XZ", origin=(0, -13.8, 6.5)).circle(3.15).extrude(-9.6))
    model.add("body", body, BLACK)
    pin = cq.Workplane("XZ", origin=(0, -4.1, 6.5)).circle(1.0).extrude(8.6)
    model.add("pin", pin.faces("<Y").edges().fillet(0.6), TIN)
    model.add("tail", centred(1.2, 0.3, -3.5, 0), TIN, (0, 0, 0), (0, -6, 0))
    return model.add("side_tail", centred(0.3, 1.2, -3.5, 0), TIN, (4.7, -3, 0)).add(
        "side_strip", box(4.5, 4.85, -4.0, -2.0, 0, 4.0), TIN
    )


def jst_xh_side(pins: int) -> Model:
    """JST S4B-XH-A and its sisters: side entry, pitch 2.5 mm, 6.1 mm high, the mouth towards -y."""
    model = Model(f"JST_XH_S{pins}B-XH-A")
    last = 2.5 * (pins - 1)
    body = box(-2.45, last + 2.45, -9.2, -2.2, 0, 6.1).cut(box(-1.6, last + 1.6, -9.3, -3.2, 0.9, 5.2))
    for x in (-0.9, last - 0.5):  # the slots that a plug's ribs run in
        body = body.cut(box(x, x + 1.4, -9.3, -4.5, 5.1, 6.2))
    for x in (-2.45, last + 1.25):
        body = body.union(box(x, x + 1.2, -2.3, 2.3, 0, 6.1))
    model.add("body", body, NYLON)
    bent = box(-0.32, 0.32, -8.0, 0.32, 2.7, 3.34).union(box(-0.32, 0.32, -0.32, 0.32, -3.4, 3.34))
    return model.add("pin", bent, TIN, *((2.5 * n, 0, 0) for n in range(pins)))
