"""Instances in data folders of their own, worked on by the command line."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from registry.cli import main


@dataclass(frozen=True)
class Instance:
    """A data folder of its own, with the commands that work on it."""

    data: Path

    @property
    def env(self) -> dict[str, str]:
        return {"BRICKYARD_DATA": str(self.data), "BRICKYARD_GIT_LOCAL": "1", "BRICKYARD_DATABASE_URL": ""}

    def call(self, *arguments: str) -> Result:
        """A command in this process."""
        return CliRunner().invoke(main, list(arguments), env=self.env)

    def json(self, *arguments: str) -> dict[str, Any]:
        done = self.call(*arguments)
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)  # type: ignore[no-any-return]

    def bundle(self, repository: Path, to: Path) -> Path:
        """The bundle of a repository's newest version, built here."""
        done = self.call("submit", str(repository), "--wait")
        assert done.exit_code == 0, done.output
        done = self.call("bundle", done.stdout.splitlines()[-1], "-o", str(to))
        assert done.exit_code == 0, done.output
        return to
