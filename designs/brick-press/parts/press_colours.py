"""Colours of the assembly."""

# SPDX-License-Identifier: CERN-OHL-S-2.0
import cadquery as cq

FRAME = cq.Color(0.13, 0.16, 0.19)
RED = cq.Color(0.72, 0.22, 0.09)
STEEL = cq.Color(0.55, 0.57, 0.60)
BRIGHT = cq.Color(0.80, 0.82, 0.84)
WEAR = cq.Color(0.40, 0.41, 0.44)
SHEET = cq.Color(0.68, 0.71, 0.73)
YELLOW = cq.Color(0.96, 0.74, 0.06)
ZINC = cq.Color(0.78, 0.77, 0.70)
BLUE = cq.Color(0.10, 0.24, 0.42)
BLACK = cq.Color(0.06, 0.06, 0.07)
ESTOP = cq.Color(0.80, 0.05, 0.05)
SOIL = cq.Color(0.66, 0.42, 0.26)
