"""A route parses, calls and renders; nothing else."""

from __future__ import annotations

import ast

from registry.settings import PROJECT

LINES = 20
_VERBS = {"route", "get", "post", "put", "patch", "delete"}


def _is_route(function: ast.FunctionDef) -> bool:
    calls = [one.func for one in function.decorator_list if isinstance(one, ast.Call)]
    return any(isinstance(call, ast.Attribute) and call.attr in _VERBS for call in calls)


def test_no_route_is_longer_than_twenty_lines() -> None:
    routes, long = 0, []
    for file in sorted((PROJECT / "registry").rglob("*.py")):
        text = file.read_text()
        for node in ast.parse(text).body if "Blueprint" in text else []:
            if isinstance(node, ast.FunctionDef) and _is_route(node):
                routes += 1
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > LINES:
                    long.append(f"{file.relative_to(PROJECT)}: {node.name} has {lines} lines")
    assert routes > 100
    assert not long
