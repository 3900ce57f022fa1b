"""Icons of one outline set (Lucide), put into the page as SVG symbols: only those that the page shows, each once."""

from __future__ import annotations

import functools
import re

from flask import g, request
from markupsafe import Markup, escape

from registry.settings import PROJECT

_FOLDER = PROJECT / "node_modules" / "lucide-static" / "icons"
_NAME = re.compile(r"[a-z0-9-]+")
_BODY = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)


@functools.cache
def _shapes(name: str) -> str:
    """The shapes of an icon; nothing where the front-end packages are not installed: words stand beside every icon."""
    path = _FOLDER / f"{name}.svg"
    if not _NAME.fullmatch(name) or not path.is_file():
        return ""
    found = _BODY.search(path.read_text(encoding="utf-8"))
    return re.sub(r"\s*\n\s*", "", found.group(1)).strip() if found else ""


def icon(name: str, label: str = "") -> Markup:
    """An icon; with a label where no word stands beside it."""
    told = Markup('role="img" aria-label="{}"').format(label) if label else Markup('aria-hidden="true"')
    if request.headers.get("HX-Request"):
        inner = Markup(_shapes(name))  # a fragment can't rely on the symbols of the page it goes into
    else:
        g.setdefault("icons", {})[name] = True
        inner = Markup('<use href="#i-{}"/>').format(escape(name))
    return Markup('<svg class="icon" viewBox="0 0 24 24" {}>{}</svg>').format(told, inner)


def symbols() -> Markup:
    """The symbols of all icons used so far: the layout puts them last."""
    if not g.get("icons"):
        return Markup("")
    parts = "".join(
        f'<symbol id="i-{name}" viewBox="0 0 24 24">{_shapes(name)}</symbol>' for name in sorted(g.get("icons", {}))
    )
    return Markup(f'<svg class="symbols" aria-hidden="true" width="0" height="0">{parts}</svg>')
