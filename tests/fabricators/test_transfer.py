"""Files in and out: OKW in all its spellings, tables, SpaceAPI; what can't be read is told, the rest counts."""

from __future__ import annotations

import json

import pytest

from registry.errors import Invalid, TooLarge
from registry.fabricators import demo, queries, service, transfer
from registry.stores.stores import Stores

OKW = """
name: Werkplaats
facilityStatus: Active
accessType: Membership
unknownThing: {kept: 7}
location: {address: {city: Ghent, country: Belgium}, gpsCoordinates: "51.05, 3.72"}
equipment:
  - equipmentType: https://en.wikipedia.org/wiki/Laser_cutting
    make: Trotec
    quantity: "2"
    xTravel: "1245"
    y_travel: 710 mm
    laserPower: "80"
    materialsWorked: ["https://en.wikipedia.org/wiki/Plywood", "https://en.wikipedia.org/wiki/Unobtainium"]
  - equipment_type: Fused_filament_fabrication
    nozzle_size: 0.4
    layer_resolution: "0,1"
    bed_size: 250 x 210
  - equipment_type: https://en.wikipedia.org/wiki/Time_machine
    axes: -3
manufacturing_processes: [https://en.wikipedia.org/wiki/Sewing, https://en.wikipedia.org/wiki/Laser_cutting]
"""


def test_okw_is_read_in_both_spellings_with_findings() -> None:
    read = transfer.read(OKW.encode())
    told = read.fabricator
    assert (told.name, told.town, told.country, told.access) == ("Werkplaats", "Ghent", "BE", "members")
    assert (told.lat_deg, told.lon_deg) == (51.05, 3.72) and told.extra == {"unknown_thing": {"kept": 7}}
    laser, printer, machine, sewing = told.machines
    assert (laser.process, laser.count, laser.work_x_mm, laser.work_y_mm) == ("laser_cutting", 2, 1245, 710)
    assert laser.parameters == {"power_w": 80} and [m.material for m in laser.materials] == ["plywood"]
    assert laser.extra["materials"] == ["https://en.wikipedia.org/wiki/Unobtainium"]
    assert printer.parameters == {"nozzle_mm": 0.4, "layer_mm_min": 0.1} and printer.work_y_mm == 210
    assert machine.process == "other" and "Time_machine" in machine.extra["process"] and not machine.parameters
    assert sewing.process == "sewing"
    said = " ".join(read.findings)
    assert "Unobtainium" in said and "Time_machine" in said and "Axes is -3" in said


def test_json_and_toml_are_the_same_facility() -> None:
    tree = {"name": "W", "location": {"coordinates": {"lat": 1, "lon": 2}}, "equipment": [{"equipment_type": "Lathe"}]}
    toml = 'name = "W"\n[location.coordinates]\nlat = 1\nlon = 2\n[[equipment]]\nequipment_type = "Lathe"\n'
    one, two = transfer.read(json.dumps(tree).encode()), transfer.read(toml.encode())
    assert one.fabricator == two.fabricator and one.fabricator.machines[0].process == "turning"


@pytest.mark.parametrize("form", ["okw", "csv"])
def test_what_goes_out_comes_in_again(stores: Stores, form: str) -> None:
    for slug in demo.load(stores):
        with stores.db.reading() as session:
            before = queries.get_fabricator(session, slug)
        read = transfer.read(transfer.write(before, form, "http://x").encode())
        assert read.findings == [] and read.form == form
        with stores.db.reading() as session:
            after = queries.get_fabricator(session, service.create(stores, None, read.fabricator))
        machines = [m.model_dump(exclude={"id"}) for m in after.machine_list]
        assert machines == [m.model_dump(exclude={"id"}) for m in before.machine_list]
        if form == "okw":
            apart = {"id", "slug", "machine_list", "updated_at", "is_example"}
            assert after.model_dump(exclude=apart) == before.model_dump(exclude=apart)
    assert demo.load(stores) == []


def test_spaceapi_is_read_and_written(stores: Stores) -> None:
    space = {
        "api": "0.13", "space": "Hackspace", "url": "https://space.example.org", "state": {"open": True},
        "location": {"address": "Main 1, 9000 Ghent, Belgium", "lat": 51.05, "lon": 3.72},
        "ext_fablab": {"capabilities": ["laser cutting", "3D printing", "moon walking"]},
    }  # fmt: skip
    read = transfer.read(json.dumps(space).encode())
    assert [m.process for m in read.fabricator.machines] == ["laser_cutting", "3d_printing", "other"]
    assert (read.fabricator.town, read.fabricator.country) == ("Ghent", "BE") and "moon walking" in read.findings[0]
    with stores.db.reading() as session:
        shown = queries.get_fabricator(session, service.create(stores, None, read.fabricator))
    again = transfer.read(transfer.write(shown, "spaceapi", "http://x").encode())
    assert [m.process for m in again.fabricator.machines] == ["laser_cutting", "3d_printing", "other"]


def test_formulas_are_no_formulas_in_tables(stores: Stores) -> None:
    text = "machine,process,notes\n=cmd(),laser cutting,@x\n"
    read = transfer.read(text.encode())
    with stores.db.reading() as session:
        shown = queries.get_fabricator(session, service.create(stores, None, read.fabricator))
    out = transfer.write(shown, "csv", "http://x")
    assert "'=cmd()" in out and ",=cmd()" not in out and "'@x" in out
    assert transfer.read(out.encode()).fabricator.machines[0].name == "=cmd()"


@pytest.mark.parametrize(
    "text", ["", "just words", "- a\n- b", "{", "name: [", "equipment: []", "a: &a [*a]", "x: " + "[" * 5000, "\0"]
)
def test_what_is_no_facility_is_told(text: str) -> None:
    with pytest.raises(Invalid):
        transfer.read(text.encode())


def test_a_file_beyond_the_limit_is_refused() -> None:
    with pytest.raises(TooLarge):
        transfer.read(b"a" * (1024**2 + 1))
