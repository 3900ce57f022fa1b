"""A reader for KiCad's s-expressions: boards, schematics, netlists, library tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeAlias, Union

Node: TypeAlias = list[Union[str, "Node"]]

NODES_MAX = 20_000_000
# Possessive, and a text without an end taken whole: no file makes this look at a character twice.
_TOKEN = re.compile(r'"((?:[^"\\]++|\\.)*+)("?)|([()])|([^\s()"]+)', re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_PLAIN = {"n": "\n", "r": "\r", "t": "\t"}


class Unreadable(ValueError):
    """The text is no complete s-expression; the message says why, as a sentence."""


def unquote(text: str) -> str:
    """The text of a quoted token without its escapes."""
    return _ESCAPE.sub(lambda found: _PLAIN.get(found[1], found[1]), text) if "\\" in text else text


def read(text: str) -> Node:
    """The first list of a text, as nested lists of strings.

    Raises: Unreadable if it has none, ends too early, or is too large.
    """
    stack: list[Node] = []
    count = 0
    for token in _TOKEN.finditer(text):
        quoted, closed, bracket, atom = token.groups()
        if quoted is not None and not closed:
            raise Unreadable("The file ends early: a text in quotes is still open.")
        if bracket == "(":
            count += 1
            if count > NODES_MAX:
                raise Unreadable(f"The file has more than {NODES_MAX} elements.")
            node: Node = []
            if stack:
                stack[-1].append(node)
            stack.append(node)
        elif bracket == ")":
            if not stack:
                raise Unreadable("The file closes a bracket that it did not open.")
            done = stack.pop()
            if not stack:
                return done
        elif stack:
            stack[-1].append(atom if atom is not None else unquote(quoted))
        else:
            raise Unreadable("The file does not begin with a bracket.")
    raise Unreadable(f"The file ends early: {len(stack)} brackets are still open." if stack else "The file is empty.")


def children(node: Node, *names: str) -> Iterator[Node]:
    """The lists inside a node that begin with one of these names, in order."""
    for item in node:
        if isinstance(item, list) and item and item[0] in names:
            yield item


def child(node: Node, name: str) -> Node | None:
    """The first list inside a node that begins with this name."""
    return next(children(node, name), None)


def text_at(node: Node | None, index: int = 1, default: str = "") -> str:
    """The string at a place of a node."""
    if node is None or len(node) <= index:
        return default
    item = node[index]
    return item if isinstance(item, str) else default


def value(node: Node, name: str, default: str = "") -> str:
    """The first value of the first list with this name: `(name value ...)`."""
    return text_at(child(node, name), 1, default)


def number(text: str, default: float = 0.0) -> float:
    """A finite number, or the default."""
    try:
        found = float(text)
    except ValueError:
        return default
    return found if abs(found) < 1e12 else default


def numbers(node: Node | None) -> list[float]:
    """The numbers among a node's own strings, without its name."""
    found = []
    for item in (node or [])[1:]:
        if isinstance(item, str):
            try:
                found.append(float(item))
            except ValueError:
                continue
    return found
