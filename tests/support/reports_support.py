"""A garden bench for tests of build reports: submitted by its author, with people who build it."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import git_support
from PIL import Image
from web_support import make_design

from registry.accounts.queries import find_account
from registry.accounts.tables import Account
from registry.designs import service as designs
from registry.designs.queries import get_design, get_version
from registry.designs.schemas import DesignDetail, Submission, VersionDetail
from registry.reports import service
from registry.reports.schemas import ReportWish
from registry.stores.stores import Stores

GPS = 0x8825


@dataclass
class Bench:
    """The design's slug and repository, and its people by handle."""

    stores: Stores
    slug: str
    source: Path

    def person(self, handle: str) -> int:
        with self.stores.db.transaction() as session:
            row = find_account(session, handle) or Account(handle=handle, password_hash="none")
            session.add(row)
            session.flush()
            return row.id or 0

    def report(self, handle: str, **told: object) -> int:
        values: dict[str, object] = {"outcome": "works", "country": "Belgium", "town": "Ghent"}
        wish = ReportWish.model_validate(values | told)
        return service.report(self.stores, self.person(handle), self.slug, "", wish)

    def design(self) -> DesignDetail:
        with self.stores.db.reading() as session:
            return get_design(session, self.slug)

    def version(self, label: str | None = None) -> VersionDetail:
        with self.stores.db.reading() as session:
            return get_version(session, self.slug, label)

    def release(self, tag: str, **files: str) -> None:
        """Commit files under a tag, and read the repository again."""
        for name, text in files.items():
            (self.source / name).write_text(text)
        git_support.git(self.source, "add", "-A")
        git_support.git(self.source, "commit", "-q", "--allow-empty", "-m", tag)
        git_support.git(self.source, "tag", tag)
        designs.submit(self.stores, None, Submission(url=str(self.source)))


def open_bench(stores: Stores, folder: Path) -> Bench:
    source = make_design(folder / "bench")
    bench = Bench(stores, "", source)
    bench.slug = designs.submit(stores, bench.person("ada"), Submission(url=str(source))).slug
    return bench


def a_photo() -> bytes:
    """A JPEG that says where it was taken."""
    image = Image.new("RGB", (900, 600), "#b4472b")
    exif = Image.Exif()
    exif.get_ifd(GPS)[2] = (51.0, 3.0, 12.0)
    exif[0x010F] = "Tell-tale cameras"
    out = io.BytesIO()
    image.save(out, "JPEG", exif=exif)
    return out.getvalue()
