"""Builds for tests: a real builder whose tool is the shell in the sandbox, and designs in real repositories."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import git_support

from builders.contract import SRC, Artifact, BuildFailed, Limits, Output, Target, Tree, Workspace
from registry.builds import service
from registry.designs import service as designs
from registry.designs.schemas import Submission
from registry.stores import git
from registry.stores.git import GitTree
from registry.stores.stores import Stores

LICENCE = """MIT License

Copyright (c) 2025 Ada Maker

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
"""


class RecipeBuilder:
    """Runs `NAME.recipe`, a shell script, in the sandbox. Lines `#out PATH GROUP [optional]` promise its outputs."""

    name = "recipe"

    def __init__(self, *, version: str = "1", tool: str = "sh 1", limits: Limits | None = None) -> None:
        self.version, self._tool = version, tool
        self._limits = limits or Limits(wall_s=60)
        self.started: list[str] = []
        self._lock = threading.Lock()

    def available(self) -> str:
        return ""

    def tools(self) -> Mapping[str, str]:
        return {"sh": self._tool}

    def detect(self, tree: Tree) -> list[Target]:
        return [self.target(tree, path) for path in tree.files if path.endswith(".recipe")]

    def target(self, tree: Tree, path: str, **options: object) -> Target:
        outputs = []
        for line in tree.read(path).decode().splitlines():
            if line.startswith("#out "):
                name, group, *rest = line.split()[1:]
                outputs.append(Output(name, "file", "text/plain", group, optional="optional" in rest))
        name = PurePosixPath(path).stem
        inputs = {"recipe.sh": path}
        return Target(self.name, "part", name, name, path, inputs, tuple(outputs), options=options)

    def build(self, target: Target, work: Workspace) -> list[Artifact]:
        with self._lock:
            self.started.append(target.name)
        outcome = work.run(["/bin/sh", f"{SRC}/recipe.sh"], step="Recipe", limits=self._limits, cwd="/out")
        if not outcome.ok:
            raise BuildFailed(outcome.why("The recipe"), "Mend the recipe.")
        return []


def tree_of(folder: Path, stores: Stores, ref: str = "") -> GitTree:
    """The files of a repository's head, through a real mirror."""
    repo = git.check_url(str(folder), stores.settings)
    mirror = stores.settings.mirrors / f"{folder.name}.git"
    git.mirror(repo, mirror, stores.settings)
    return GitTree(mirror, git.find_commit(mirror, ref))


def recipe_tree(folder: Path, stores: Stores, script: str, name: str = "thing") -> GitTree:
    """A tree with one recipe in it."""
    git_support.make_repo(folder, {f"{name}.recipe": script})
    return tree_of(folder, stores)


def make_design(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """A repository that may be submitted: it has a licence and a README."""
    base: dict[str, str | bytes] = {"LICENSE": LICENCE, "README.md": "# Thing\n\nA thing of use.\n"}
    return git_support.make_repo(folder, {**base, **files})


def submit(stores: Stores, folder: Path) -> str:
    """Register a repository; its versions wait in the queue. Returns: the slug."""
    service.install(stores)
    return designs.submit(stores, None, Submission(url=str(folder))).slug
