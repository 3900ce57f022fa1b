"""Runs in the sandbox: a laid-out book as PDF and as one HTML file, or a picture in three widths."""

from __future__ import annotations

import base64
import mimetypes
import re
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

SRC, OUT = Path("/src"), Path("/out")
WIDTHS = (400, 800, 1600)
PIXELS_MAX = 80_000_000


def pictures(source: Path) -> None:
    """WebP at three widths; a smaller original is not blown up. Metadata (place, camera) is left behind."""
    from PIL import Image as images
    from PIL import ImageOps

    images.MAX_IMAGE_PIXELS = PIXELS_MAX
    warnings.simplefilter("error", images.DecompressionBombWarning)
    with images.open(source) as opened:
        opened.draft("RGB", (2 * WIDTHS[-1], 2 * WIDTHS[-1]))  # a camera's JPEG is read at a fraction of its size
        image = ImageOps.exif_transpose(opened)
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    image = centred(image) if image.mode == "RGBA" else on_sheet(image)
    scaled = image
    for width in reversed(WIDTHS):
        if image.width > width:
            size = (width, max(1, round(image.height * width / image.width)))
            scaled = scaled.resize(size, images.Resampling.LANCZOS, reducing_gap=3.0)
        scaled.save(OUT / f"picture-{width}.webp", "WEBP", quality=82, method=4)


def centred(image: Image) -> Image:
    """A cut-out (a rendered board or part) in the middle of a 3:2 sheet, so that cards show the whole of it."""
    from PIL import Image as images

    box = image.getchannel("A").getbbox()
    if box is None:
        return image
    image = image.crop(box)
    width = max(image.width, round(image.height * 1.5))
    width, height = round(width * 1.12), round(max(image.height, width / 1.5) * 1.12)
    sheet = images.new("RGBA", (width, height))
    sheet.paste(image, ((width - image.width) // 2, (height - image.height) // 2))
    return sheet


def on_sheet(image: Image) -> Image:
    """A picture on a plain ground, widened with that ground to 3:2; a photograph stays as it is."""
    from PIL import Image as images

    corners = [image.getpixel(at) for at in ((0, 0), (image.width - 1, 0), (0, image.height - 1))]
    plain = all(max(abs(a - b) for a, b in zip(corner, corners[0], strict=True)) <= 6 for corner in corners)  # type: ignore[arg-type]
    if not plain:
        return image
    size = (max(image.width, round(image.height * 1.5)), max(image.height, round(image.width / 1.5)))
    sheet = images.new("RGB", size, corners[0])
    sheet.paste(image, ((sheet.width - image.width) // 2, (sheet.height - image.height) // 2))
    return sheet


def embed(html: str) -> str:
    """Pictures beside the page become part of it."""

    def data(match: re.Match[str]) -> str:
        path = SRC / match.group(1)
        if not path.is_file():
            return 'src=""'
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        return f'src="data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"'

    return re.sub(r'src="((?:repo|made|picture)[^"]*)"', data, html)


def write_pdf(html: str, out: Path) -> None:
    """Lay out a page and the files beside it as PDF."""
    import weasyprint
    from weasyprint.urls import URLFetcher

    class OnlyHere(URLFetcher):
        """Nothing but files of the book is ever read."""

        def fetch(self, url: str, headers: object = None) -> object:
            if not url.startswith(("file:///src/", "data:")):
                raise ValueError(f"{url[:80]} is not part of the book")
            return super().fetch(url, headers)

    weasyprint.HTML(string=html, base_url="file:///src/", url_fetcher=OnlyHere()).write_pdf(
        out, optimize_images=True, dpi=200, jpeg_quality=85
    )


def pdf(source: Path) -> None:
    """Lay out the book as PDF, and write its HTML with everything in it."""
    html = source.read_text(encoding="utf-8")
    write_pdf(html, OUT / "build-book.pdf")
    (OUT / "build-book.html").write_text(embed(html), encoding="utf-8")


def sheet(source: Path) -> None:
    """Lay out papers that are PDF alone: travellers, labels."""
    write_pdf(source.read_text(encoding="utf-8"), OUT / "sheet.pdf")


def main(argv: list[str]) -> None:
    """`book picture FILE`, `book pdf FILE.html` or `book sheet FILE.html`."""
    {"picture": pictures, "pdf": pdf, "sheet": sheet}[argv[0]](Path(argv[1]))


if __name__ == "__main__":
    main(sys.argv[1:])
