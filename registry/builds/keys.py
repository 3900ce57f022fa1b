"""The key of a target: equal keys mean that the same tools would make the same files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import astuple
from typing import Any

from builders.contract import Target

RECIPE = "2026-11"  # a new recipe rebuilds everything: change it when the host's own treatment of artifacts changes


def target_key(target: Target, version: str, tools: Mapping[str, str], blobs: Mapping[str, str]) -> str:
    """sha256 over recipe, builder, tools, options, declared outputs and what is read; never a commit, name or place.

    `blobs` gives the git blob id of each path in the tree.
    """
    return digest_of(
        {
            "recipe": RECIPE,
            "builder": target.builder,
            "version": version,
            "tools": dict(sorted(tools.items())),
            "options": dict(target.options),
            "inputs": {at: blobs[path] for at, path in sorted(target.inputs.items())},
            "outputs": [list(astuple(output)) for output in target.outputs],
        }
    )


def digest_of(value: Any) -> str:
    """sha256 of a JSON value in its one canonical form."""
    return hashlib.sha256(
        json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    ).hexdigest()
