"""Runs in the sandbox: settles the last bits of a rendered board, so that every machine gets the same picture.

KiCad's renderer sums light in several threads; now and then a pixel comes out one level off (of 256). Levels in
steps of
eight look the same and swallow nearly all of that.
"""

from __future__ import annotations

import sys

import numpy as np
from PIL import Image

STEP = 8


def main(argv: list[str]) -> None:
    """`kicad_picture SOURCE.png TARGET.png TARGET.webp`: the picture to keep, and a light one for pages."""
    source, target, light = argv
    with Image.open(source) as opened:
        levels = np.asarray(opened.convert("RGBA")).astype(np.int16)
    settled = np.clip((levels + STEP // 2) // STEP * STEP, 0, 255).astype(np.uint8)
    settled[settled[..., 3] == 0] = 0
    picture = Image.fromarray(settled)
    picture.save(target, "PNG", compress_level=9)
    picture.save(light, "WEBP", quality=80, method=4)


if __name__ == "__main__":
    main(sys.argv[1:])
