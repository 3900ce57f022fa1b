"""Which versions a repository has, in which order, and which one people see first."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from typing import Literal, Protocol

from packaging.version import InvalidVersion, Version
from pydantic import BaseModel, ConfigDict

_MARKED = re.compile(r"(?:^|[-_/ .])(?:v|ver|version|rev|revision|r|release|hw|hardware|pcb|board)[-_. ]?(\d.*)$", re.I)
_PLAIN = re.compile(r"(?:^|[-_/ ])(\d.*)$")
_LETTER = re.compile(r"(?:^|[-_/ .])(?:rev|revision|version|hw|pcb|board)[-_. ]?([a-z])(\d*)$", re.I)
_LETTERED = re.compile(r"(\d+(?:\.\d+)*)[-_.]?([a-z])$", re.I)
_NUMBERS = re.compile(r"\d+(?:\.\d+)*")
_EARLY = re.compile(
    r"(?:^|[^a-z])(?:a|alpha|b|beta|c|rc|pre|preview|dev|draft|wip|test|testing|snapshot|nightly|latest|unstable|proto"
    r"|prototype|next)"
    r"(?=$|[^a-z])",
    re.I,
)


# Words before a number: `nightly-20240101`. A letter alone says nothing there.
_EARLY_BEFORE = re.compile(
    r"(?:^|[^a-z])(?:alpha|beta|rc|pre|preview|dev|draft|wip|test|testing|snapshot|nightly|unstable)[^a-z]*(?:v|r)?$",
    re.I,
)


class RefLike(Protocol):
    """A branch or tag as the mirror lists it."""

    @property
    def name(self) -> str:
        """Its name, without refs/heads/ or refs/tags/."""

    @property
    def kind(self) -> Literal["tag", "head"]:
        """Whether it is a tag or a branch's head."""

    @property
    def commit(self) -> str:
        """The full id of the commit it stands for."""

    @property
    def committed_at(self) -> dt.datetime:
        """When that commit was made."""


class VersionEntry(BaseModel):
    """A version of a design; `newest` is the one shown by default."""

    model_config = ConfigDict(frozen=True)

    name: str
    kind: Literal["tag", "head"]
    commit: str
    committed_at: dt.datetime
    prerelease: bool
    newest: bool = False


def is_prerelease(name: str) -> bool:
    """Whether a tag says that it is not finished: 1.0.0-rc1, beta, -dev. A letter alone (1.2b) is a revision."""
    text = _version_text(name)
    if text is not None and _EARLY_BEFORE.search(name[: len(name) - len(text)]):
        return True
    if text is not None and not _LETTERED.fullmatch(text):
        try:
            return Version(_dotted(text)).is_prerelease
        except InvalidVersion:
            pass
    return bool(_EARLY.search(name if text is None else text)) and not _LETTER.search(name) and not _is_lettered(text)


def order_versions(refs: Iterable[RefLike], tracked: str) -> list[VersionEntry]:
    """The tracked branch's head first, then the tags, newest version first.

    The newest is the highest tag that is no pre-release; without one, the tracked head; without that, the highest tag.
    """
    refs = list(refs)
    tags = sorted((ref for ref in refs if ref.kind == "tag"), key=_sort_key, reverse=True)
    names = {ref.name for ref in tags}  # a tag wins over a branch of the same name, as in git
    heads = [ref for ref in refs if ref.kind == "head" and ref.name == tracked and tracked not in names]
    first: RefLike | None
    if tracked in names:
        first = next(ref for ref in tags if ref.name == tracked)
    else:
        finished = [ref for ref in tags if not is_prerelease(ref.name)]
        first = next(iter([*finished, *heads, *tags]), None)
    return [
        VersionEntry(
            name=ref.name,
            kind=ref.kind,
            commit=ref.commit,
            committed_at=ref.committed_at,
            prerelease=ref.kind == "tag" and is_prerelease(ref.name),
            newest=ref is first,
        )
        for ref in [*heads, *tags]
    ]


def _version_text(name: str) -> str | None:
    """What of a tag is its version number: `board/v1.2` -> `1.2`; None if there is none."""
    found = _MARKED.search(name) or _PLAIN.search(name)
    return found[1] if found else None


def _is_lettered(text: str | None) -> bool:
    return text is not None and bool(_LETTERED.fullmatch(text))


def _dotted(text: str) -> str:
    return re.sub(r"(?<=\d)[-_](?=\d)", ".", text)


def _natural(text: str) -> list[tuple[int, int, str]]:
    return [
        (1, int(word), "") if word.isdigit() else (0, 0, word.lower()) for word in re.findall(r"\d{1,18}|\D+", text)
    ]


def _sort_key(ref: RefLike) -> tuple[int, Version, str, dt.datetime, list[tuple[int, int, str]]]:
    """Numbered versions above lettered revisions above other names."""
    none = Version("0")
    text = _version_text(ref.name)
    if text is not None:
        text = _dotted(text)
        if lettered := _LETTERED.fullmatch(text):
            return 2, Version(lettered[1]), lettered[2].lower(), ref.committed_at, _natural(ref.name)
        try:
            return 2, Version(text), "", ref.committed_at, _natural(ref.name)
        except InvalidVersion:
            numbers = _NUMBERS.match(text)
            number = numbers[0] if numbers else "0"
            early = ".dev0" if is_prerelease(ref.name) else ""
            return 2, Version(number + early), "", ref.committed_at, _natural(ref.name)
    if letter := _LETTER.search(ref.name):
        return 1, none, f"{letter[1].lower()}{letter[2][:6]:0>6}", ref.committed_at, _natural(ref.name)
    return 0, none, "", ref.committed_at, _natural(ref.name)
