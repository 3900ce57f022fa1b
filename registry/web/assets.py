"""Style, scripts, fonts: the project's own, and an allow-list of the front-end packages, under one address that changes
with their content."""

from __future__ import annotations

import functools
import gzip
import hashlib
from pathlib import Path

from flask import Flask, Response, current_app, request

from registry.errors import NotFound
from registry.settings import PROJECT

_OWN = Path(__file__).resolve().parent / "static"
_PACKAGES = PROJECT / "node_modules"
_FONT = "@fontsource-variable/{0}/files/{0}-{1}-wght-normal.woff2"
VENDOR = {
    "vendor/htmx.js": "htmx.org/dist/htmx.min.js",
    "vendor/model-viewer.js": "@google/model-viewer/dist/model-viewer.min.js",
    "vendor/uplot.js": "uplot/dist/uPlot.esm.js",
    "vendor/uplot.css": "uplot/dist/uPlot.min.css",
    "vendor/figtree-latin.woff2": _FONT.format("figtree", "latin"),
    "vendor/figtree-latin-ext.woff2": _FONT.format("figtree", "latin-ext"),
    "vendor/jetbrains-mono-latin.woff2": _FONT.format("jetbrains-mono", "latin"),
    "vendor/jetbrains-mono-latin-ext.woff2": _FONT.format("jetbrains-mono", "latin-ext"),
}
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".png": "image/png",
}
_BUNDLE = "css/brickyard.css"  # one request: every stylesheet of the project, in the order of their names


def _own_files() -> list[Path]:
    return sorted(path for path in _OWN.rglob("*") if path.suffix in _TYPES)


def _read(name: str) -> bytes | None:
    if name == _BUNDLE:
        return b"\n".join(path.read_bytes() for path in sorted((_OWN / "css").glob("*.css")))
    if name in VENDOR:
        path = _PACKAGES / VENDOR[name]
        return path.read_bytes() if path.is_file() else None
    path = _OWN / name
    return path.read_bytes() if path in _own_files() else None


@functools.cache
def _version() -> str:
    digest = hashlib.sha256()
    for path in _own_files() + [_PACKAGES / path for path in VENDOR.values()]:
        if path.is_file():
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


@functools.lru_cache(maxsize=64)
def _loaded(version: str, name: str) -> tuple[bytes, bytes] | None:
    """A file as it is, and compressed where that helps."""
    data = _read(name)
    if data is None:
        return None
    return data, b"" if name.endswith((".woff2", ".png")) else gzip.compress(data, 9, mtime=0)


def _current_version() -> str:
    if current_app.debug:
        _version.cache_clear()
    return _version()


def asset(name: str) -> str:
    """The address of an asset; it may be kept for ever."""
    return f"/static/v-{_current_version()}/{name}"


def serve(name: str) -> Response:
    """An asset, with or without its version in front."""
    version, _, rest = name.partition("/")
    versioned = version.startswith("v-") and bool(rest)
    loaded = _loaded(_current_version(), rest if versioned else name)
    suffix = Path(name).suffix
    if loaded is None or suffix not in _TYPES:
        raise NotFound("There is no such file among the assets of this registry.", "Reload the page you came from.")
    plain, packed = loaded
    use_packed = bool(packed) and "gzip" in request.accept_encodings
    response = Response(packed if use_packed else plain, content_type=_TYPES[suffix])
    if use_packed:
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["Cache-Control"] = (
        "public, max-age=31536000, immutable" if version == f"v-{_current_version()}" else "public, no-cache"
    )
    return response


def install(app: Flask) -> None:
    """Serve assets under /static/ and let templates name them."""
    app.add_url_rule("/static/<path:name>", "assets", serve)
    app.add_template_global(asset)
