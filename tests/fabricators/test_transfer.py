"""Files in and out: OKW in all its spellings, tables, SpaceAPI; what can't be read is told, the rest counts."""

from __future__ import annotations

import json

import pytest
from ruamel.yaml import YAML

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


MORE = """
name: Lossless lab
location:
  address: {street: Oak 1, city: Ghent, country: Belgium}
  gps_coordinates: "51.05436, 3.71742"
  directions: second door behind the mill
  what3words: {words: rare.words.here, language: en}
owner: {name: Ada, bio: Makes things, location: {address: {street: Secret 9}}}
contact: {website: "https://lab.example.org", contact: {email: lab@example.org, mobile: "+32 1"}, mailing_list: lab}
floor_size: 120
human_capacity: {headcount: 3}
partners_funders: [{name: City, location: {gps_coordinates: "51.05436, 3.71742"}}]
x_other: {anything: [1, 2.5, {deep: true}]}
equipment:
  - equipment_type: https://en.wikipedia.org/wiki/Laser_cutting
    serial_number: SN-1
    condition: good
    location: {gps_coordinates: "51.05436, 3.71742"}
    materials_worked: ["https://en.wikipedia.org/wiki/Plywood", "https://en.wikipedia.org/wiki/Unobtainium"]
"""


def kept(stores: Stores, text: str, precision: str) -> str:
    """What comes out again of a file, at a precision."""
    told = transfer.read(text.encode()).fabricator.model_copy(update={"precision": precision})
    slug = service.create(stores, None, told)
    with stores.db.reading() as session:
        return transfer.write(queries.get_fabricator(session, slug), "okw", "http://x")


def test_what_we_have_no_field_for_goes_out_as_it_came_in(sqlite_stores: Stores) -> None:
    out = kept(sqlite_stores, MORE, "exact")
    before, after = YAML(typ="safe").load(MORE), YAML(typ="safe").load(out)
    for name in ("floor_size", "human_capacity", "partners_funders", "x_other", "owner"):
        assert after[name] == before[name], name
    assert after["location"]["directions"] and after["location"]["what3words"] == before["location"]["what3words"]
    assert after["contact"] == before["contact"]
    (machine,) = after["equipment"]
    assert (machine["serial_number"], machine["condition"]) == ("SN-1", "good")
    assert machine["materials_worked"][1].endswith("Unobtainium")
    once, twice = transfer.read(out.encode()), transfer.read(kept(sqlite_stores, out, "exact").encode())
    assert once.fabricator == twice.fabricator


@pytest.mark.parametrize("precision", ["town", "region", "country"])
def test_nothing_that_was_kept_tells_where_it_is(sqlite_stores: Stores, precision: str) -> None:
    out = kept(sqlite_stores, MORE, precision)
    assert not any(word in out for word in ("Oak 1", "Secret 9", "51.05436", "3.71742", "mill", "rare.words"))
    assert ("Ghent" in out) == (precision == "town")
    assert all(word in out for word in ("headcount", "SN-1", "+32 1", "deep", "Makes things"))


def test_whole_numbers_where_lengths_belong_are_taken_or_told() -> None:
    text = json.dumps({
        "name": "W",
        "equipment": [
            {"equipment_type": "Fused_filament_fabrication", "nozzle_size": 0, "layer_resolution": 0, "x_travel": 250},
            {"equipment_type": "Laser_cutting", "laser_power": 80, "axes": 3.0, "bed_size": 600, "quantity": 2.0},
            {"equipment_type": "Milling_machining", "maximum_spindle_speed": 24000.5, "axes": 2.5},
        ],
    })  # fmt: skip
    read = transfer.read(text.encode())
    printer, laser, mill = read.fabricator.machines
    assert printer.parameters == {} and printer.work_x_mm == 250
    assert laser.parameters == {"power_w": 80, "axes": 3} and laser.count == 2
    assert mill.parameters == {"spindle_rpm_max": 24000.5}
    said = "\n".join(read.findings)
    assert "nozzle_size is 0" in said and "layer_resolution is 0" in said and "a whole number" in said


def test_a_machine_whose_least_exceeds_its_most_is_told_and_the_rest_counts() -> None:
    text = (
        "machine,process,parameters,materials\n"
        "Line,pcb fabrication,thickness_mm_min=2; thickness_mm_max=1; layers_max=4,\n"
        "Laser,laser cutting,,plywood 12-3\n"
    )
    read = transfer.read(text.encode())
    line, laser = read.fabricator.machines
    assert line.parameters["layers_max"] == 4 and len(line.parameters) == 2
    assert laser.materials[0].thickness_min_mm is None
    said = "\n".join(read.findings)
    assert "is more than" in said and "thicker than the thickest" in said
