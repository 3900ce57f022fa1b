"""Paths that people write into manifests and READMEs, found again among a tree's files."""

from __future__ import annotations

import re
from collections.abc import Iterable
from posixpath import normpath
from urllib.parse import unquote, urlsplit

from registry.designs.reading.findings import Finding

_FORGE_FILE = re.compile(
    r"https?://(?:raw\.githubusercontent\.com/[^/]+/[^/]+/"
    r"|[^/]+/[^/]+/[^/]+/(?:-/)?(?:raw|blob|src|media)/(?:branch/|tag/|commit/)?)[^/]+/(.+)"
)


def is_web(text: str) -> bool:
    """Whether this is an absolute http(s) address."""
    if not re.match(r"https?://[^\s/]", text, re.I) or len(text) > 2_000 or re.search(r"[\x00-\x20<>\"\\]", text):
        return False
    try:
        return bool(urlsplit(text).hostname)
    except ValueError:
        return False


class PathFinder:
    """Finds files by what people wrote: exact, else the same but for upper and lower case."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths = dict.fromkeys(paths)
        self._folded: dict[str, list[str]] = {}
        for path in self._paths:
            self._folded.setdefault(path.casefold(), []).append(path)

    def find(self, text: str, base: str = "") -> str | None:
        """A path in the tree, or None. `base` is the folder that relative paths count from."""
        text = unquote(text.split("#")[0].split("?")[0]).strip()
        text = text.removeprefix("./") if not text.startswith("/") else text.lstrip("/")
        candidates = [text] if not base else [f"{base}/{text}", text]
        for candidate in candidates:
            path = normpath(candidate) if candidate else ""
            if path and not path.startswith(("..", "/")):
                if path in self._paths:
                    return path
                alike = self._folded.get(path.casefold(), [])
                if len(alike) == 1:
                    return alike[0]
        return None

    def find_linked(self, target: str, base: str = "") -> str | None:
        """Like `find`, also for links to the repository's own files on a forge."""
        if is_web(target):
            own = _FORGE_FILE.match(target)
            return self.find(own[1]) if own else None
        if re.match(r"[a-z][a-z0-9+.-]*:", target, re.I) or target.startswith("//"):
            return None
        return self.find(target, base)

    def has_folder(self, text: str) -> bool:
        """Whether the tree has such a folder."""
        folder = text.strip("/").removeprefix("./")
        return folder in ("", ".") or any(path.startswith(folder + "/") for path in self._paths)

    def claim(self, text: str, field: str, manifest: str, findings: list[Finding], base: str = "") -> str | None:
        """The file that a manifest's field names; what is wrong with it is noted."""
        if is_web(text):
            return self.find_linked(text)
        if text.startswith("/") and not text.startswith("//") and ".." not in text.split("/"):
            text, base = text.lstrip("/"), ""  # from the top of the repository, as on a forge's pages
        if re.match(r"[a-z]*:", text, re.I) or text.startswith("//") or ".." in text.split("/") or "\\" in text:
            findings.append(
                Finding(
                    level="warning",
                    where=manifest,
                    sentence=f"{field} is {text[:120]!r}, which is neither a path in the repository nor a web address.",
                    remedy="Give a path relative to the repository, with forward slashes and without '..'.",
                )
            )
            return None
        path = self.find(text, base)
        if path is None and not self.has_folder(f"{base}/{text}" if base else text):
            findings.append(
                Finding(
                    level="warning",
                    where=manifest,
                    sentence=f"{field} names {text[:120]}, which is not in the repository.",
                    remedy="Correct the path, or add the file.",
                )
            )
        elif path is not None and not path.endswith(normpath(text)):
            findings.append(
                Finding(
                    level="warning",
                    where=manifest,
                    sentence=f"{field} names {text[:120]}, but the file is called {path}: it was used.",
                    remedy="Write the name with the same upper and lower case letters.",
                )
            )
        return path
