"""Building CAD targets of a tree in the host's own workspace."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builders.contract import MIB, Artifact, Builder, BuildFailed, SourceFile, Target
from registry.builds.workspace import HostWorkspace
from registry.settings import PROJECT
from registry.stores.warm import Warm

CORPUS = Path(os.environ.get("BRICKYARD_CORPUS") or PROJECT.parent / "shared" / "corpus")


class MemoryTree:
    """A tree of texts and bytes, or of a folder."""

    def __init__(self, content: Mapping[str, str | bytes] | None = None, folder: Path | None = None) -> None:
        self._content = {
            path: value.encode() if isinstance(value, str) else value for path, value in (content or {}).items()
        }
        for place in sorted(folder.rglob("*")) if folder else ():
            if place.is_file() and ".git" not in place.parts:
                self._content[str(place.relative_to(folder or place))] = place.read_bytes()
        self._files = {
            path: SourceFile(path, hashlib.sha1(value).hexdigest(), len(value))
            for path, value in sorted(self._content.items())
        }

    @property
    def files(self) -> Mapping[str, SourceFile]:
        return self._files

    def read(self, path: str, limit_bytes: int = MIB) -> bytes:
        return self._content[path][:limit_bytes]


@dataclass(frozen=True)
class Made:
    """What came of a target: its artifacts in `out`, or the reason why there are none."""

    target: Target
    out: Path
    artifacts: list[str]
    notes: list[str]
    failures: dict[str, tuple[str, str]]
    fault: BuildFailed | None
    log: str
    seconds: dict[str, float]

    def json(self, name: str = "facts.json") -> Any:
        return json.loads((self.out / name).read_text())


def make(builder: Builder, tree: MemoryTree, target: Target, parent: Path, keep: Path, warm: Warm | None) -> Made:
    """Build one target and keep what came out."""
    with HostWorkspace(parent, warm) as work:
        for place, path in target.inputs.items():
            (work.source / place).parent.mkdir(parents=True, exist_ok=True)
            (work.source / place).write_bytes(tree.read(path, 1 << 30))
        fault, artifacts = None, list[Artifact]()
        try:
            artifacts = builder.build(target, work)
        except BuildFailed as failed:
            fault = failed
        shutil.copytree(work.out, keep)
        report = work.scratch / "cad-report.json"
        seconds = json.loads(report.read_text())["seconds"] if report.is_file() else {}
        names = [artifact.path for artifact in artifacts]
        log = work.log.tail(100_000)
        return Made(target, keep, names, list(work.notes), dict(work.failures), fault, log, seconds)
