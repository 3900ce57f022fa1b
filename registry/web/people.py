"""Who is at the door: set once per request by accounts, read by every page."""

from __future__ import annotations

from dataclasses import dataclass

from flask import g

from registry.errors import Forbidden, Unauthenticated


@dataclass(frozen=True, slots=True)
class Person:
    """A logged-in account, as pages see it."""

    id: int
    handle: str
    is_steward: bool


def current() -> Person | None:
    """The person logged in, or None: reading needs no account."""
    person: Person | None = g.get("account")
    return person


def required() -> Person:
    """The person logged in. Raises: Unauthenticated."""
    person = current()
    if person is None:
        raise Unauthenticated("This page is for people with an account.", "Log in, or sign up: it takes a minute.")
    return person


def required_steward() -> Person:
    """A steward of this instance. Raises: Unauthenticated, Forbidden."""
    person = required()
    if not person.is_steward:
        raise Forbidden("Only the stewards of this registry may do that.", "Ask one of them.")
    return person
