"""Steps and checks that a design's own documents tell: the lists under headings that speak of making, or of testing."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from markdown_it import MarkdownIt
from markdown_it.token import Token

STEPS_MAX = 120
_STEP_CHARS = 500
_MAKING = re.compile(
    r"assembl|build|mak(e|ing)|step|solder|mount|print|cut|wir(e|ing)|install|order|how to|weld|drill", re.I
)
_EXPECTED = re.compile(r"expected|should|nominal|limit|measure|pass", re.I)  # what heads a table of checks
_TESTING = re.compile(r"test|check|calibrat|inspect|commission|measure|accept", re.I)


@dataclass(slots=True)
class Chapter:
    """A heading with the steps under it."""

    title: str
    steps: list[str] = field(default_factory=list)
    numbered: bool = False
    measured: bool = False

    @property
    def checks(self) -> bool:
        """Whether it tells how to test, rather than how to make."""
        return self.measured or bool(_TESTING.search(self.title))


def _words(token: Token) -> str:
    parts = [
        " " if child.type in ("softbreak", "hardbreak") else child.content
        for child in token.children or ()
        if child.type in ("text", "code_inline", "softbreak", "hardbreak")
    ]
    return " ".join("".join(parts).split())[:_STEP_CHARS]


def _add_row(chapter: Chapter, heads: list[str], cells: list[str]) -> None:
    """A row of a table of checks: what to measure, and what it should be; numbers of rows are left out."""
    if not (chapter.checks or any(map(_EXPECTED.search, heads))):
        return
    told = [cell for head, cell in zip(heads, cells, strict=False) if head.strip(" #.") and head.lower() != "no"][:2]
    if any(told):
        chapter.measured = True
        chapter.steps.append(": ".join(filter(None, told))[:_STEP_CHARS])


def chapters(text: str) -> list[Chapter]:
    """The headings of a Markdown document that have lists of steps or checks under them."""
    found = [Chapter("")]
    depth, kinds, heading, fresh = 0, [""], False, False
    cells: list[str] = []
    heads: list[str] = []
    in_body = in_cell = False
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        if token.type == "heading_open":
            heading = True
        elif token.type == "heading_close":
            heading = False
        elif token.type in ("ordered_list_open", "bullet_list_open"):
            depth += 1
            kinds.append(token.type)
        elif token.type in ("ordered_list_close", "bullet_list_close"):
            depth -= 1
            kinds.pop()
        elif token.type == "list_item_open":
            fresh = depth == 1
        elif token.type in ("tbody_open", "tbody_close"):
            in_body = token.type == "tbody_open"
        elif token.type in ("td_open", "td_close", "th_open", "th_close"):
            in_cell = token.type.endswith("open")
        elif token.type == "thead_open":
            heads = []
        elif token.type == "tr_close" and in_body and cells:
            _add_row(found[-1], heads, cells)
            cells = []
        elif token.type == "inline":
            if in_cell:
                (cells if in_body else heads).append(_words(token))
            elif heading:
                found.append(Chapter(_words(token)))
            elif fresh and depth == 1 and (words := _words(token)):
                found[-1].steps.append(words)
                found[-1].numbered |= kinds[-1] == "ordered_list_open"
                fresh = False
    return [
        chapter for chapter in found
        if chapter.steps and (chapter.numbered or _MAKING.search(chapter.title) or chapter.checks)
        and (_MAKING.search(chapter.title) or chapter.checks)
    ]  # fmt: skip
