"""Writes the 3D models of Brick One's parts to models/. After a change here, run it and commit what it wrote."""

# SPDX-License-Identifier: CERN-OHL-S-2.0
from collections.abc import Iterator
from pathlib import Path

import cadquery as cq
import packages
from solids import GOLD, Model


def models() -> Iterator[Model]:
    """Every package on the board, once."""
    yield packages.chip_resistor("R_0603", (1.6, 0.8, 0.45), 0.3)
    yield packages.chip("C_0603", (1.6, 0.8, 0.8), 0.35, packages.CERAMIC)
    yield packages.chip("C_0805", (2.0, 1.25, 1.25), 0.5, packages.CERAMIC)
    yield packages.chip("C_1206", (3.2, 1.6, 1.6), 0.5, packages.CERAMIC)
    yield packages.chip("L_0603", (1.6, 0.8, 0.8), 0.3, packages.FERRITE)
    yield packages.chip("Fuse_1206", (3.2, 1.6, 0.7), 0.5, cq.Color(0.10, 0.28, 0.16), GOLD)
    yield packages.led_0805("LED_0805_green", cq.Color(0.35, 0.80, 0.35))
    yield packages.led_0805("LED_0805_yellow", cq.Color(0.95, 0.78, 0.20))
    yield packages.sma()
    yield packages.sod123()
    yield packages.tantalum_a()
    yield packages.crystal_3225()
    yield packages.tactile_switch()
    yield from (packages.sot23(3), packages.sot23(5), packages.sot23(6), packages.sot223())
    yield packages.soic(16, 9.9)
    yield packages.tqfp32()
    yield from (packages.socket(rows) for rows in (6, 8, 10))
    yield packages.header(2, 3)
    yield packages.usb_c()
    yield packages.barrel_jack()


def main() -> None:
    """Write them all."""
    folder = Path(__file__).resolve().parent.parent / "models"
    folder.mkdir(exist_ok=True)
    for model in models():
        path = model.write(folder)
        print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
