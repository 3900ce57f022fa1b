"""Name, summary, picture and documents of a design, from its README and what lies beside it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import unescape
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

from builders.contract import Tree
from registry import limits
from registry.designs.reading.paths import PathFinder
from registry.safe_markdown import Deadline, TooIntricate

_README = re.compile(r"readme(?:\.(md|markdown|rst|adoc|asciidoc|txt|org))?", re.I)
# README_en.md, README.zh-CN.md: where none is without a language, the English one, else the first.
_TRANSLATED = re.compile(r"readme[-_. ]?(?P<language>[a-z]{2}(?:[-_][a-z]{2,4})?)\.(?:md|markdown|rst|txt)", re.I)
_ORDER = ("md", "markdown", "rst", "adoc", "asciidoc", "txt", "org", None)
# Headings that say what comes below them, and not what the design is called.
_GENERIC = re.compile(
    r"\W{0,9}(?:read ?me|(?:table of )?contents|toc|introduction|overview|about|licen[cs]e|welcome"
    r"|(?:project )?description|project|(?:basic |quick )?(?:install(?:ation|ing)?|start|set-?up)(?: guide)?"
    r"|getting started|features|usage|details|(?:quick )?links?|docs?|documentation|motivation|background|goals?|status"
    r"|news|updates?"
    r"|change ?log|history|requirements|hardware|software|firmware|electronics|mechanics|bom|bill of materials"
    r"|parts(?: list)?|materials"
    r"|(?:assembly|build)(?: (?:instructions|guide|manual|steps))?|(?:how|what|why|who|where)\b.{0,60}\?|sponsors?"
    r"|donat\w+|support|credits?|contribut\w+|code of conduct|compatibility|at a glance|summary|notes?"
    r"|warning|disclaimer"
    r"|todo|faq|pictures|photos|screenshots?|gallery|demo|examples?|v?\d[\d.]{0,20}(?: \(.{0,20}\))?)[.:!]?\W{0,9}",
    re.I,
)
_NO_SUMMARY = re.compile(
    r"(?i)^(copyright|©|\(c\)|see |to (?:get|install|build|use)\b|alternatively|questions\b|for more|note[:!]|warning"
    r"|todo|wip\b|this repository is archived|table of contents|download|latest |last updated)"
    r"|licen[cs]ed? under|is released under|all rights reserved|creativecommons\.org"
)
_PICTURE = (".png", ".jpg", ".jpeg", ".webp", ".gif")
_BADGE = re.compile(
    r"badge|shields\.io|travis|workflow|codecov|/actions/|buymeacoffee|ko-?fi|discord|opencollective|license\.svg", re.I
)
_LIKED = (
    "photo",
    "assembled",
    "finished",
    "product",
    "render",
    "perspective",
    "3d",
    "top",
    "front",
    "hero",
    "cover",
    "overview",
    "board",
    "pcb",
)
_DISLIKED = (
    "schematic",
    "schema",
    "logo",
    "icon",
    "badge",
    "screenshot",
    "software",
    "layout",
    "bottom",
    "back",
    "gerber",
    "pinout",
    "dimension",
    "drawing",
    "silk",
    "wiring",
    "diagram",
    "graph",
    "plot",
    "detail",
    "hole",
)
_MAGIC = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF", b"GIF8")
_SKIP_DOCS = re.compile(
    r"(^|/)(licen[cs]es?|\.github|\.gitlab|node_modules|vendor|third[-_]?party|tests?|[^/]+\.(pretty|3dshapes|symbols))/"
    r"|(^|/)(licen[cs]e|copying|code_of_conduct|contributing|changelog|changes|history|security|authors|pull_request"
    r"|issue_)[^/]*$"
    r"|licen[cs]e|agreement",
    re.I,
)
# The order of a build book.
_CHAPTERS = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        r"overview|intro|concept|about|how-?it-?works|main\.md$|index\.md$",
        r"safety|risk",
        r"bom|parts|materials|components|sourcing|tools",
        r"electr|pcb|solder",
        r"mechanic|print|cut",
        r"assembl|build|making|manufact|construct|instruction",
        r"firmware|software|flash|code|install|setup",
        r"test|check|qualit|calibrat|inspection",
        r"user|usage|manual|operat|guide|how-?to",
        r"maint|repair|troubleshoot|faq|dispos",
    )
)


class Readme(NamedTuple):
    """What a README says; empty where it says nothing."""

    path: str
    text: str
    heading: str
    summary: str
    pictures: list[str]


def read_readme(tree: Tree, paths: PathFinder, named: str = "") -> Readme:
    """The README of a tree: the one a manifest names, else the one at the top."""
    path = named or _find(tree)
    if not path:
        return Readme("", "", "", "", [])
    text = tree.read(path, limits.README_BYTES).decode("utf-8-sig", "replace").replace("\0", "").replace("\r\n", "\n")
    base = path.rpartition("/")[0]
    heading, paragraphs, images = _parse(path, text)
    summary = next((shorten(item) for item in paragraphs if _says_something(item)), "")
    pictures = [found for target in images if not _BADGE.search(target) and (found := paths.find_linked(target, base))]
    return Readme(path, text, heading[: limits.NAME_CHARS], summary, list(dict.fromkeys(pictures)))


def _find(tree: Tree) -> str:
    for folder in ("", "docs/", ".github/"):
        found = [path for path in tree.files if path.startswith(folder) and _README.fullmatch(path[len(folder) :])]
        if found:
            return min(
                found,
                key=lambda path: (
                    _ORDER.index(suffix[1].lower()) if (suffix := re.search(r"\.(\w+)$", path)) else len(_ORDER)
                ),
            )
    translated = {path: match["language"] for path in tree.files if (match := _TRANSLATED.fullmatch(path))}
    return min(translated, key=lambda path: (not translated[path].lower().startswith("en"), path), default="")


def _says_something(paragraph: str) -> bool:
    words = re.findall(r"\w{2,}", re.sub(r"https?://\S+", "", paragraph))
    return len(words) >= 4 and not _NO_SUMMARY.search(paragraph)


def shorten(text: str, limit_chars: int = limits.SUMMARY_CHARS) -> str:
    """The first sentences of a text that fit into a line or three."""
    text = " ".join(text.split())
    if len(text) <= 220:
        return text
    ends = [found.end() for found in re.finditer(r"[.!?](?=\s+[\"'(]?[A-ZÄÖÜÉ0-9])", text[: limit_chars + 1])]
    ends = [
        end
        for end in ends
        if end >= 40 and not re.search(r"\b(?:e\.g|i\.e|z\.B|approx|ca|vs|no|etc)\.$", text[:end], re.I)
    ]
    if ends:
        return text[: max((end for end in ends if end <= 220), default=ends[0])]
    if len(text) <= limit_chars:
        return text
    return text[: limit_chars - 1].rsplit(" ", 1)[0].rstrip(",;: ") + "…"


def _parse(path: str, text: str) -> tuple[str, list[str], list[str]]:
    suffix = path.rsplit(".", 1)[-1].lower()
    if suffix in ("md", "markdown") or "." not in path:
        try:
            return _parse_markdown(text)
        except TooIntricate:
            pass  # made to take long: read roughly, as what has no form is
    return _parse_lines(text)


def _parse_markdown(text: str) -> tuple[str, list[str], list[str]]:
    text = re.sub(r"\A---\n.*?\n---\n", "", text[: limits.README_BYTES], count=1, flags=re.S)
    heading, titled, said = "", False, False
    paragraphs, images = list[str](), list[str]()
    inside: list[str] = []
    tokens = Deadline().watch(MarkdownIt("commonmark").enable("table")).parse(text)
    for position, token in enumerate(tokens):
        if token.type.endswith("_open"):
            inside.append(token.type)
        elif token.type.endswith("_close") and inside:
            inside.pop()
        elif token.type == "html_block":
            images += _html_images(token.content)
            titles = _between(token.content, "h1") + _between(token.content, "h2")
            if titles and not heading and not said:
                heading, titled = _tidy(titles[0]), True
            told = [_tidy(found) for found in _between(token.content, "p")]
            paragraphs += told
            said = said or any(map(_says_something, told))
        elif token.type == "inline":
            content, found = _inline(token)
            images += found
            if inside and inside[-1] == "heading_open":
                level = int(tokens[position - 1].tag[1])
                if content and not _GENERIC.fullmatch(content) and level <= 2:
                    # A second-level heading below words is a chapter's; the title may still come.
                    if level == 1 and not titled:
                        heading, titled = content, True
                    elif not heading and not said:
                        heading = content
            elif inside == ["paragraph_open"] and content:
                paragraphs.append(content)
                said = said or _says_something(content)
    return heading, paragraphs, images


def _between(html: str, tag: str) -> list[str]:
    """What stands between the tags of a kind, roughly; a look at each character, whatever is left open."""
    pieces = re.split(rf"<(/?){tag}(?:\s[^<>]*)?>", html, flags=re.I)
    return [
        text for mark, text, after in zip(pieces[1::2], pieces[2::2], pieces[3::2], strict=False) if not mark and after
    ]


def _inline(token: Token) -> tuple[str, list[str]]:
    """Words of a line without its pictures, and the pictures; words of links that stand alone do not count."""
    words, linked, images = list[str](), list[str](), list[str]()
    depth = 0
    for child in token.children or []:
        if child.type == "image":
            images.append(str(child.attrGet("src") or ""))
        elif child.type == "html_inline":
            images += _html_images(child.content)
        elif child.type == "link_open":
            depth += 1
        elif child.type == "link_close":
            depth -= 1
        elif child.type in ("text", "code_inline"):
            (linked if depth else words).append(child.content)
            if depth:
                words.append(f"\0{len(linked) - 1}\0")
        elif child.type in ("softbreak", "hardbreak"):
            words.append(" ")
    text = "".join(words)
    if not re.sub(r"\0\d+\0|[\s|·•,-]", "", text):
        return ("".join(linked).strip() if not images and len(linked) == 1 else ""), images
    return _tidy(re.sub(r"\0(\d+)\0", lambda found: linked[int(found[1])], text)), images


def _tidy(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^<>]*>", " ", html)).split()).replace("\0", "")


def _html_images(html: str) -> list[str]:
    return [unescape(found) for found in re.findall(r"<img\b[^<>]*?\bsrc\s*=\s*[\"']?([^\"'\s>]+)", html, re.I)]


def _parse_lines(text: str) -> tuple[str, list[str], list[str]]:
    """reStructuredText, AsciiDoc and plain text, roughly: headings are underlined or begin with '='."""
    images = re.findall(r"^[ \t]*\.\.[ \t]+(?:image|figure)::[ \t]*(\S+)|^[ \t]*image::?([^\[\s]+)\[", text, re.M)
    heading = ""
    said = False
    paragraphs: list[str] = []
    for block in re.split(r"\n\s*\n", text[: limits.README_BYTES]):
        lines = [line.rstrip() for line in block.strip("\n").splitlines()]
        rule = re.compile(r"([=\-~^*#\"'`])\1{2,}")
        if lines and rule.fullmatch(lines[0]) and len(lines) > 1:
            lines = lines[1:]
        if (len(lines) > 1 and rule.fullmatch(lines[1])) or (lines and re.match(r"={1,2} \S|#{1,2} \S", lines[0])):
            title = _tidy(re.sub(r"\|[\w -]+\||`", "", lines[0].strip("=# ")))
            if not heading and not said and not _GENERIC.fullmatch(title):
                heading = title
            lines = lines[2:] if len(lines) > 1 and rule.fullmatch(lines[1]) else lines[1:]
        if lines and not lines[0].startswith((" ", "..", ":", "*", "-", "|", "image:", "[", "//")):
            paragraphs.append(
                _tidy(re.sub(r"`([^`<]*)<[^<>`]*>`_+|`{1,2}|(?<!\w)[*_]{1,2}|[*_]{1,2}(?!\w)", r"\1", " ".join(lines)))
            )
            said = said or _says_something(paragraphs[-1])
    if not heading and paragraphs and len(paragraphs[0]) <= 60:
        heading = paragraphs.pop(0)
    return heading, paragraphs, [first or second for first, second in images]


def choose_picture(tree: Tree, from_manifest: Sequence[str], from_readme: Sequence[str]) -> str:
    """The picture of the thing: what a manifest names, else the README's, else one whose name promises it; or ""."""
    for path in from_manifest:
        if _is_picture(tree, path):
            return path
    # Pictures in the README are meant to be seen; of two the earlier.
    ranked = sorted(from_readme, key=lambda path: -_promise(path) if _promise(path) < 0 else 0)
    others = sorted(
        (path for path in tree.files if path not in from_readme),
        key=lambda path: (-_promise(path), path.count("/"), path),
    )
    for path in [
        *[item for item in ranked if _promise(item) >= 0],
        *[item for item in others if _promise(item) > 0][:50],
        *ranked,
    ]:
        if _is_picture(tree, path):
            return path
    return ""


def _promise(path: str) -> int:
    """How much a name promises a picture of the whole thing."""
    if not path.lower().endswith(_PICTURE):
        return 0
    name = path.rsplit("/", 1)[-1].lower()
    points = 2 * any(word in name for word in _LIKED[:7]) + any(word in name for word in _LIKED)
    return (
        points
        - 4 * any(word in name for word in _DISLIKED)
        - 4 * bool(re.search(r"(^|/)(meta|old|attic|\.github)/", path))
    )


def _is_picture(tree: Tree, path: str) -> bool:
    file = tree.files.get(path)
    if file is None or not path.lower().endswith(_PICTURE) or not 500 < file.size_bytes <= limits.PICTURE_BYTES:
        return False
    return tree.read(path, 16).startswith(_MAGIC)


def list_docs(tree: Tree, readme: str, from_manifest: Sequence[str]) -> list[str]:
    """The Markdown files of a build book, in the order in which somebody reads who builds the thing."""
    markdown = [path for path in tree.files if path.lower().endswith((".md", ".markdown"))]
    named = [path for path in from_manifest if path in markdown]
    rest = [
        path
        for path in markdown
        if path != readme and path not in named and not _SKIP_DOCS.search(path) and path.count("/") <= 5
    ]

    def chapter(path: str) -> tuple[int, int, str]:
        name, folder = path.rsplit("/", 1)[-1], path.rpartition("/")[0]
        for text in (name, folder):
            for number, pattern in enumerate(_CHAPTERS):
                if pattern.search(text) and not (text is name and number == 0 and folder):
                    return number, path.count("/"), path
        return (0 if _CHAPTERS[0].search(name) else len(_CHAPTERS)), path.count("/"), path

    first = [readme] if readme in markdown else []
    ordered = [*first, *sorted([*named, *rest], key=chapter)]
    return list(dict.fromkeys(ordered))[: limits.DOCUMENTS]
