"""The build book of a version, HTML and PDF, and its picture in three widths: laid out here, rendered in the
sandbox."""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from html import unescape as html_unescape
from pathlib import PurePosixPath
from typing import Any

import segno
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from builders.contract import SRC, Artifact, BuildFailed, Limits, Output, Target, Tree, Workspace
from registry import limits
from registry.builds import engine
from registry.builds.engine import Ended, OnStep
from registry.builds.keys import RECIPE, digest_of
from registry.builds.made import Made
from registry.builds.schemas import Materials
from registry.builds.workspace import HostWorkspace
from registry.designs.reading.licence_names import in_words
from registry.designs.tables import Design, Revision
from registry.safe_markdown import render
from registry.settings import PROJECT, Settings
from registry.stores.git import GitTree
from registry.stores.stores import Stores
from registry.stores.warm import WarmFamilies

PICTURES = {".png", ".jpg", ".jpeg", ".webp", ".gif", ".svg"}
_PICTURES_MAX = 60
_DOCS_MAX = 30
_WIDTHS = (400, 800, 1600)
_HEADING = re.compile(r"<h2[^>]*>(.*?)</h2>", re.DOTALL)
_TAG = re.compile(r"<[^>]+>")
_IMG = re.compile(r'<img src="/repo/([^"]+)"')


class BookBuilder:
    """Turns the laid-out book into PDF and one self-contained HTML file, and shrinks the picture beside it."""

    name = "book"
    version = "4"

    def available(self) -> str:
        """A sentence if the sandbox does not work here, else ""."""
        from registry.stores import sandbox

        return sandbox.why_not()

    def tools(self) -> Mapping[str, str]:
        """The packages that lay out the book and its picture."""
        return {name: importlib.metadata.version(name) for name in ("weasyprint", "pillow", "pydyf")}

    def detect(self, tree: Tree) -> list[Target]:
        """Nothing: a book is not found in a tree but made from what was built."""
        return []

    def build(self, target: Target, work: Workspace) -> list[Artifact]:
        """Lay out the book, and settle its picture if it has one."""
        limits_ = Limits(wall_s=180, memory_bytes=3 * limits.GIB)

        def settle_picture(path: str) -> None:
            outcome = work.run_warm("book", ["picture", f"{SRC}/{path}"], step="Picture", limits=limits_)
            if not outcome.ok:
                work.fail(
                    "picture", outcome.why("Reading the picture"), "Use a PNG or JPEG that image programs can open."
                )

        with ThreadPoolExecutor(1) as beside:
            path = target.options.get("picture", "")
            picture = beside.submit(settle_picture, path) if path else None
            outcome = work.run_warm("book", ["pdf", f"{SRC}/book.html"], step="Build book", limits=limits_)
            if picture is not None:
                picture.result()
        if not outcome.ok:
            raise BuildFailed(
                outcome.why("WeasyPrint"), "Look at the log; a picture or table in the documents may be too large."
            )
        return []


BUILDER = BookBuilder()


@dataclass(slots=True)
class Layout:
    """The book before it is rendered: its HTML and the files that it shows, from the repository and from the store."""

    html: str = ""
    from_tree: dict[str, str] = field(default_factory=dict)  # path in the workspace -> path in the tree
    from_store: dict[str, str] = field(default_factory=dict)  # path in the workspace -> digest
    picture: str = ""


def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(PROJECT / "templates"),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def page_address(settings: Settings, design: Design, revision: Revision) -> str:
    """The address of a version's page, as documents print it."""
    return f"{settings.public_url}/designs/{design.slug}/{revision.label}"


def _doc(layout: Layout, tree: GitTree, path: str) -> Markup:
    text = tree.read(path, limits.README_BYTES).decode("utf-8", errors="replace")
    if PurePosixPath(path).suffix.lower() not in (".md", ".markdown", ".mkd", ""):
        return Markup("<pre>{}</pre>").format(text)
    html = render(text, base=path, address=lambda name: f"/repo/{name}")

    def known(match: re.Match[str]) -> str:
        name = match.group(1).replace("&amp;", "&")
        file = tree.files.get(name)
        usable = file and PurePosixPath(name).suffix.lower() in PICTURES and file.size_bytes <= limits.PICTURE_BYTES
        if not usable or len(layout.from_tree) >= _PICTURES_MAX:
            return '<img src=""'  # drawn as nothing; its words stay
        at = f"repo/{len(layout.from_tree):03d}{PurePosixPath(name).suffix.lower()}"
        at = next((key for key, value in layout.from_tree.items() if value == name), at)
        layout.from_tree[at] = name
        return f'<img src="{at}"'

    return Markup(_IMG.sub(known, str(html)))


def _chapter(path: str, html: Markup) -> dict[str, Any]:
    """A document with the title that the contents show: its own first heading, else its file's name."""
    heading = _HEADING.match(html.strip())
    title = html_unescape(_TAG.sub("", heading[1])).strip() if heading else ""
    return {"path": path, "html": html, "title": title or PurePosixPath(path).stem, "headed": bool(title)}


def _show(layout: Layout, made: Made, path: str) -> str:
    """The place in the workspace of a made file, or ''."""
    artifact = next((artifact for artifact in made.artifacts if artifact.path == path), None)
    if artifact is None:
        return ""
    at = f"made/{made.run.kind}-{made.run.position:03d}-{PurePosixPath(path).name}"
    layout.from_store[at] = artifact.digest
    return at


def choose_picture(layout: Layout, tree: GitTree, revision: Revision, made: list[Made]) -> str:
    """Workspace path of the design's picture: its own if it shows one, else a board's or part's. '' if there is
    none."""
    named = str(revision.about.get("picture", ""))
    file = tree.files.get(named)
    if (
        file
        and PurePosixPath(named).suffix.lower() in PICTURES - {".svg"}
        and 0 < file.size_bytes <= limits.PICTURE_BYTES
    ):
        at = f"picture{PurePosixPath(named).suffix.lower()}"
        layout.from_tree[at] = named
        return at
    for kind, path in (("part", "picture.png"), ("board", "top.png")):
        candidates = [item for item in made if item.run.kind == kind and any(a.path == path for a in item.artifacts)]
        # an assembly shows more than one of its parts
        candidates.sort(key=lambda item: -len(item.facts.get("components", ())) if kind == "part" else 0)
        if candidates:
            return _show(layout, candidates[0], path)
    return ""


def lay_out(
    settings: Settings, design: Design, revision: Revision, tree: GitTree, made: list[Made], materials: Materials
) -> Layout:
    """The whole book as one HTML page whose pictures lie beside it."""
    layout = Layout()
    about = revision.about
    layout.picture = choose_picture(layout, tree, revision, made)
    paths = list(dict.fromkeys([about.get("readme", ""), *about.get("docs", [])]))
    docs = [_chapter(path, _doc(layout, tree, path)) for path in paths[:_DOCS_MAX] if path in tree.files]
    boards = [
        {
            "run": item.run,
            "facts": item.facts,
            "top": _show(layout, item, "top.png"),
            "bottom": _show(layout, item, "bottom.png"),
        }
        for item in made
        if item.run.kind == "board" and item.artifacts
    ]
    parts = [
        {
            "run": item.run,
            "facts": item.facts,
            "views": [
                view
                for name in ("isometric", "front", "top", "right")
                if (view := _show(layout, item, f"view-{name}.svg"))
            ],
            "picture": _show(layout, item, "picture.png"),
        }
        for item in made
        if item.run.kind == "part" and item.artifacts
    ]
    address = page_address(settings, design, revision)
    layout.html = (
        _environment()
        .get_template("documents/book.html")
        .render(
            design=design,
            revision=revision,
            about=about,
            licence_words=in_words(revision.licence),
            address=address,
            qr=Markup(segno.make(address, error="m").svg_inline(scale=3, border=0)),
            picture=layout.picture,
            docs=docs,
            boards=boards,
            parts=parts,
            lines=materials.lines,
            findings=materials.findings,
        )
    )
    return layout


def book_target(
    stores: Stores,
    design: Design,
    revision: Revision,
    tree: GitTree,
    made: list[Made],
    materials: Materials,
    on_step: OnStep,
    warm: WarmFamilies | None,
    *,
    force: bool,
) -> Ended:
    """The version's build book: reused when nothing that it shows has changed."""
    missing = BUILDER.available()
    if missing:
        return Ended("failed", message=missing, remedy="Ask the people who run this registry to install it.")
    layout = lay_out(stores.settings, design, revision, tree, made, materials)
    pictures = tuple(
        Output(f"picture-{width}.webp", "picture", "image/webp", "picture", bundled=False)
        for width in _WIDTHS
        if layout.picture
    )
    target = Target(
        builder=BUILDER.name,
        kind="bom",  # no kind of its own in the contract: nothing detects it
        name="book",
        title="Build book",
        source="",
        inputs={},
        outputs=(
            Output("build-book.pdf", "book-pdf", "application/pdf", "book"),
            Output("build-book.html", "book-html", "text/html", "book", bundled=False),
            *pictures,
        ),
        options={"picture": layout.picture},
    )
    tools = dict(BUILDER.tools())
    key = digest_of(
        {
            "recipe": RECIPE,
            "builder": BUILDER.name,
            "version": BUILDER.version,
            "tools": tools,
            "html": layout.html,
            "picture": layout.picture,
            "from_tree": {at: tree.files[path].blob for at, path in layout.from_tree.items()},
            "from_store": layout.from_store,
        }
    )

    def fill(work: HostWorkspace) -> None:
        tree.copy_to(layout.from_tree, work.source)
        for at, digest in layout.from_store.items():
            place = work.source / at
            place.parent.mkdir(exist_ok=True)
            stores.blobs.copy_to(digest, place)
        (work.source / "book.html").write_text(layout.html, encoding="utf-8")

    return engine.reuse_or_make(stores, BUILDER, target, key, tools, fill, warm, force=force, on_step=on_step)
