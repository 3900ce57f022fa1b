"""Secrets in links: long, random, and kept as a hash where that is enough."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets

CONFIRM_LASTS = dt.timedelta(days=2)


def new() -> str:
    """A secret for a link."""
    return secrets.token_urlsafe(24)


def hashed(secret: str) -> str:
    """What is kept of it. It is long and random, so a plain hash can't be guessed back."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
