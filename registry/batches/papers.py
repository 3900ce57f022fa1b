"""Papers for the workshop as PDF: laid out here, made in the sandbox, kept by what is on them."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import segno
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from builders.contract import SRC, Artifact, BuildFailed, Limits, Output, Target, Tree, Workspace
from registry import limits
from registry.builds import engine
from registry.builds.keys import RECIPE, digest_of
from registry.builds.workspace import HostWorkspace
from registry.errors import Unavailable
from registry.settings import PROJECT
from registry.stores.stores import Stores

_LIMITS = Limits(wall_s=120, memory_bytes=2 * limits.GIB)
_PDF = "sheet.pdf"


@dataclass(slots=True)
class Paper:
    """A laid-out paper: its HTML, and the files of the store that it shows."""

    html: str = ""
    from_store: dict[str, str] = field(default_factory=dict)  # path beside the page -> digest


class SheetBuilder:
    """Turns a laid-out paper into PDF."""

    name = "sheet"
    version = "1"

    def available(self) -> str:
        """A sentence if the sandbox does not work here, else ''."""
        from registry.stores import sandbox

        return sandbox.why_not()

    def tools(self) -> Mapping[str, str]:
        """The packages that lay it out."""
        return {name: importlib.metadata.version(name) for name in ("weasyprint", "pydyf")}

    def detect(self, tree: Tree) -> list[Target]:
        """Nothing: papers are not found in a tree."""
        return []

    def build(self, target: Target, work: Workspace) -> list[Artifact]:
        """Run WeasyPrint."""
        outcome = work.run_warm("book", ["sheet", f"{SRC}/sheet.html"], step="PDF", limits=_LIMITS)
        if not outcome.ok:
            raise BuildFailed(outcome.why("WeasyPrint"), "Try again in a minute.")
        return []


_BUILDER = SheetBuilder()


def lay_out(template: str, **values: Any) -> str:
    """A paper's HTML."""
    environment = Environment(
        loader=FileSystemLoader(PROJECT / "templates"), autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    return environment.get_template(f"documents/{template}").render(qr=qr, **values)


def qr(address: str) -> Markup:
    """A QR code as SVG that takes the size of its place."""
    return Markup(segno.make(address, error="m", micro=False).svg_inline(omitsize=True, border=0))


def make_pdf(stores: Stores, paper: Paper) -> bytes:
    """The PDF of a paper: the same bytes for the same paper. Raises: Unavailable with the reason."""
    if missing := _BUILDER.available():
        raise Unavailable(f"Papers can't be made here: {missing}", "Ask the people who run this registry.")
    target = Target(
        builder=_BUILDER.name, kind="bom", name="sheet", title="Paper", source="", inputs={},  # no kind of its own
        outputs=(Output(_PDF, "sheet-pdf", "application/pdf", "sheet", bundled=False),),
    )  # fmt: skip
    tools = dict(_BUILDER.tools())
    key = digest_of({"recipe": RECIPE, "builder": _BUILDER.name, "version": _BUILDER.version, "tools": tools,
                     "html": paper.html, "from_store": paper.from_store})  # fmt: skip

    def fill(work: HostWorkspace) -> None:
        for at, digest in paper.from_store.items():
            place = work.source / at
            place.parent.mkdir(exist_ok=True)
            stores.blobs.copy_to(digest, place)
        (work.source / "sheet.html").write_text(paper.html, encoding="utf-8")

    ended = engine.reuse_or_make(
        stores, _BUILDER, target, key, tools, fill, None, force=False, on_step=lambda name, state, seconds: None
    )
    if ended.state != "done":
        raise Unavailable(f"The paper could not be made. {ended.message}", ended.remedy or "Try again in a minute.")
    from registry.builds.queries import find_artifact

    with stores.db.reading() as session:
        return stores.blobs.read(find_artifact(session, ended.key, _PDF).digest)
