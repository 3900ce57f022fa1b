"""How often one caller may do what costs something: `@limiter.limit(...)` on the route."""

from __future__ import annotations

from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from registry import limits
from registry.web import people

# Counted in memory: one web process serves an instance. Behind many, give each its share.
limiter = Limiter(key_func=get_remote_address, storage_uri="memory://", headers_enabled=True)


def person_or_address() -> str:
    """Whom to count: the account, wherever it comes from; else the address."""
    person = people.current()
    return f"account:{person.id}" if person else get_remote_address()


# one count each for pages and JSON together
_HOURLY = f"{limits.SUBMISSIONS_PER_HOUR}/hour"
submissions = limiter.shared_limit(_HOURLY, scope="submissions", key_func=person_or_address)
build_wishes = limiter.shared_limit(_HOURLY, scope="builds", key_func=person_or_address)
