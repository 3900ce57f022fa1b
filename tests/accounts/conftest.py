"""Passwords are hashed here as in life."""

from __future__ import annotations

import pytest


@pytest.fixture
def quick_passwords() -> None:
    """In this room hashing is what is tested."""
