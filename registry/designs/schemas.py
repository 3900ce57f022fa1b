"""What comes into and goes out of the designs feature."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from registry import limits

DesignKind = Literal["board", "part", "both", "documents"]
Readiness = Literal["built", "partly", "failed", "waiting"]
Proven = Literal["untried", "failed", "author", "others"]
Sort = Literal["relevance", "new", "built", "proven", "name"]


class _Out(BaseModel):
    model_config = ConfigDict(frozen=True)


class Submission(BaseModel):
    """A request to register a repository, or a folder of one."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(
        min_length=1, max_length=limits.URL_LENGTH_CHARS, description="https address of the git repository"
    )
    path: str = Field(
        default="", max_length=limits.TREE_PATH_BYTES, description="folder of the design in the repository"
    )
    ref: str = Field(default="", max_length=255, description="branch or tag to follow instead of the default branch")

    @field_validator("url", "path", "ref")
    @classmethod
    def _plain(cls, value: str) -> str:
        if any(ord(char) < 32 or ord(char) == 127 for char in value):
            raise ValueError("contains a control character")
        return value.strip()


class DesignQuery(BaseModel):
    """What to list."""

    q: str = Field(default="", max_length=limits.SEARCH_CHARS)
    kind: DesignKind | Literal[""] = ""
    licence: str = ""
    tool: str = ""
    readiness: Readiness | Literal[""] = ""
    proven: Proven | Literal[""] = ""
    tag: str = ""
    owner: str = ""
    sort: Sort = "relevance"
    page: int = Field(default=1, ge=1, le=10_000)
    per_page: int = Field(default=limits.PAGE_ITEMS_DEFAULT, ge=1, le=limits.PAGE_ITEMS_MAX)


class DesignCard(_Out):
    """A design as a card in a grid, and as an item of the JSON lists."""

    slug: str
    name: str
    summary: str
    kind: DesignKind
    licence: str
    standing: str = Field(description="of the newest version, in words: untried, built by 3 others, ...")
    proven: Proven = Field(default="untried", description="the newest version's best proof")
    others: int = Field(default=0, description="who built the newest version independently")
    failed: int = Field(default=0, description="for whom it failed")
    proven_version: str = Field(default="", description="the last version that somebody has built, or empty")
    readiness: Readiness
    newest_version: str
    tools: list[str]
    tags: list[str]
    picture: str | None = Field(description="address of its picture, 3:2 where it is shown")
    boards: int
    parts: int
    built_count: int
    updated_at: dt.datetime


class Facet(_Out):
    """A choice that narrows a list, and how many designs it leaves."""

    value: str
    label: str
    count: int


class Facets(_Out):
    """The choices that narrow a list."""

    kind: list[Facet]
    licence: list[Facet]
    tool: list[Facet]
    readiness: list[Facet]
    proven: list[Facet]


class DesignList(_Out):
    """A page of designs; `next` is the address of the next page, or null."""

    items: list[DesignCard]
    total: int
    next: str | None


class FindingView(_Out):
    """Something the registry learned about the repository that its people may want to mend."""

    level: Literal["info", "warning", "error"]
    where: str
    sentence: str
    remedy: str = ""


class VersionItem(_Out):
    """A version in a list."""

    name: str
    label: str = Field(description="the version as it stands in addresses")
    kind: Literal["tag", "head", "commit"]
    commit: str
    committed_at: dt.datetime
    prerelease: bool
    newest: bool
    current: bool
    standing: str = Field(default="untried", description="in words: untried, built by 3 others, ...")
    proven: Proven = "untried"
    others: int = Field(default=0, description="who built it independently: other accounts at other places")
    failed: int = Field(default=0, description="for whom it failed")
    build_state: str = Field(default="", description="queued, running, done, failed, or empty if never built")


class AuthorView(_Out):
    """Somebody who worked on a design."""

    name: str
    commits: int


class VersionDetail(VersionItem):
    """A version with what was learned from its files."""

    revision_id: int
    title: str
    summary: str
    licence: str
    licence_words: str
    licences: dict[str, str] = Field(description="area (hardware, documentation, software) -> SPDX expression")
    authors: list[AuthorView]
    tags: list[str]
    readme_path: str
    docs: list[str]
    findings: list[FindingView]
    mass_g: float | None
    outer_dimensions_mm: dict[str, float] | None
    sub_designs: list[dict[str, str]]
    manifest: str = Field(description="path of the manifest, or empty")
    picture: str | None
    picture_path: str = Field(default="", description="the repository's file that shows it, or empty")


class DesignDetail(DesignCard):
    """A design with its versions."""

    url: str
    subdir: str
    owner: str
    created_at: dt.datetime
    synced_at: dt.datetime
    sync_message: str = Field(description="a sentence if the repository could not be read lately, else empty")
    versions: list[VersionItem]


class FileView(_Out):
    """A file of a version."""

    path: str
    size_bytes: int
