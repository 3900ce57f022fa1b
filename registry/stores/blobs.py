"""Artifacts by content: what is put in once is kept once, under its sha256, and never changes."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from registry.errors import NotFound, Unavailable
from registry.stores import leftovers
from registry.values import is_digest

_CHUNK_BYTES = 1024 * 1024


class Blobs:
    """A folder of files named by their sha256; a file appears whole or not at all (written aside, synced, renamed)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._incoming = folder / "incoming"
        self._incoming.mkdir(parents=True, exist_ok=True)

    def put(self, content: bytes) -> str:
        """Store bytes. Raises: Unavailable when the disk is full; nothing is left behind."""
        return self._store(iter((content,)))

    def put_file(self, path: Path) -> str:
        """Store a copy of a regular file. Raises: OSError for a link."""
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as source:
            return self.put_stream(source)

    def put_stream(self, source: BinaryIO) -> str:
        """Store what an open file holds."""
        return self._store(iter(lambda: source.read(_CHUNK_BYTES), b""))

    def _store(self, chunks: Iterator[bytes]) -> str:
        digest = hashlib.sha256()
        try:
            with (
                tempfile.NamedTemporaryFile(dir=self._incoming, delete=False) as aside,
                leftovers.held(Path(aside.name)),
            ):
                try:
                    for chunk in chunks:
                        digest.update(chunk)
                        aside.write(chunk)
                    aside.flush()
                    os.fsync(aside.fileno())
                    os.fchmod(aside.fileno(), 0o644)
                    place = self._place(digest.hexdigest())
                    if not place.exists():
                        place.parent.mkdir(parents=True, exist_ok=True)
                        os.replace(aside.name, place)
                    else:
                        os.unlink(aside.name)
                except BaseException:
                    os.unlink(aside.name)
                    raise
        except OSError as error:
            raise Unavailable(
                f"A file could not be stored: {error.strerror or error}.",
                "Make room on the data folder's disk and try again.",
            ) from error
        return digest.hexdigest()

    def sweep(self) -> int:
        """Remove what killed workers left half-written. Returns: how many files."""
        return leftovers.sweep(self._incoming)

    def _place(self, digest: str) -> Path:
        if not is_digest(digest):
            raise NotFound("That is not the name of a stored file.")
        return self._folder / digest[:2] / digest

    def path(self, digest: str) -> Path:
        """The file that holds `digest`. Raises: NotFound."""
        place = self._place(digest)
        if not place.is_file():
            raise NotFound("That file is not in the store.", "Build the version again to make it anew.")
        return place

    def has(self, digest: str) -> bool:
        """Whether there is content of this digest."""
        return self._place(digest).is_file()

    def open(self, digest: str) -> BinaryIO:
        """Content as a stream. Raises: NotFound."""
        return self.path(digest).open("rb")

    def read(self, digest: str) -> bytes:
        """Content as bytes. Raises: NotFound."""
        return self.path(digest).read_bytes()

    def copy_to(self, digest: str, path: Path) -> None:
        """Write content to a file. Raises: NotFound."""
        shutil.copyfile(self.path(digest), path)
