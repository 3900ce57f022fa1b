"""Searches in plain words are read; places, sizes and materials choose."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from registry.errors import Invalid
from registry.fabricators import place, queries, service
from registry.fabricators.schemas import FabricatorNew, FabricatorQuery, MachineIn, MaterialIn
from registry.fabricators.search import canonical
from registry.stores.stores import Stores


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (
            "laser cutter that takes 3 mm aluminium within 100 km",
            {"process": "laser_cutting", "material": "aluminium", "thickness_mm": 3.0, "within_km": 100.0},
        ),
        (
            "laser cutter that takes 3 mm aluminium within 100 km of Ghent",
            {
                "process": "laser_cutting",
                "material": "aluminium",
                "thickness_mm": 3.0,
                "within_km": 100.0,
                "near": "Ghent",
            },
        ),
        ("3mm aluminium laser cutting near Ghent", {"process": "laser_cutting", "thickness_mm": 3.0, "near": "Ghent"}),
        ("PCB house in Germany", {"process": "pcb_fabrication", "country": "DE", "near": ""}),
        (
            "cnc milling 300 x 200 mm plywood",
            {"process": "cnc_milling", "x_mm": 300.0, "y_mm": 200.0, "material": "plywood"},
        ),
        ("Smith and sons", {"process": "", "q": "Smith and sons"}),
        ("", {"q": "", "process": ""}),
    ],
)
def test_plain_words_are_read(said: str, meant: dict[str, Any]) -> None:
    read = canonical(FabricatorQuery(q=said)).model_dump()
    assert {name: read[name] for name in meant} == meant


def test_a_field_that_is_set_is_not_overruled() -> None:
    read = canonical(FabricatorQuery(q="laser cutter", process="welding"))
    assert read.process == "welding"


def test_distance_is_along_the_great_circle() -> None:
    # Berlin to Paris: 878 km (Source: great-circle distance between 52.52, 13.405 and 48.8566, 2.3522)
    assert place.distance_km(52.52, 13.405, 48.8566, 2.3522) == pytest.approx(877.5, abs=1.5)


def test_a_box_holds_its_circle_across_the_date_line() -> None:
    south, north, ranges = place.box_around(-17.0, 179.5, 200.0)
    assert south < -18 and north > -16 and len(ranges) == 2
    assert place.box_around(89.0, 0.0, 500.0)[2] == [(-180.0, 180.0)]


def _machine(process: str, *materials: tuple[str, float | None, float | None], **more: Any) -> MachineIn:
    taken = [MaterialIn(material=m, thickness_min_mm=low, thickness_max_mm=high) for m, low, high in materials]
    return MachineIn(name=process, process=process, materials=taken, **more)


@pytest.fixture
def three(stores: Stores) -> Stores:
    for name, town, country, machine in (
        ("Ghent Laser", "Ghent", "BE", _machine("laser_cutting", ("aluminium", 0.5, 4), work_x_mm=600, work_y_mm=400)),
        ("Paris Laser", "Paris", "FR", _machine("laser_cutting", ("plywood", 1, 9), ("steel", 1, 6))),
        ("Berlin Printer", "Berlin", "DE", _machine("fdm_printing", ("pla", None, None))),
    ):
        service.create(stores, None, FabricatorNew(name=name, town=town, country=country, machines=[machine]))
    return stores


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"process": "laser_cutting", "material": "aluminium", "thickness_mm": 3}, ["Ghent Laser"]),
        ({"process": "laser_cutting", "material": "aluminium", "thickness_mm": 5}, []),
        ({"process": "3d_printing"}, ["Berlin Printer"]),
        ({"material": "mild_steel", "thickness_mm": 3}, ["Paris Laser"]),
        ({"x_mm": 390, "y_mm": 590}, ["Ghent Laser"]),
        ({"x_mm": 700}, []),
        ({"near": "Brussels", "within_km": 100}, ["Ghent Laser"]),
        ({"near": "Brussels", "process": "laser cutter"}, ["Ghent Laser", "Paris Laser"]),
        ({"country": "Germany"}, ["Berlin Printer"]),
        ({"q": "paris las"}, ["Paris Laser"]),
        ({"q": "100% _"}, []),
        ({"process": "alchemy"}, []),
    ],
)
def test_only_what_fits_is_found(three: Stores, asked: dict[str, Any], found: list[str]) -> None:
    query = canonical(FabricatorQuery(**asked))
    with three.db.reading() as session:
        rows = queries.search(session, query, queries.spot_of(query))
        cards = queries.cards(session, [row[0] for row in rows], {row[0]: row[1] for row in rows})
    assert [card.name for card in cards] == found


def test_a_place_that_nobody_knows_is_told() -> None:
    with pytest.raises(Invalid, match="is no place"):
        queries.spot_of(FabricatorQuery(near="Nowhereville"))


def test_a_distance_without_a_place_asks_for_one(client: FlaskClient, three: Stores) -> None:
    asked = "/fabricators?q=laser+cutter+that+takes+3+mm+aluminium+within+100+km"
    page = client.get(asked).get_data(as_text=True)
    assert "Within 100&#8239;km of where?" in page or "Within 100 km of where?" in page
    assert 'name="material" value="aluminium"' in page and 'name="within_km" value="100"' in page
    told = client.get("/api/v1" + asked).get_json()
    assert told["understood"] == [
        "Laser cutting",
        "Aluminium",
        "3 mm thick",
        "within 100 km of a place that is not named",
    ]
    near = client.get(asked + "&near=Ghent").get_data(as_text=True)
    assert "of where?" not in near and "within 100 km of Gent" in near
