"""The build book: what designers write in it can't act, and it says what a maker needs."""

from __future__ import annotations

import html.parser
import io
import struct
import subprocess
import zlib
from pathlib import Path

import pytest
from build_support import make_design, submit
from bundle_check import qr_codes
from PIL import Image

import builders
from registry.builds import queries, service
from registry.builds.schemas import BuildView
from registry.stores import sandbox
from registry.stores.stores import Stores

pytestmark = pytest.mark.skipif(bool(sandbox.why_not()), reason="bubblewrap does not work on this machine")

HOSTILE = """# Thing

A thing of use. <script>alert(1)</script> <img src=x onerror=alert(2)> <iframe src="https://example.org"></iframe>
[one](javascript:alert(3)) [two](JaVaScRiPt:alert(4)) [three](data:text/html,<script>alert(5)</script>)
<a href="javascript:alert(6)" onclick="alert(7)">four</a> <svg onload=alert(8)><foreignObject></foreignObject></svg>
![far](https://example.org/track.png) ![ok](pictures/a%20b.png) ![drawn](pictures/x.svg)
![onerror=alert(9) x](missing.png) ![" onerror=alert(10) y="](also-missing.png) ![passwd](../../../etc/passwd)
`src="repo/../../../../etc/passwd"`
<style>* { background: url(https://example.org/t.png) }</style><meta http-equiv="refresh" content="0;url=https://example.org">
<object data="x"></object><form action="https://example.org"><input name=x></form><base href="https://example.org">
"""
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(11)</script><rect width="9" height="9"/></svg>'  # noqa: E501


def png(width: int = 40, height: int = 30) -> bytes:
    raw = io.BytesIO()
    Image.new("RGB", (width, height), (200, 80, 20)).save(raw, "PNG")
    return raw.getvalue()


def bomb(side: int = 60_000) -> bytes:
    """A PNG of 100 kB that says it is 60,000 x 60,000."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(bytes(100_000), 0))
        + chunk(b"IEND", b"")
    )


def built(stores: Stores, folder: Path, files: dict[str, str | bytes], monkeypatch: pytest.MonkeyPatch) -> BuildView:
    monkeypatch.setattr(builders, "all_builders", lambda: ())
    slug = submit(stores, make_design(folder, files))
    build_id = service.request_build(stores, slug)
    service.run_build(stores, build_id)
    with stores.db.reading() as session:
        return queries.get_build(session, build_id)


class _Page(html.parser.HTMLParser):
    """What a browser would act on."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]


def test_nothing_that_a_readme_holds_acts_in_the_book(
    sqlite_stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows 21 and 22."""
    stores = sqlite_stores
    files: dict[str, str | bytes] = {"README.md": HOSTILE, "pictures/a b.png": png(), "pictures/x.svg": SVG}
    view = built(stores, tmp_path / "thing", files, monkeypatch)
    book = view.book
    assert view.state == "done" and book, [target.message for target in view.targets]
    (artifact,) = book.by_role("book-html")
    text = stores.blobs.read(artifact.sha256).decode()
    page = _Page()
    page.feed(text)
    banned = {"script", "iframe", "object", "form", "input", "base", "foreignobject", "link", "embed"}
    assert page.tags & banned == set()
    assert [entry for entry in page.attributes if entry[1].startswith("on")] == []
    assert [entry for entry in page.attributes if entry[0] == "meta" and entry[1] == "http-equiv"] == []
    for _, name, value in page.attributes:
        if name in ("href", "src", "action", "data", "xlink:href"):
            assert value == "" or value.startswith(("data:image/", "#", "http://", "https://", "/repo/")), value[:80]
            assert name == "href" or not value.startswith("http"), "no picture of another site"
    pictures = [value for tag, name, value in page.attributes if tag == "img" and name == "src" and value]
    assert any(value.startswith("data:image/png;base64,") for value in pictures)
    assert "root:x:" not in text
    pdf = stores.blobs.read(book.by_role("book-pdf")[0].sha256)
    assert b"/JavaScript" not in pdf and b"/JS" not in pdf


def test_the_book_says_what_a_maker_needs(
    sqlite_stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stores = sqlite_stores
    files: dict[str, str | bytes] = {
        "README.md": "# Brick press\n\nPresses bricks.\n\n![press](press.png)\n",
        "press.png": png(900, 300),
    }
    view = built(stores, tmp_path / "press", files, monkeypatch)
    assert view.state == "done" and view.book
    path = stores.blobs.path(view.book.by_role("book-pdf")[0].sha256)
    text = subprocess.run(["pdftotext", "-layout", str(path), "-"], capture_output=True, text=True, check=True).stdout
    for words in ("Brick press", "Presses bricks.", "MIT", "Contents", "Checks", view.commit[:12]):
        assert words in text
    widths = {}
    for artifact in view.book.by_role("picture"):
        with Image.open(stores.blobs.path(artifact.sha256)) as image:
            widths[artifact.path] = image.size
    # its ground is plain, so that it is widened to 3:2, and nothing of it is cut on a card
    assert widths == {
        "picture-400.webp": (400, 267), "picture-800.webp": (800, 533), "picture-1600.webp": (900, 600),
    }  # fmt: skip
    address = f"{stores.settings.public_url}/designs/{view.design}/{view.label}"
    assert qr_codes(path) == [address]


def test_a_picture_bomb_costs_the_picture_alone(
    sqlite_stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stores = sqlite_stores
    files: dict[str, str | bytes] = {"README.md": "# Thing\n\nA thing of use.\n\n![big](big.png)\n", "big.png": bomb()}
    view = built(stores, tmp_path / "thing", files, monkeypatch)
    assert view.book and view.book.state == "failed" and view.book.message.startswith("picture: "), view.targets
    assert view.book.by_role("book-pdf") and not view.book.by_role("picture")
    assert view.bundle, "the bundle is there all the same"
