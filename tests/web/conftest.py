"""An application with one design in it: small, without boards, with hostile files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from git_support import make_repo
from site_support import Site

from app import create_app
from registry.designs import service
from registry.designs.schemas import Submission
from registry.settings import PROJECT
from registry.stores.stores import Stores

EVIL_SVG = '<svg xmlns="http://www.w3.org/2000/svg"><script>document.title="owned"</script></svg>'
FILES = {
    "README.md": "# Test press\n\nPresses bricks.\n\n![shape](docs/shape.svg) [bad](javascript:alert(1))\n"
    "\n[drawings](docs/) [gone](firmware/LICENSE#terms) ![lost](docs/lost.png) [sheet](docs/sheet.pdf)\n"
    "<script>alert(1)</script>\n",
    "LICENSE": (PROJECT / "LICENSE").read_text(encoding="utf-8"),
    "docs/shape.svg": EVIL_SVG,
    "docs/page.html": "<script>document.title='owned'</script>",
    "docs/page.xhtml": "<html xmlns='http://www.w3.org/1999/xhtml'><script>1</script></html>",
    "docs/ümläut {{ 7*7 }}.txt": "fine",
    "docs/sheet.pdf": b"%PDF-1.4\n",
    "docs/data.bin": b"\0\1",
}


@pytest.fixture
def site(sqlite_stores: Stores, tmp_path: Path) -> Iterator[Site]:
    app = create_app(stores=sqlite_stores)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    made = service.submit(sqlite_stores, None, Submission(url=str(make_repo(tmp_path / "press", FILES))))
    yield Site(app.test_client(), sqlite_stores, made.slug, f"/designs/{made.slug}/{made.version}")
