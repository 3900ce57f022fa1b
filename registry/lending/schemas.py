"""What comes into and goes out of lending."""

from __future__ import annotations

import datetime as dt

from pydantic import BaseModel, ConfigDict, Field

WHY_CHARS = 400


class _Out(BaseModel):
    model_config = ConfigDict(frozen=True)


class PolicyWish(BaseModel):
    """A policy to hold from now on, and why."""

    text: str = Field(max_length=70_000, description="TOML, as GET /api/v1/lending/policy tells it")
    why: str = Field(max_length=WHY_CHARS)


class PolicyChange(_Out):
    """A change of the policy: who, when, why, and what is different from the one before."""

    number: int
    by: str
    why: str
    at: dt.datetime
    sha256: str
    differences: list[str]


class PolicyView(_Out):
    """The policy that holds: as TOML with its comments, in sentences, and its changes, the newest first."""

    number: int = Field(description="counts its changes; 0 is the one that is shipped")
    text: str
    sha256: str
    sentences: list[str]
    changes: list[PolicyChange]
