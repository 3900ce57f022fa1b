"""The files of a request: the version's bundle in the form that it names, and a real panel of its board."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import build_support
import pytest
from batch_support import Market, open_market
from click.testing import CliRunner
from gerbonara import ExcellonFile, GerberFile
from sqlmodel import select
from unit_support import enter

from app import create_app
from builders.kicad.panel import PANEL
from builders.programs.kicad_panel import GAP_MM, grid, overhang, spacing
from registry.batches import quoting, request_files
from registry.batches.schemas import RequestWish
from registry.builds.schemas import BomLine, Materials, Use
from registry.builds.tables import Build, TargetRun
from registry.cli import main
from registry.designs import service as designs
from registry.designs.schemas import Submission
from registry.designs.tables import Design, Revision
from registry.errors import NotFound
from registry.stores import sandbox
from registry.stores.stores import Stores

MISSING = PANEL.available() or sandbox.why_not()
BOARD = """(kicad_pcb (version 20241229) (generator "pcbnew") (general (thickness 1.6)) (paper "A4")
 (layers (0 "F.Cu" signal) (2 "B.Cu" signal) (5 "F.SilkS" user) (7 "B.SilkS" user) (1 "F.Mask" user) (3 "B.Mask" user)
  (13 "F.Paste" user) (15 "B.Paste" user) (25 "Edge.Cuts" user) (17 "Dwgs.User" user) (19 "Cmts.User" user)
  (31 "F.CrtYd" user) (29 "B.CrtYd" user) (35 "F.Fab" user) (33 "B.Fab" user))
 (setup (pad_to_mask_clearance 0)) (net 0 "")
 (footprint "Resistor_SMD:R_0805" (layer "F.Cu") (at 112 110) (attr smd)
  (property "Reference" "R1" (at 0 -2) (layer "F.SilkS")) (property "Value" "10k" (at 0 2) (layer "F.Fab"))
  (pad "1" smd rect (at -1 0) (size 1 1.3) (layers "F.Cu" "F.Paste" "F.Mask"))
  (pad "2" smd rect (at 1 0) (size 1 1.3) (layers "F.Cu" "F.Paste" "F.Mask")))
 (footprint "Connector:Socket" (layer "F.Cu") (at 150 115) (attr through_hole exclude_from_pos_files)
  (property "Reference" "J1" (at 0 -2) (layer "F.SilkS")) (property "Value" "USB" (at 0 2) (layer "F.Fab"))
  (pad "1" thru_hole circle (at -3 0) (size 1.6 1.6) (drill 0.8) (layers "*.Cu" "*.Mask"))
  (fp_rect (start -6 -4) (end 3 4) (stroke (width 0.05) (type solid)) (fill none) (layer "F.CrtYd")))
 (gr_rect (start 100 100) (end 150 130) (stroke (width 0.1) (type solid)) (fill none) (layer "Edge.Cuts")))
"""
IN_BUNDLE = {
    "bundle.json": "{}", "SHA256SUMS": "", "README.md": "# Thing", "bom/bom.csv": "Kind\n",
    "bom/jlcpcb-lamp-bom.csv": "Comment\n", "bom/jlcpcb-lamp-cpl.csv": "Designator\n", "bom/pcbway-lamp-bom.csv": "Nr",
    "boards/lamp/gerbers/lamp-F_Cu.gtl": "G04*", "boards/lamp/gerbers/lamp-PTH.drl": "M48",
    "boards/lamp/positions.csv": "Ref\n", "parts/shade/part.step": "ISO-10303-21;",
}  # fmt: skip


@pytest.fixture
def market(stores: Stores, tmp_path: Path) -> Market:
    return lamp_market(stores, tmp_path)


def lamp_market(stores: Stores, folder: Path) -> Market:
    """A market whose design is a lamp with a board, as its build leaves it."""
    market = open_market(stores, folder / "thing")
    source = build_support.make_design(folder / "lamp", {"lamp.kicad_pcb": BOARD})
    market.design = designs.submit(stores, None, Submission(url=str(source))).slug
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in IN_BUNDLE.items():
            archive.writestr(name, text)
    line = BomLine(id="r", kind="electronic", quantity=1, designators=["R1"], value="10k", mpn="RC-10K",
                   uses=[Use(target="lamp", quantity=1, designators=["R1"])])  # fmt: skip
    bill = stores.blobs.put(Materials(lines=[line]).model_dump_json().encode())
    with stores.db.transaction() as session:
        design = session.exec(select(Design).where(Design.slug == market.design)).one()
        revision = session.exec(select(Revision).where(Revision.design_id == design.id)).first()
        assert revision is not None
        build = Build(design_id=design.id, revision_id=revision.id, state="done", materials_digest=bill,
                      bundle_digest=stores.blobs.put(content.getvalue()))  # fmt: skip
        session.add(build)
        session.flush()
        session.add(TargetRun(build_id=build.id, builder="kicad", kind="board", name="lamp", title="Lamp",
                              source="lamp.kicad_pcb", key="k" * 64, state="done"))  # fmt: skip
    return market


def ask(market: Market, **more: object) -> int:
    wish = RequestWish.model_validate(
        {"design": market.design, "fabricators": ["north"], "quantities": [10], "notes": "Warm white."} | more
    )
    return quoting.ask(market.stores, market.people["ada"], wish)


def files(market: Market, number: int, who: str = "ada") -> dict[str, bytes]:
    sink = io.BytesIO()
    name = request_files.write_files(market.stores, number, market.people[who], sink)
    assert name.startswith(f"request-{number}-{market.design}-") and name.endswith(".zip")
    with zipfile.ZipFile(sink) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_files_come_in_the_form_that_was_asked_for(market: Market) -> None:
    plain = files(market, ask(market), "olga")
    own = set(IN_BUNDLE) - {"bundle.json"} - {name for name in IN_BUNDLE if name.startswith(("bom/jlc", "bom/pcb"))}
    assert set(plain) == own | {"REQUEST.txt"}
    assert "Quantities: 10\n" in plain["REQUEST.txt"].decode() and "Warm white." in plain["REQUEST.txt"].decode()
    vendor = files(market, ask(market, vendor_form="jlcpcb"))
    assert {name for name in vendor if name.startswith("bom/")} == {
        "bom/bom.csv", "bom/jlcpcb-lamp-bom.csv", "bom/jlcpcb-lamp-cpl.csv",
    }  # fmt: skip
    assert not any("/gerbers/" in name for name in vendor)
    with zipfile.ZipFile(io.BytesIO(vendor["boards/lamp/lamp-gerbers.zip"])) as gerbers:
        assert gerbers.namelist() == ["lamp-F_Cu.gtl", "lamp-PTH.drl"] and gerbers.read("lamp-F_Cu.gtl") == b"G04*"
    assert vendor["parts/shade/part.step"] == b"ISO-10303-21;"
    assert len(vendor["SHA256SUMS"].splitlines()) == len(vendor) - 1
    with pytest.raises(NotFound):
        files(market, ask(market), "sam")


@pytest.mark.skipif(bool(MISSING), reason=MISSING)
@pytest.mark.xdist_group("kicad")
def test_boards_are_laid_out_on_a_panel_that_other_readers_understand(stores: Stores, tmp_path: Path) -> None:
    if stores.settings.database_url.startswith("postgresql"):
        pytest.skip("a panel does not depend on the database")
    market = lamp_market(stores, tmp_path)
    number = ask(market, panel=True, vendor_form="jlcpcb")
    app = create_app(stores=stores)
    shop = enter(app, market, "paul", "north", "operator")
    assert "boards also on panels" in shop.get(f"/requests/{number}").text
    got = shop.get(f"/requests/{number}/files.zip")
    assert got.status_code == 200 and got.mimetype == "application/zip"
    assert enter(app, market, "stan").get(f"/requests/{number}/files.zip").status_code == 404
    with zipfile.ZipFile(io.BytesIO(got.data)) as archive:
        told = json.loads(archive.read("boards/lamp/panel/panel.json"))
        plots = zipfile.ZipFile(io.BytesIO(archive.read("boards/lamp/panel/lamp-panel-gerbers.zip")))
        cpl = archive.read("bom/jlcpcb-lamp-panel-cpl.csv").decode().splitlines()
        words = archive.read("REQUEST.txt").decode()
        assert "Panel of lamp: 3 x 5 boards" in words and "J1 over the board's edge" in words
    assert (told["columns"], told["rows"], told["board_mm"]) == (3, 5, [50, 30])
    assert len(cpl) == 1 + 15 and all(line.startswith("R1,") for line in cpl[1:])
    assert (told["over_the_edge"], told["rail_gap_mm"]) == (["J1"], 2.0)
    assert told["gap_mm"] == [pytest.approx(3, abs=0.1), 2]
    # three boards of 50 mm, as far apart as J1 reaches over the edge; five of 30 mm, and two rails of 5 mm
    (left, low), (right, high) = GerberFile.from_string(plots.read("lamp-panel-Edge_Cuts.gm1").decode()).bounding_box()
    assert right - left == pytest.approx(3 * 50 + 2 * 3, abs=0.3)
    assert high - low == pytest.approx(5 * 30 + 4 * 2 + 2 * (5 + 2), abs=0.3)
    pads = GerberFile.from_string(plots.read("lamp-panel-F_Paste.gtp").decode())
    assert len(pads.objects) == 2 * 15
    holes = ExcellonFile.from_string(plots.read("lamp-panel-NPTH.drl").decode())
    sizes = {round(hole.tool.diameter, 2) for hole in holes.objects}
    assert {0.5, 1.5} <= sizes, "mouse bites, and holes to hold the rails by"


def test_the_grid_fits_the_panel() -> None:
    assert grid(50, 30) == (3, 5) and grid(400, 300) == (1, 1) and grid(5, 5) == (5, 5)
    assert grid(180, 166) == (1, 1) and grid(89, 82) == (2, 2)


def test_boards_stand_apart_as_far_as_parts_reach_over_their_edges() -> None:
    board = (0.0, 0.0, 50.0, 30.0)
    flush = overhang(board, [("R1", (0.0, 0.0, 50.0, 30.0)), ("R2", (10.0, 10.0, 12.0, 12.0))])
    assert flush.parts == () and spacing(flush) == (GAP_MM, GAP_MM, GAP_MM)
    over = overhang(
        board, [("J1", (-4.0, 5.0, 6.0, 9.0)), ("J2", (45.0, 5.0, 53.5, 9.0)), ("J3", (5.0, 28.0, 9.0, 35.0))]
    )
    assert over.parts == ("J1", "J2", "J3") and spacing(over) == (7.5, 5.0, 5.0)
    assert grid(50, 30, spacing(over)) == (3, 4)
    with pytest.raises(ValueError, match="J9 reach so far over the board's edge"):
        spacing(overhang(board, [("J9", (40.0, 5.0, 70.0, 9.0))]))


def test_files_of_a_request_from_a_shell(market: Market, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    number = ask(market, vendor_form="pcbway")
    monkeypatch.setenv("BRICKYARD_DATA", str(market.stores.settings.data))
    monkeypatch.setenv("BRICKYARD_DATABASE_URL", market.stores.settings.database_url)
    out = tmp_path / "asked.zip"
    run = CliRunner().invoke(main, ["requests", "files", str(number), "--as", "ada", "-o", str(out)])
    assert run.exit_code == 0, run.output
    with zipfile.ZipFile(out) as archive:
        assert "bom/pcbway-lamp-bom.csv" in archive.namelist() and archive.testzip() is None
