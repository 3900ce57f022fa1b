"""Photos as they come from cameras, made into pictures that may be shown: by content, small, without metadata."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from typing import NoReturn

from PIL import Image, ImageOps

from registry import limits
from registry.errors import Invalid, TooLarge

_FORMATS = ("JPEG", "PNG", "WEBP")
_WIDTHS = (400, 800, 1600)


@dataclass(frozen=True, slots=True)
class Photo:
    """A picture in three widths of WebP."""

    files: dict[int, bytes]
    width_px: int
    height_px: int


def refuse_size(size_bytes: int) -> NoReturn:
    """Say that a photo is too large. Raises: TooLarge."""
    most = limits.PHOTO_BYTES // limits.MIB
    raise TooLarge(
        f"The photo has {size_bytes / limits.MIB:.1f} MiB; the most is {most} MiB.",
        "Send a smaller one, 2000 pixels wide for example.",
        field="photo",
    )


def read_photo(content: bytes) -> Photo:
    """Raises: TooLarge, Invalid with a sentence."""
    if len(content) > limits.PHOTO_BYTES:
        refuse_size(len(content))
    if not content:
        raise Invalid("No photo came.", "Choose a file.", field="photo")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            opened = Image.open(io.BytesIO(content), formats=_FORMATS)
            if opened.width * opened.height > limits.PHOTO_PIXELS:
                raise Image.DecompressionBombError
            # Draft lets JPEG be read small: a photo of 50 megapixels then takes no 150 MB.
            opened.draft("RGB", (_WIDTHS[-1], _WIDTHS[-1]))
            upright = ImageOps.exif_transpose(opened)
            mode = "RGBA" if "A" in upright.getbands() or "transparency" in upright.info else "RGB"
            plain = upright.convert(mode)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        most = limits.PHOTO_PIXELS // 1_000_000
        raise TooLarge(
            f"The photo has too many pixels; the most is {most} million.", "Send a smaller one.", field="photo"
        ) from error
    except Exception as error:  # Pillow raises many kinds on broken files
        raise Invalid(
            "That file is no photo that can be read.", "JPEG, PNG and WebP are taken, whatever the name says.",
            field="photo",
        ) from error  # fmt: skip
    return Photo({width: _webp(plain, width) for width in _WIDTHS}, plain.width, plain.height)


def _webp(image: Image.Image, width: int) -> bytes:
    """Pixels alone: a new image carries no EXIF, no GPS, no profile."""
    small = image.copy()
    small.thumbnail((width, width * 2))
    bare = Image.new(small.mode, small.size)
    bare.paste(small)
    out = io.BytesIO()
    bare.save(out, "WEBP", quality=82, method=4)
    return out.getvalue()
