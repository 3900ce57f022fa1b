"""The files of a request, in the form that it names: one zip for who is asked, made of the version's bundle."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import IO, Any

from registry.batches import quote_queries
from registry.batches.panels import Panel, make_ready, panels_of
from registry.batches.schemas import RequestDetail
from registry.builds.bom.vendors import board_forms
from registry.builds.queries import find_bundle, get_materials, newest_build
from registry.builds.schemas import Materials
from registry.designs.queries import find_design, find_revision
from registry.stores.stores import Stores

JOB = "request_panels"
FORM_WORDS = {"plain": "the registry's own", "jlcpcb": "JLCPCB's", "pcbway": "PCBWay's"}
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)
_VENDORS = ("jlcpcb-", "pcbway-")
_NOT_FOR_MAKERS = ("bundle.json", "SHA256SUMS")


def install(stores: Stores) -> None:
    """Let workers make panels before anybody waits for them."""
    stores.jobs.define(JOB, lambda slug, commit: make_ready(stores, slug, commit))


def make_soon(stores: Stores, found: RequestDetail) -> None:
    """Have a request's panels made, if it asks for any."""
    if found.panel:
        stores.jobs.enqueue(JOB, found.design, found.commit)


class _Zip:
    """A zip that is the same for the same files, with a list of their sums."""

    def __init__(self, sink: IO[bytes]) -> None:
        self._zip = zipfile.ZipFile(sink, "w")
        self._sums: dict[str, str] = {}

    def add(self, path: str, content: bytes | IO[bytes]) -> None:
        """Add a file."""
        info = zipfile.ZipInfo(path, date_time=_ZIP_DATE)
        info.create_system, info.external_attr, info.compress_type = 3, 0o100644 << 16, zipfile.ZIP_DEFLATED
        source = io.BytesIO(content) if isinstance(content, bytes) else content
        digest = hashlib.sha256()
        with self._zip.open(info, "w", force_zip64=True) as sink:
            while chunk := source.read(1 << 20):
                digest.update(chunk)
                sink.write(chunk)
        self._sums[path] = digest.hexdigest()

    def close(self) -> None:
        """End it."""
        self.add("SHA256SUMS", "".join(f"{sums}  {path}\n" for path, sums in sorted(self._sums.items())).encode())
        self._zip.close()


def write_files(stores: Stores, number: int, account_id: int, sink: IO[bytes]) -> str:
    """Write a request's files for its buyer or one who is asked. Returns: a name for the file. Raises: NotFound."""
    with stores.db.reading() as session:
        found = quote_queries.get_request(session, number, account_id)
    path, _, _, _ = find_bundle(stores, found.design, found.commit)
    panels = panels_of(stores, found.design, found.commit) if found.panel else []
    made = _Zip(sink)
    with zipfile.ZipFile(path) as bundle:
        names = [name for name in bundle.namelist() if name not in _NOT_FOR_MAKERS and _wanted(name, found.vendor_form)]
        plots: dict[str, dict[str, bytes]] = {}
        for name in names:
            if found.vendor_form != "plain" and "/gerbers/" in name:
                _, board, _, plot = name.split("/", 3)
                plots.setdefault(board, {})[plot] = bundle.read(name)
                continue
            with bundle.open(name) as source:
                made.add(name, source)
    for board, files in plots.items():
        made.add(f"boards/{board}/{board}-gerbers.zip", _nested(files))
    for panel in panels:
        _add_panel(stores, made, panel, found)
    made.add("REQUEST.txt", _told(stores, found, panels).encode())
    made.close()
    return f"request-{number}-{found.design}-{found.label}.zip".replace("/", "-")


def _wanted(name: str, form: str) -> bool:
    inside = PurePosixPath(name)
    if inside.parts[0] != "bom" or not inside.name.startswith(_VENDORS):
        return True
    return inside.name.startswith(f"{form}-")


def _nested(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in sorted(files.items()):
            info = zipfile.ZipInfo(name, date_time=_ZIP_DATE)
            info.create_system, info.external_attr, info.compress_type = 3, 0o100644 << 16, zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return out.getvalue()


def _add_panel(stores: Stores, made: _Zip, panel: Panel, found: RequestDetail) -> None:
    top = f"boards/{panel.board}/panel"
    if panel.fault:
        made.add(f"{top}/NO-PANEL.txt", f"{panel.fault}\n".encode())
        return
    files = {path: stores.blobs.read(digest) for path, digest in panel.files.items()}
    plots = {PurePosixPath(path).name: content for path, content in files.items() if path.startswith("panel/")}
    if found.vendor_form == "plain":
        for name, content in sorted(plots.items()):
            made.add(f"{top}/gerbers/{name}", content)
    else:
        made.add(f"{top}/{panel.board}-panel-gerbers.zip", _nested(plots))
    made.add(f"{top}/positions.csv", files["positions.csv"])
    made.add(f"{top}/panel.json", files["panel.json"])
    if found.vendor_form == "jlcpcb" and (materials := _materials(stores, found)):
        forms = board_forms(materials, panel.board, [], files["positions.csv"])
        made.add(f"bom/jlcpcb-{panel.board}-panel-cpl.csv", forms[f"jlcpcb-{panel.board}-cpl.csv"])


def _materials(stores: Stores, found: RequestDetail) -> Materials | None:
    with stores.db.reading() as session:
        revision = find_revision(session, find_design(session, found.design), found.commit)
        build = newest_build(session, revision.id or 0)
        return get_materials(stores, session, build.id) if build else None


def _told(stores: Stores, found: RequestDetail, panels: Iterable[Panel]) -> str:
    """What is asked for, in plain text."""
    facts = {
        "Design": f"{found.design_name} {found.version}",
        "Commit": found.commit,
        "Page": f"{stores.settings.public_url}/designs/{found.design}/{found.commit}",
        "Quantities": ", ".join(map(str, found.quantities)),
        "Needed by": found.wanted_by.isoformat() if found.wanted_by else "no date named",
        "Delivery to": found.place or "no place named",
        "Boards": "in panels" if found.panel else "single",
        "Bill of materials and positions": f"in {FORM_WORDS[found.vendor_form]} form",
        "Asked by": found.buyer,
    }
    lines = [f"Request {found.number}", "", *(f"{name}: {value}" for name, value in facts.items())]
    for panel in panels:
        if not panel.fault:
            told = json.loads(stores.blobs.read(panel.files["panel.json"]))
            wide, high = told["panel_mm"]
            lines.append(
                f"Panel of {panel.board}: {told['columns']} x {told['rows']} boards, {wide:g} x {high:g} mm, held by "
                "tabs with mouse bites; quantities above are of single boards" + _reaching(told)
            )
        else:
            lines.append(f"Panel of {panel.board}: none. {panel.fault}")
    if found.notes:
        lines += ["", found.notes]
    return "\n".join([*lines, ""])


def _reaching(told: dict[str, Any]) -> str:
    """Which parts reach over the edge of a panel's boards, and how far these stand apart for it."""
    over = told.get("over_the_edge") or []
    if not over:
        return ""
    across, down = told["gap_mm"]
    return f"; {across:g} mm apart sideways and {down:g} mm between rows: {', '.join(over)} over the board's edge"
