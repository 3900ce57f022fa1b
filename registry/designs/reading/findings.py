"""What a reader noticed in a repository, told to its people."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

Area = Literal["hardware", "documentation", "software", ""]


class Finding(BaseModel):
    """A sentence about one place of the repository, and what to do about it."""

    model_config = ConfigDict(frozen=True)

    level: Literal["info", "warning", "error"]
    where: str
    sentence: str
    remedy: str = ""
