"""Large texts and models that never change, compressed once and kept for the next reader."""

from __future__ import annotations

import gzip
import threading
from collections import OrderedDict
from pathlib import Path

from flask import Response, request

from registry import limits

_KINDS = ("text/", "application/json", "application/xml", "image/svg+xml", "model/", "application/step")
_FROM_BYTES = 2_000


class _Kept:
    """What was compressed, the longest unused first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0

    def get(self, digest: str, path: Path) -> bytes:
        with self._lock:
            if digest in self._found:
                self._found.move_to_end(digest)
                return self._found[digest]
        data = gzip.compress(path.read_bytes(), 6, mtime=0)
        with self._lock:
            if digest not in self._found and len(data) <= limits.KEPT_PACKED_BYTES // 4:
                self._found[digest] = data
                self._bytes += len(data)
                while self._bytes > limits.KEPT_PACKED_BYTES:
                    self._bytes -= len(self._found.popitem(last=False)[1])
        return data


_kept = _Kept()


def packed(digest: str, path: Path, media_type: str) -> Response | None:
    """A stored file, compressed; None where it is not wanted so, or where that is no help."""
    if (
        not media_type.startswith(_KINDS)
        or "gzip" not in request.accept_encodings
        or "Range" in request.headers
        or not _FROM_BYTES <= path.stat().st_size <= limits.PACKED_FILE_BYTES
    ):
        return None
    response = Response(_kept.get(digest, path), mimetype=media_type)
    response.headers["Content-Encoding"] = "gzip"
    response.set_etag(f"{digest}-gzip")
    return response
