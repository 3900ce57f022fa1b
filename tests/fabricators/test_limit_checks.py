"""A board checked against fabricators' own limits: asked for, done by a worker, kept by what was checked."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from build_support import make_design
from click.testing import CliRunner
from flask.testing import FlaskClient
from sqlmodel import select
from web_support import PASSWORD, log_in, send

from builders.kicad.limit_check import CHECK
from registry.accounts import service as accounts
from registry.builds.schemas import Materials
from registry.builds.tables import Build, Result, TargetRun
from registry.designs import service as designs
from registry.designs.schemas import Submission
from registry.designs.tables import Revision
from registry.fabricators import limit_checks, limit_commands
from registry.fabricators.limit_tables import LimitCheck
from registry.fabricators.tables import Fabricator, Machine
from registry.settings import PROJECT
from registry.stores import sandbox
from registry.stores.stores import Stores
from registry.values import utcnow

MISSING = CHECK.available() or sandbox.why_not()
BOARD = PROJECT / "designs" / "soil-sensor" / "electronics" / "soil-sensor.kicad_pcb"
FACTS = {
    "copper_layers": 2, "size_mm": {"width": 90.0, "height": 24.0}, "thickness_mm": 1.6, "min_track_mm": 0.25,
    "min_clearance_mm": 0.2, "min_drill_mm": 0.3, "min_annular_ring_mm": 0.15,
}  # fmt: skip
FINE = {"track_mm_min": 0.05, "clearance_mm_min": 0.05, "drill_mm_min": 0.1, "ring_mm_min": 0.02}


def machine(stores: Stores, slug: str, limits: dict[str, float], process: str = "pcb_fabrication") -> None:
    def put(session: Any) -> None:
        row = Fabricator(slug=slug, name=slug.title())
        session.add(row)
        session.flush()
        session.add(Machine(fabricator_id=row.id, name="Line", process=process, parameters=limits))

    stores.db.retrying(put)


@pytest.fixture
def sensor(stores: Stores, tmp_path: Path) -> Stores:
    """A version with a board as a build leaves it, and four fabricators."""
    folder = make_design(tmp_path / "sensor", {"board/sensor.kicad_pcb": BOARD.read_bytes()})
    designs.submit(stores, None, Submission(url=str(folder)))

    def built(session: Any) -> None:
        revision = session.exec(select(Revision)).one()
        digest = stores.blobs.put(Materials(lines=[]).model_dump_json().encode())
        row = Build(
            design_id=revision.design_id, revision_id=revision.id, state="done", materials_digest=digest,
            bundle_digest=digest,
        )  # fmt: skip
        session.add(row)
        session.flush()
        session.add(Result(key="k" * 64, builder="kicad", state="done", seconds=1.0, facts=FACTS))
        session.flush()
        session.add(
            TargetRun(
                build_id=row.id, builder="kicad", kind="board", name="sensor", title="Sensor",
                source="board/sensor.kicad_pcb", key="k" * 64, state="done",
            )
        )  # fmt: skip

    stores.db.retrying(built)
    machine(stores, "coarse", {"track_mm_min": 0.5, "drill_mm_min": 0.05})
    machine(stores, "fine", FINE)
    machine(stores, "silent", {"layers_max": 4})
    machine(stores, "laser", {}, "laser_cutting")
    return stores


def state(stores: Stores, fabricator: str) -> str:
    return limit_checks.read_checks(stores, "sensor", None, fabricator).boards[0].state


def keys(stores: Stores) -> list[str]:
    with stores.db.reading() as session:
        return list(session.exec(select(LimitCheck.key).where(LimitCheck.state == "queued")))


@pytest.mark.skipif(bool(MISSING), reason=MISSING)
def test_asked_for_once_found_on_the_board_and_kept(sensor: Stores, client: FlaskClient) -> None:
    accounts.sign_up(sensor, "mo", PASSWORD)
    page = "/designs/sensor/main/makers/coarse"
    assert "Not checked yet" in client.get(page).get_data(as_text=True)
    assert send(client, page).status_code == 401 and not keys(sensor), "a stranger is asked to log in"
    log_in(client, "mo")
    assert send(client, page).status_code == 303
    assert state(sensor, "coarse") == "queued"
    assert 'hx-get="/designs/sensor/main/makers/coarse"' in client.get(page).get_data(as_text=True)
    send(client, page)
    asked = keys(sensor)
    assert len(asked) == 1, "the second who asks joins the first"
    assert "HX-Refresh" not in client.get(page, headers={"HX-Request": "true"}).headers
    limit_checks.run(sensor, asked[0])
    limit_checks.run(sensor, asked[0])
    assert client.get(page, headers={"HX-Request": "true"}).headers["HX-Refresh"] == "true"
    found = client.get("/api/v1/designs/sensor/versions/main/limits/coarse").get_json()
    (board,) = found["boards"]
    assert (board["state"], board["machine"]) == ("done", "Line")
    fared = {row["parameter"]: row for row in board["limits"]}
    assert fared["track_mm_min"]["broken"] > 0 and fared["drill_mm_min"]["broken"] == 0
    assert fared["track_mm_min"]["least_mm"] < 0.5 and "Smallest clearance" in board["unstated"]
    html = client.get(page).get_data(as_text=True)
    assert "below a limit" in html and "Track too fine" in html and "hx-get" not in html
    # another fabricator with the same limits needs no worker
    machine(sensor, "twin", {"track_mm_min": 0.5, "drill_mm_min": 0.05, "layers_max": 2})
    assert state(sensor, "twin") == "done"
    send(client, "/designs/sensor/main/makers/twin", "/designs/sensor/main/makers/fine")
    assert not keys(sensor)
    # other limits are another question
    assert state(sensor, "fine") == "never"
    with sensor.db.reading() as session:
        row = session.get_one(LimitCheck, asked[0])
        assert row.asked_by is not None and session.get_one(Result, asked[0]).builder == "kicad-limits"


@pytest.mark.skipif(bool(MISSING), reason=MISSING)
def test_the_command_checks_by_itself(sensor: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRICKYARD_DATA", str(sensor.settings.data))
    monkeypatch.setenv("BRICKYARD_DATABASE_URL", sensor.db.url)
    monkeypatch.setenv("BRICKYARD_GIT_LOCAL", "1")
    done = CliRunner().invoke(limit_commands.check, ["sensor@main", "fine", "--json"])
    assert done.exit_code == 0, done.output
    assert all(row["broken"] == 0 for row in json.loads(done.stdout)["boards"][0]["limits"])
    assert state(sensor, "fine") == "done"


@pytest.mark.parametrize(("fabricator", "said"), [("silent", "states no limits"), ("laser", "states no limits")])
def test_nothing_to_check_is_said(sensor: Stores, client: FlaskClient, fabricator: str, said: str) -> None:
    accounts.sign_up(sensor, "mo", PASSWORD)
    log_in(client, "mo")
    page = f"/designs/sensor/main/makers/{fabricator}"
    assert state(sensor, fabricator) == "unstated"
    assert ("has no machine that makes boards" in client.get(page).get_data(as_text=True)) == (fabricator == "laser")
    refused = send(client, page)
    assert refused.status_code == 422 and said in refused.get_data(as_text=True)
    assert client.get("/designs/sensor/main/makers/nobody").status_code == 404


def test_what_a_dead_worker_left_is_delivered_again(sensor: Stores) -> None:
    limit_checks.install(sensor)
    limit_checks.ask(sensor, None, "sensor", None, "coarse")
    (key,) = keys(sensor)

    def die(session: Any) -> None:
        row = session.get_one(LimitCheck, key)
        row.state, row.worker, row.lease_until = "running", "elsewhere:1:1", utcnow() - dt.timedelta(seconds=1)
        session.add(row)

    sensor.db.retrying(die)
    before = sensor.jobs.waiting()
    limit_checks.redeliver(sensor)
    assert sensor.jobs.waiting() == before + 1

    def tired(session: Any) -> None:
        row = session.get_one(LimitCheck, key)
        row.tries = 3
        session.add(row)

    sensor.db.retrying(tired)
    limit_checks.run(sensor, key)
    told = limit_checks.read_checks(sensor, "sensor", None, "coarse").boards[0]
    assert told.state == "failed" and "not tried any more" in told.message
