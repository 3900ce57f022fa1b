"""How often one caller may do what costs something: `@limiter.limit(...)` on the route."""

from __future__ import annotations

from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

# Counted in memory: one web process serves an instance. Behind many, give each its share.
limiter = Limiter(key_func=get_remote_address, storage_uri="memory://", headers_enabled=True)
