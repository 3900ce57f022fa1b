"""The example designs that come with Brickyard, as git repositories of this instance."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from sqlmodel import select

from registry.designs import service as designs
from registry.designs.schemas import Submission
from registry.designs.tables import Design
from registry.settings import PROJECT
from registry.stores import git_examples
from registry.stores.stores import Stores

EXAMPLES = PROJECT / "designs"


def load(stores: Stores) -> list[str]:
    """Make a repository of every example folder and submit it. Returns: slugs of those that were not here yet."""
    new = []
    for folder in example_folders():
        address = lay_out(stores, folder)
        with stores.db.reading() as session:
            known = session.exec(select(Design.id).where(Design.url == address)).first()
        if known is None:
            new.append(designs.submit(stores, None, Submission(url=address)).slug)
    return new


def example_folders() -> list[Path]:
    """The folders of the examples, by name."""
    return sorted(path for path in EXAMPLES.iterdir() if path.is_dir())


def lay_out(stores: Stores, folder: Path) -> str:
    """Make the repository of an example in the data folder, unless it is there. Returns: its address."""
    repository = stores.settings.data / "examples" / folder.name
    if not (repository / ".git").exists():
        repository.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=repository.parent) as aside:
            copy = Path(aside) / folder.name
            shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("__pycache__"))
            git_examples.commit_all(copy, f"{folder.name} 1.0.0", tag="v1.0.0")
            shutil.rmtree(repository, ignore_errors=True)
            copy.rename(repository)
    return f"example:{folder.name}"
