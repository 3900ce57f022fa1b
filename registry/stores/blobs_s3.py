"""Artifacts in shared object storage (S3 and what speaks like it), for many hosts; a local folder caches them."""

from __future__ import annotations

import contextlib
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from registry.errors import NotFound, Unavailable
from registry.stores import leftovers
from registry.stores.blobs import Blobs

# A store that does not answer is told in half a minute: a page waits for it.
_PATIENCE = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 3})


class S3Blobs(Blobs):
    """The contract of `Blobs` on a bucket. Credentials, region and endpoint come the way AWS tools take them
    (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, AWS_ENDPOINT_URL).

    What the bucket holds is what counts; the folder only saves fetching twice, and may be emptied at any time.
    """

    def __init__(self, url: str, cache: Path) -> None:
        super().__init__(cache)
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
        if place.is_file():
            return place
        with _said(digest):
            if not self._is_there(digest):
                return super().path(digest)
            with tempfile.TemporaryDirectory(dir=self._incoming) as aside, leftovers.held(Path(aside)):
                fetched = Path(aside) / digest
                self._client.download_file(self._bucket, self._key(digest), str(fetched))
                if self.put_file_locally(fetched) != digest:
                    raise NotFound("A stored file does not have the content that its name promises.", "Build it again.")
        return place

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
