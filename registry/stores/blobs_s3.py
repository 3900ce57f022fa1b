"""Artifacts in shared object storage (S3 and what speaks like it), for many hosts; a local folder caches them."""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from registry import limits
from registry.errors import NotFound, Unavailable
from registry.stores import leftovers
from registry.stores.blobs import Blobs

# A store that does not answer is told in half a minute: a page waits for it.
_PATIENCE = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 3})


_TRIM_EVERY_S = 600.0
_IN_USE_S = 3600.0


class S3Blobs(Blobs):
    """The contract of `Blobs` on a bucket. Credentials, region and endpoint come the way AWS tools take them
    (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, AWS_ENDPOINT_URL).

    What the bucket holds is what counts; the folder only saves fetching twice, and may be emptied at any time.
    """

    def __init__(self, url: str, cache: Path, *, cache_bytes: int = limits.BLOB_CACHE_BYTES) -> None:
        super().__init__(cache)
        self._cache_bytes, self._trimmed_at_s = cache_bytes, time.monotonic()
        parts = urlsplit(url)
        self._bucket, self._prefix = parts.netloc, parts.path.strip("/")
        self._client: Any = boto3.client("s3", config=_PATIENCE)
        self._uploading = [threading.Lock() for _ in range(256)]  # what several threads put in at once goes up once

    def _key(self, digest: str) -> str:
        return "/".join(filter(None, (self._prefix, digest[:2], digest)))

    def _store(self, chunks: Iterator[bytes]) -> str:
        digest = super()._store(chunks)
        with self._uploading[int(digest[:2], 16)], _said(digest):
            if not self._is_there(digest):
                self._client.upload_file(str(self._place(digest)), self._bucket, self._key(digest))
        self._trim_now_and_then()
        return digest

    def _is_there(self, digest: str) -> bool:
        try:
            self._client.head_object(Bucket=self._bucket, Key=self._key(digest))
        except ClientError as error:
            if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == 404:
                return False
            raise
        return True

    def path(self, digest: str) -> Path:
        """The file in the cache, fetched if it is not there yet. Raises: NotFound, Unavailable."""
        place = self._place(digest)
        with contextlib.suppress(FileNotFoundError):
            if time.time() - place.stat().st_mtime > _IN_USE_S / 2:
                os.utime(place)  # its time says when it was last wanted
            return place
        with _said(digest):
            if not self._is_there(digest):
                return super().path(digest)
            with tempfile.TemporaryDirectory(dir=self._incoming) as aside, leftovers.held(Path(aside)):
                fetched = Path(aside) / digest
                self._client.download_file(self._bucket, self._key(digest), str(fetched))
                if self.put_file_locally(fetched) != digest:
                    raise NotFound("A stored file does not have the content that its name promises.", "Build it again.")
        self._trim_now_and_then()
        return place

    def _trim_now_and_then(self) -> None:
        if time.monotonic() - self._trimmed_at_s > _TRIM_EVERY_S:
            self._trimmed_at_s = time.monotonic()
            self.trim()

    def trim(self, *, in_use_s: float = _IN_USE_S) -> int:
        """Take from the cache what was not wanted for longest, until it keeps its limit. Returns: how many files.

        What was wanted within `in_use_s` stays: somebody may be about to open it.
        """
        files = []
        for path in self._folder.glob("[0-9a-f][0-9a-f]/*"):
            with contextlib.suppress(FileNotFoundError):
                told = path.stat()
                files.append((told.st_mtime, told.st_size, path))
        too_much = sum(size for _, size, _ in files) - self._cache_bytes
        gone = 0
        for wanted_at, size, path in sorted(files):
            if too_much <= 0 or time.time() - wanted_at < in_use_s:
                break
            path.unlink(missing_ok=True)
            too_much -= size
            gone += 1
        return gone

    def put_file_locally(self, path: Path) -> str:
        """Keep a file in the folder of this host alone."""
        with path.open("rb") as source:
            return super()._store(iter(lambda: source.read(1024 * 1024), b""))

    def has(self, digest: str) -> bool:
        """Whether the bucket holds content of this digest."""
        self._place(digest)
        with _said(digest):
            return self._is_there(digest)


@contextlib.contextmanager
def _said(digest: str) -> Iterator[None]:
    try:
        yield
    except (BotoCoreError, ClientError, Boto3Error) as error:
        raise Unavailable(
            f"The object storage did not take or give the file {digest[:12]} ({_reason(error)}).",
            "Try again in a minute. If it stays, the people who run this registry should look at BRICKYARD_BLOBS_URL "
            "and the AWS_ variables.",
        ) from error


def _reason(error: Exception) -> str:
    """The storage's own word for a fault (NoSuchBucket, 403), without addresses and names of keys."""
    cause = error.__context__ if isinstance(error, Boto3Error) else error
    code = cause.response.get("Error", {}).get("Code") if isinstance(cause, ClientError) else None
    return str(code or type(error).__name__)
