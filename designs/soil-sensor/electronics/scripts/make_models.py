"""Writes the 3D models of the sensor's parts to models/. After a change here, run it and commit what it wrote."""

# SPDX-License-Identifier: CERN-OHL-S-2.0
from collections.abc import Iterator
from pathlib import Path

import packages
from solids import Model


def models() -> Iterator[Model]:
    """Every package on the board, once."""
    yield packages.chip_resistor("R_0805", (2.0, 1.25, 0.5), 0.4)
    yield packages.chip("C_0805", (2.0, 1.25, 0.85), 0.5, packages.CERAMIC)
    yield packages.chip("C_0805_tall", (2.0, 1.25, 1.25), 0.5, packages.CERAMIC)
    yield packages.chip("TH_0603", (1.6, 0.8, 0.8), 0.3, packages.FERRITE)
    yield packages.sma()
    yield packages.sod123()
    yield packages.sot89()
    yield packages.soic(8, 4.9)
    yield packages.soic(14, 8.65)
    yield packages.header(1, 3)
    yield packages.jst_xh_side(4)


def main() -> None:
    """Write them all."""
    folder = Path(__file__).resolve().parent.parent / "models"
    folder.mkdir(exist_ok=True)
    for model in models():
        path = model.write(folder)
        print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
