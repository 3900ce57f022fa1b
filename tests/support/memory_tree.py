"""A tree in memory, for tests of rules."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from builders.contract import MIB, SourceFile


class MemoryTree:
    """A `Tree` made of path -> content."""

    def __init__(self, files: Mapping[str, str | bytes]) -> None:
        self._contents = {
            path: text if isinstance(text, bytes) else text.encode() for path, text in sorted(files.items())
        }
        self.files = {
            path: SourceFile(path, hashlib.sha1(content).hexdigest(), len(content))
            for path, content in self._contents.items()
        }

    def read(self, path: str, limit_bytes: int = MIB) -> bytes:
        return self._contents[path][:limit_bytes]
