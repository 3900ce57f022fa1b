"""Markdown that others wrote, as HTML that can't act: raw HTML cut down to text and pictures, links made to work here,
pictures of other sites turned into links so that reading a page tells nobody."""

from __future__ import annotations

import posixpath
import re
import time
from collections.abc import Callable
from html import escape
from html.parser import HTMLParser
from urllib.parse import quote, unquote, urlsplit

import nh3
from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markupsafe import Markup
from mdit_py_plugins.tasklists import tasklists_plugin

from registry import limits

_TAGS = {
    *(
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "p",
        "br",
        "hr",
        "a",
        "img",
        "em",
        "strong",
        "b",
        "i",
        "u",
        "s",
        "del",
        "ins",
        "sub",
    ),
    *("sup", "kbd", "code", "pre", "samp", "var", "blockquote", "ul", "ol", "li", "dl", "dt", "dd", "table", "thead"),
    *(
        "tbody",
        "tr",
        "th",
        "td",
        "caption",
        "details",
        "summary",
        "figure",
        "figcaption",
        "span",
        "div",
        "mark",
        "small",
    ),
}
_ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title", "width", "height", "loading"},
    "ol": {"start"},
    "th": {"align", "scope"},
    "td": {"align", "colspan", "rowspan"},
    "p": {"align", "class"},
    "pre": {"tabindex"},
    "div": {"align", "class", "tabindex", "role", "aria-label"},
    "details": {"open"},
    **{f"h{level}": {"id"} for level in range(2, 7)},
}
_ALERTS = ("note", "tip", "important", "warning", "caution")
_CLASSES = {"scroll", "markdown-alert-title", *(f"markdown-alert markdown-alert-{kind}" for kind in _ALERTS)}
_VOID = {"br", "hr", "img"}
_DROPPED = {"script", "style", "iframe", "object", "template", "noscript", "svg", "math", "textarea", "title"}
_SCHEMES = {"http", "https", "mailto"}

_DEPTH_MAX = 400  # open tags; the time to clean HTML grows with the square of its depth
Address = Callable[[str], str]


class TooIntricate(Exception):
    """The text takes longer to lay out than any that is meant to be read."""


class Deadline:
    """Raises once this thread has worked for too long; its own time, so that a busy machine changes no page."""

    def __init__(self) -> None:
        self._end_s = time.thread_time() + limits.MARKDOWN_S

    def check(self) -> None:
        """Raises: TooIntricate."""
        if time.thread_time() > self._end_s:
            raise TooIntricate

    def watch(self, parser: MarkdownIt) -> MarkdownIt:
        """Stop `parser` when the time is over, by rules that match nothing: it asks them at every step."""
        parser.block.ruler.before("code", "deadline", self._in_block)
        parser.inline.ruler.before("text", "deadline", self._in_line)
        return parser

    def _in_block(self, state: StateBlock, start: int, end: int, silent: bool) -> bool:
        self.check()
        return False

    def _in_line(self, state: StateInline, silent: bool) -> bool:
        self.check()
        return False


def _parser(deadline: Deadline) -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": True, "alerts": True}).enable(["table", "strikethrough"])
    return deadline.watch(parser.use(tasklists_plugin))


class _Rewriter(HTMLParser):
    """Passes HTML on with links and pictures rewritten, headings one level down with ids, tables able to scroll."""

    def __init__(self, base: str, address: Address, deadline: Deadline) -> None:
        super().__init__(convert_charrefs=True)
        self.base, self.address, self.deadline = base, address, deadline
        self.out: list[str] = []
        self.links = 0
        self.tables = 0
        self.cell = 0
        self.depth = 0
        self.dropped = 0
        self.heading: tuple[int, str] | None = None
        self.ids: dict[str, int] = {}

    def local(self, url: str) -> str:
        """The address here of a path in the repository; empty if it leads out of it, or nowhere."""
        parts = urlsplit(url)
        path = unquote(parts.path)
        whole = path.lstrip("/") if path.startswith("/") else posixpath.join(posixpath.dirname(self.base), path)
        clean = posixpath.normpath(whole)
        if clean in (".", "") or clean.startswith("../") or clean == ".." or "\0" in clean:
            return ""
        address = self.address(clean)
        return address + f"#{quote(parts.fragment)}" if address and parts.fragment else address

    def _target(self, url: str) -> str:
        url = (
            re.sub(r"[\x00-\x20]+", "", url)
            if re.match(r"[\x00-\x20]*[a-zA-Z][\w+.-]*[\x00-\x20]*:", url)
            else url.strip()
        )
        if url.startswith("#"):
            return "#readme-" + _slug(unquote(url[1:]))
        scheme = re.match(r"([a-zA-Z][\w+.-]*):", url)
        if scheme:
            return url if scheme.group(1).lower() in _SCHEMES else ""
        return "https:" + url if url.startswith("//") else self.local(url)

    def _picture(self, values: dict[str, str]) -> str:
        source, alt = values.get("src", "").strip(), values.get("alt", "").strip()
        target = self._target(source) if source and not source.startswith("#") else ""
        if target.startswith("/"):
            told = f' width="{escape(values["width"])}"' if re.fullmatch(r"\d{1,4}%?", values.get("width", "")) else ""
            return f'<img src="{escape(target)}" alt="{escape(alt)}" loading="lazy"{told}>'
        name = escape(alt or posixpath.basename(urlsplit(source).path) or "picture")
        if not target.startswith("http"):
            return name if alt else ""
        return name if self.links else f'<a href="{escape(target)}">{name}</a>'

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.deadline.check()
        values = {name: value or "" for name, value in attrs}
        if tag in _DROPPED:
            self.dropped += 1
        if self.dropped:
            return
        if tag == "img":
            self.out.append(self._picture(values))
        elif tag == "a":
            self.links += 1
            target = self._target(values.get("href", "")) if values.get("href") else ""
            self.out.append(f'<a href="{escape(target)}">' if target else "<a>")
        elif tag == "input":  # a task list's box
            done = "checked" in values
            self.out.append("☑ " if done else "☐ ")
        elif re.fullmatch(r"h[1-6]", tag):
            self.heading = (len(self.out), f"h{min(6, int(tag[1]) + 1)}")
            self.out.append("")
        elif tag == "table":
            self.tables += 1
            self.out.append(f'<div class="scroll" tabindex="0" role="region" aria-label="Table {self.tables}"><table>')
        elif tag == "pre":
            self.out.append('<pre tabindex="0">')  # wide ones scroll: reachable by keyboard
        else:
            self.depth += 1
            if self.depth > _DEPTH_MAX:
                return
            self.cell = len(self.out)
            told = "".join(f' {name}="{escape(value)}"' for name, value in values.items())
            self.out.append(f"<{tag}{told}>")

    def handle_endtag(self, tag: str) -> None:
        self.deadline.check()
        if tag in _DROPPED:
            self.dropped = max(0, self.dropped - 1)
        elif self.dropped or tag in _VOID or tag == "input":
            return
        elif re.fullmatch(r"h[1-6]", tag) and self.heading:
            start, name = self.heading
            words = re.sub(r"<[^>]*>", "", "".join(self.out[start + 1 :]))
            slug = base = _slug(words)
            while slug in self.ids:
                self.ids[base] = self.ids.get(base, 0) + 1  # goes on where the last namesake stopped
                slug = f"{base}-{self.ids[base]}"
            self.ids[slug] = 0
            self.out[start] = f'<{name} id="readme-{escape(slug)}">'
            self.out.append(f"</{name}>")
            self.heading = None
        elif tag == "table":
            self.out.append("</table></div>")
        elif tag == "th" and not "".join(self.out[self.cell + 1 :]).strip() and self.out[self.cell].startswith("<th"):
            self.out[self.cell] = "<td>"  # a head without words is none
            self.out.append("</td>")
        else:
            if tag == "a":
                self.links = max(0, self.links - 1)
            else:
                self.depth = max(0, self.depth - 1)
                if self.depth >= _DEPTH_MAX:
                    return
            self.out.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self.deadline.check()
        if not self.dropped:
            self.out.append(escape(data, quote=False))

    def handle_comment(self, data: str) -> None:
        self.deadline.check()

    def handle_decl(self, decl: str) -> None:
        self.deadline.check()

    def handle_pi(self, data: str) -> None:
        self.deadline.check()

    def unknown_decl(self, data: str) -> None:
        self.deadline.check()


def _slug(words: str) -> str:
    return re.sub(r"\s+", "-", re.sub(r"[^\w\s-]", "", words.strip().lower())) or "section"


def _only_here(tag: str, name: str, value: str) -> str | None:
    """The last word on attributes: pictures come from this registry alone."""
    if tag == "img" and name == "src" and (not value.startswith("/") or value.startswith("//")):
        return None
    if name == "class" and value not in _CLASSES:
        return None
    return value


def render(text: str, *, base: str = "README.md", address: Address) -> Markup:
    """Markdown as safe HTML.

    `base` is the document's path in the repository, `address` gives the address here of a path in it. A text made to
    take long (`limits.MARKDOWN_S`) comes back as it was written.
    """
    text = text[: limits.README_BYTES]
    deadline = Deadline()
    rewriter = _Rewriter(base, address, deadline)
    try:
        rewriter.feed(_parser(deadline).render(text))
        rewriter.close()
    except TooIntricate:
        told = "This text is too intricate to lay out; here it is as written."
        return Markup(f'<p>{told}</p><pre tabindex="0">{escape(text)}</pre>')
    clean = nh3.clean(
        "".join(rewriter.out),
        tags=_TAGS,
        clean_content_tags=_DROPPED,
        attributes=_ATTRIBUTES,
        attribute_filter=_only_here,
        url_schemes=_SCHEMES,
        link_rel="nofollow noopener noreferrer",
    )
    return Markup(clean)
