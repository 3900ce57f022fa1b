"""Needs in the database, corrections over them, and who can make a version: on both databases, through every door."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlmodel import select
from web_support import PASSWORD, bearer, log_in, make_token, send

from registry.accounts import service as accounts
from registry.builds.schemas import BomLine, Materials
from registry.builds.tables import Build, Result, TargetRun
from registry.designs.tables import Design, Revision
from registry.errors import Forbidden, Invalid
from registry.fabricators import making, making_use
from registry.fabricators.making_schemas import Near
from registry.fabricators.needs_tables import DesignNeed, VersionNeeds
from registry.fabricators.tables import Fabricator, Machine, MachineMaterial
from registry.stores.stores import Stores
from registry.values import utcnow

BOARD = {
    "copper_layers": 2,
    "size_mm": {"width": 60.0, "height": 50.0},
    "thickness_mm": 1.6,
    "min_track_mm": 0.127,
    "min_clearance_mm": 0.2,
    "min_drill_mm": 0.3,
    "min_annular_ring_mm": 0.15,
    "finish": "",
}
PLATE = {"bounding_box_mm": [700.0, 300.0, 3.0], "flat_thickness_mm": 3.0, "material": "aluminium", "components": []}
HOUSE = {
    "layers_max": 4,
    "track_mm_min": 0.1,
    "clearance_mm_min": 0.1,
    "drill_mm_min": 0.2,
    "ring_mm_min": 0.1,
    "thickness_mm_min": 0.4,
    "thickness_mm_max": 3.2,
}


def build(stores: Stores, owner: int | None = None) -> str:
    """A version as a build leaves it: a board and a plate. Returns: the design's slug."""

    def put(session: Any) -> None:
        design = Design(slug="press", url="https://example.org/press", name="Press", owner_id=owner, readiness="built")
        session.add(design)
        session.flush()
        revision = Revision(
            design_id=design.id, name="v1", label="v1", kind="tag", commit="a" * 40, committed_at=utcnow(), newest=True
        )
        session.add(revision)
        session.flush()
        digest = stores.blobs.put(
            Materials(lines=[BomLine(id="1", kind="fastener", quantity=4, uses=[])]).model_dump_json().encode()
        )
        row = Build(design_id=design.id, revision_id=revision.id, state="done", materials_digest=digest)
        session.add(row)
        session.flush()
        for position, (kind, facts) in enumerate((("board", BOARD), ("part", PLATE))):
            key = kind * 8
            session.add(Result(key=key, builder="x", state="done", seconds=1.0, facts=facts))
            session.flush()
            session.add(
                TargetRun(
                    build_id=row.id,
                    position=position,
                    builder="x",
                    kind=kind,
                    name=kind,
                    title=kind.title(),
                    source=f"{kind}.x",
                    key=key,
                    state="done",
                )
            )

    stores.db.retrying(put)
    return "press"


def fabricator(stores: Stores, slug: str, lat: float, machines: dict[str, dict[str, Any]]) -> None:
    def put(session: Any) -> None:
        row = Fabricator(slug=slug, name=slug.title(), town=slug.title(), shown_lat_deg=lat, shown_lon_deg=10.0)
        session.add(row)
        session.flush()
        for process, values in machines.items():
            takes = values.pop("takes", [])
            machine = Machine(fabricator_id=row.id, name=f"{slug} {process}", process=process, **values)
            session.add(machine)
            session.flush()
            for material, thick in takes:
                session.add(MachineMaterial(machine_id=machine.id, material=material, thickness_max_mm=thick))

    stores.db.retrying(put)


@pytest.fixture
def workshops(stores: Stores) -> Stores:
    """A house that does everything, one for boards, one for plates, and one whose table is too small."""
    build(stores)
    house = {"work_x_mm": 400.0, "work_y_mm": 300.0, "parameters": HOUSE}
    laser = {"work_x_mm": 1000.0, "work_y_mm": 600.0, "takes": [("aluminium", 6.0)]}
    fabricator(stores, "boards", 50.0, {"pcb_fabrication": dict(house)})
    fabricator(stores, "plates", 50.5, {"laser_cutting": dict(laser)})
    fabricator(stores, "small", 50.1, {"laser_cutting": laser | {"work_x_mm": 600.0}, "pcb_fabrication": {}})
    fabricator(stores, "silent", 50.2, {"pcb_fabrication": {}, "waterjet_cutting": {}})
    return stores


def test_needs_are_derived_once_and_kept_in_rows(stores: Stores) -> None:
    build(stores)
    view = making.read_version(stores, "press", None)
    assert [need.process for need in view.needs] == ["pcb_fabrication", "laser_cutting", "assembly", "assembly"]
    assert making.read_version(stores, "press", "v1") == view
    with stores.db.reading() as session:
        rows = session.exec(select(DesignNeed).order_by(DesignNeed.id)).all()
    assert [(row.way, row.x_mm, row.y_mm) for row in rows] == [
        ("pcb_fabrication", 60.0, 50.0),
        ("laser_cutting-waterjet_cutting-plasma_cutting", 700.0, 300.0),
    ]


def test_a_version_without_a_build_says_so(stores: Stores) -> None:
    build(stores)
    stores.db.retrying(lambda session: setattr(session.exec(select(Build)).one(), "materials_digest", ""))
    view = making.read_version(stores, "press", None)
    assert view.needs == [] and "not been built" in view.unknown[0]


def test_no_one_makes_all_two_together_do(workshops: Stores) -> None:
    found = making_use.matches_of(workshops, making_use.needs_of(workshops, "press", None), Near())
    assert (found.can, found.perhaps, found.more) == (0, 1, False)
    assert [item.slug for item in found.items] == ["silent", "boards", "plates", "small"]
    small = next(item for item in found.items if item.slug == "small")
    reasons = [reason.sentence for one in small.answers for reason in one.reasons if reason.answer == "no"]
    assert reasons == ["Part measures 700 × 300 × 3 mm; 600 × 600 mm fit: 100 mm too long."]
    plan = found.plans[0]
    assert {share.name for share in plan.shares} == {"Boards", "Plates", "You"} and plan.missing == ()
    assert making_use.makers_count(workshops, making_use.needs_of(workshops, "press", None)) == (0, 1, False)


def test_near_leaves_out_who_is_far_and_names_how_far(workshops: Stores) -> None:
    view = making_use.needs_of(workshops, "press", None)
    found = making_use.matches_of(workshops, view, Near(lat=50.0, lon=10.0, km=30))
    assert {(item.slug, item.distance_km) for item in found.items} == {
        ("boards", 0.0),
        ("small", 11.1),
        ("silent", 22.2),
    }


def test_a_correction_stands_beside_what_was_derived(workshops: Stores) -> None:
    owner = accounts.sign_up(workshops, "ada", PASSWORD)
    other = accounts.sign_up(workshops, "bob", PASSWORD)
    workshops.db.retrying(lambda session: setattr(session.exec(select(Design)).one(), "owner_id", owner.id))
    view = making.read_version(workshops, "press", None)
    need = view.needs[0].id
    wish = making.Said(need, "track_mm_min", "0,05", "the antenna needs it")
    with pytest.raises(Forbidden):
        making.correct(workshops, other.id, False, "press", "v1", wish)
    making.correct(workshops, owner.id, False, "press", "v1", wish)
    making.correct(workshops, owner.id, False, "press", "v1", making.Said(view.needs[1].id, "drop", "", "bought in"))
    making.correct(workshops, owner.id, False, "press", "v1", making.Said("new", "", "anodising", "looks"))
    after = making.read_version(workshops, "press", None)
    assert [one.id for one in after.needs] == [need, "buying", "assembly", "anodising-said"]
    limits = {limit.parameter: limit for limit in after.needs[0].limits}
    assert limits["track_mm_min"].value == 0.05 and "the antenna needs it" in limits["track_mm_min"].evidence
    assert after.derived == view.derived
    found = making_use.matches_of(workshops, after, Near())
    assert all(item.answer != "yes" for item in found.items)
    with workshops.db.reading() as session:
        assert {row.need for row in session.exec(select(DesignNeed))} == {need, "anodising-said"}


@pytest.mark.parametrize(
    ("said", "field"),
    [
        (making.Said("nothing", "drop", "", "why"), "need"),
        (making.Said("", "track_mm_min", "thin", "why"), "value"),
        (making.Said("", "track_mm_min", "-1", "why"), "value"),
        (making.Said("", "track_mm_min", "nan", "why"), "value"),
        (making.Said("", "colour_of_love", "1", "why"), "parameter"),
        (making.Said("", "finishes", "Glitter", "why"), "value"),
        (making.Said("", "drop", "", "  "), "why"),
        (making.Said("new", "", "wishing", "why"), "value"),
    ],
)
def test_corrections_that_make_no_sense_are_refused(sqlite_stores: Stores, said: making.Said, field: str) -> None:
    build(sqlite_stores)
    need = said.need or making.read_version(sqlite_stores, "press", None).needs[0].id
    with pytest.raises(Invalid) as refused:
        making.correct(sqlite_stores, 1, True, "press", "v1", making.Said(need, said.parameter, said.value, said.why))
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"lat": "91", "lon": "0"}, "lat"),
        ({"lat": "1"}, "lat"),
        ({"lat": "x", "lon": "1"}, "lat"),
        ({"km": "-3"}, "km"),
        ({"place": "Nowhereville"}, "place"),
        ({"lat": "nan", "lon": "1"}, "lat"),
    ],
)
def test_places_that_are_none(sqlite_stores: Stores, query: dict[str, str], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        making_use.near_of(sqlite_stores, making_use.NearQuery(**query))
    assert refused.value.field == field


def test_what_a_fabricator_could_make_and_what_lacks_a_step(workshops: Stores) -> None:
    boards = making_use.could_make(workshops, "boards")
    assert boards.today == [] and [one.lacking for one in boards.one_step] == [["Laser cutting, aluminium 3 mm"]]
    [press] = boards.parts
    assert [(one.name, one.answer, one.machines) for one in press.pieces] == [
        ("Board", "yes", ["boards pcb_fabrication"])
    ]
    assert (press.of, press.lacking) == (2, ["Laser cutting, aluminium 3 mm"])
    silent = making_use.could_make(workshops, "silent")
    assert [one.answer for one in silent.today] == ["unknown"] and silent.parts == []
    small = making_use.could_make(workshops, "small")
    assert [one.unsure for one in small.one_step] == [["PCB fabrication, Board"]]
    assert (
        "small laser_cutting: Part measures 700 × 300 × 3 mm; 600 × 600 mm fit: 100 mm too long."
        in small.one_step[0].why
    )


def test_pages_and_json_tell_the_same(workshops: Stores, client: FlaskClient) -> None:
    page = client.get("/designs/press/v1/makers").get_data(as_text=True)
    assert "Copper layers" in page and "at most" not in page and page.count(">Thickness<") == 1
    assert "0.127" in page and "100 mm too long" in page and "Fewest hands" in page
    assert "can perhaps make it" in client.get("/designs/press/v1").get_data(as_text=True)
    wrong = client.get("/designs/press/v1/makers?place=Nowhereville")
    assert wrong.status_code == 200 and "no larger town" in wrong.get_data(as_text=True)
    needs = client.get("/api/v1/designs/press/versions/v1/needs").get_json()
    assert [need["process"] for need in needs["needs"]][:2] == ["pcb_fabrication", "laser_cutting"]
    matches = client.get("/api/v1/designs/press/versions/v1/matches?lat=50&lon=10&km=30").get_json()
    assert len(matches["items"]) == 3
    assert client.get("/api/v1/designs/press/versions/v1/matches?lat=50").status_code == 422
    assert "One step short" in client.get("/fabricators/boards/could-make").get_data(as_text=True)
    assert client.get("/api/v1/fabricators/boards/could-make").get_json()["one_step"][0]["design"] == "press"
    assert client.get("/fabricators/nobody/could-make").status_code == 404


def test_a_designer_corrects_on_the_page(workshops: Stores, client: FlaskClient) -> None:
    owner = accounts.sign_up(workshops, "ada", PASSWORD)
    workshops.db.retrying(lambda session: setattr(session.exec(select(Design)).one(), "owner_id", owner.id))
    assert client.post("/designs/press/v1/makers", data={}).status_code in (400, 401, 403)
    log_in(client, "ada")
    need = making.read_version(workshops, "press", None).needs[0].id
    sent = send(
        client,
        "/designs/press/v1/makers",
        "/designs/press/v1/makers",
        need=need,
        parameter="finishes",
        value="ENIG",
        why="the keys are touched",
    )
    assert sent.status_code == 302
    page = client.get("/designs/press/v1/makers").get_data(as_text=True)
    assert "Corrected" in page and "the keys are touched" in page
    wrong = {"need": need, "parameter": "track_mm_min", "value": "thin <b>", "why": "measured & found"}
    refused = send(client, "/designs/press/v1/makers", "/designs/press/v1/makers", **wrong)
    text = refused.get_data(as_text=True)
    assert refused.status_code == 422 and "is no number" in text and "&lt;b&gt;" in text, "what was typed stays"
    assert 'value="measured &amp; found"' in text and '<option value="track_mm_min" selected' in text
    added = {"need": "new", "value": "welding", "why": ""}
    again = send(client, "/designs/press/v1/makers", "/designs/press/v1/makers", **added)
    assert again.status_code == 422 and '<option value="welding" selected' in again.get_data(as_text=True)
    program, headers = client.application.test_client(), bearer(make_token(client))
    there = "/api/v1/designs/press/versions/v1/needs"
    told = program.post(there, headers=headers, json=wrong | {"value": "0,2 mm"})
    assert told.status_code == 201 and told.get_json()["corrections"][-1]["value"] == 0.2
    fault = program.post(there, headers=headers, json=wrong).get_json()
    assert fault["field"] == "value" and "is no number" in fault["detail"]
    assert program.post(there, json=wrong).status_code == 401


def test_a_worker_derives_what_nobody_looked_at_yet(stores: Stores) -> None:
    build(stores)
    making.install(stores)
    making.install(stores)
    hooks = stores.hooks["worker.keep"]
    assert hooks.count(making.keep_read) == 1
    for look_after in hooks:
        look_after(stores)
    with stores.db.reading() as session:
        assert len(session.exec(select(DesignNeed)).all()) >= 2


def test_what_could_be_made_follows_a_version_that_is_the_newest_without_a_build(workshops: Stores) -> None:
    def offered() -> list[str]:
        shown = making_use.could_make(workshops, "silent")
        return [one.version for one in shown.today + shown.one_step]

    def newest(name: str) -> None:
        with workshops.db.transaction() as session:
            for row in session.exec(select(Revision)):
                row.newest = row.current = row.name == name
                session.add(row)

    assert offered() == ["v1"]
    with workshops.db.transaction() as session:
        design = session.exec(select(Design)).one()
        other = Revision(design_id=design.id, name="v0", label="v0", kind="tag", commit="b" * 40, committed_at=utcnow())
        session.add(other)
    newest("v0")
    assert offered() == [], "a version that is gone is not offered, and of the other nothing is known"
    assert making.follow_newest(workshops) == 0
    newest("v1")
    assert offered() == ["v1"]
    with workshops.db.transaction() as session:
        known = session.exec(select(VersionNeeds)).one()
        v0 = session.exec(select(Revision.id).where(Revision.name == "v0")).one()
        session.add(VersionNeeds(**known.model_dump() | {"revision_id": v0, "derived_at": utcnow()}))
    for name in ("v0", "v1"):
        newest(name)
        assert (making.follow_newest(workshops), making.follow_newest(workshops)) == (1, 0)
        assert offered() == [name]


@pytest.mark.parametrize(
    ("place", "lat", "told"), [("Lyon", 45.7, "Lyon, France"), ("Lima, Peru", -12.0, "Lima, Peru")]
)
def test_near_takes_towns_in_which_no_fabricator_is(sqlite_stores: Stores, place: str, lat: float, told: str) -> None:
    near, name = making_use.near_of(sqlite_stores, making_use.NearQuery(place=place, km="300"))
    assert near.lat is not None and abs(near.lat - lat) < 0.3 and name == told and near.km == 300
