"""Fabricators are made and changed by their own people alone; the true place stays with them; bad input is told."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image
from pydantic import ValidationError

from registry.accounts import service as accounts
from registry.errors import Conflict, Forbidden, Invalid, NotFound, TooLarge
from registry.fabricators import making_use, pictures, queries, service, transfer
from registry.fabricators.place import Spot, distance_km
from registry.fabricators.schemas import FabricatorIn, FabricatorNew, FabricatorQuery, MachineIn, MaterialIn
from registry.stores.stores import Stores


def _account(stores: Stores, handle: str) -> int:
    accounts.sign_up(stores, handle, "clay lime and straw")
    with stores.db.reading() as session:
        account = accounts.find_account(session, handle)
    assert account is not None and account.id is not None
    return account.id


@pytest.fixture
def shop(stores: Stores) -> tuple[Stores, str, int, int]:
    """(stores, slug, the steward, the owner)."""
    steward, owner = _account(stores, "stew"), _account(stores, "olga")
    new = FabricatorNew(name="Shop", town="Ghent", country="BE", street="Oak 1", lat_deg=51.05436, lon_deg=3.71742)
    return stores, service.create(stores, owner, new), steward, owner


def test_only_its_people_may_change_it(shop: tuple[Stores, str, int, int]) -> None:
    stores, slug, steward, owner = shop
    machine = MachineIn(name="Saw", process="sawing")
    with pytest.raises(Forbidden, match="for the owners and operators of Shop alone; you are not one of them"):
        service.add_machine(stores, steward, slug, machine)
    service.set_member(stores, owner, slug, "stew", "viewer")
    with pytest.raises(Forbidden, match="you are a viewer there"):
        service.add_machine(stores, steward, slug, machine)
    service.set_member(stores, owner, slug, "stew", "operator")
    number = service.add_machine(stores, steward, slug, machine)
    with pytest.raises(Forbidden):
        service.set_member(stores, steward, slug, "stew", "owner")
    with pytest.raises(Conflict, match="no owner left"):
        service.set_member(stores, owner, slug, "olga", "viewer")
    service.remove_machine(stores, steward, slug, number)
    with pytest.raises(NotFound):
        service.remove_machine(stores, steward, slug, number)


@pytest.mark.parametrize("precision", ["exact", "town", "region", "country"])
def test_the_true_place_is_shown_only_when_wanted(shop: tuple[Stores, str, int, int], precision: Any) -> None:
    stores, slug, _, owner = shop
    told = FabricatorIn(
        name="Shop", town="Ghent", country="BE", street="Oak 1", lat_deg=51.05436, lon_deg=3.71742, precision=precision
    )
    service.edit(stores, owner, slug, told)
    with stores.db.reading() as session:
        shown = queries.get_fabricator(session, slug)
    files = [shown.model_dump_json(), *(transfer.write(shown, form, "http://x") for form in transfer.FORMS)]
    seen = ["51.05436" in files[0], "Oak 1" in files[0], any("51.05436" in text for text in files[1:])]
    assert seen == [precision == "exact"] * 3
    assert shown.town == ("Ghent" if precision in ("exact", "town") else "")
    # nor does a search tell: by the town's name, or by asking around it from several sides
    with stores.db.reading() as session:
        assert bool(queries.search(session, FabricatorQuery(q="ghent"), None)) == bool(shown.town)
        for lat, lon in ((51.05, 3.7), (52.0, 5.0), (48.0, 2.0)):
            ((_, away, *_),) = queries.search(session, FabricatorQuery(), Spot(lat, lon, "here"))
            assert shown.lat_deg is not None and shown.lon_deg is not None
            assert away == distance_km(lat, lon, shown.lat_deg, shown.lon_deg)
    if precision != "exact":
        assert (shown.lat_deg, shown.lon_deg) != (51.05436, 3.71742)
    if precision in ("region", "country"):
        near, told_as = making_use.near_of(stores, making_use.NearQuery(place="Ghent"))
        assert near.known and told_as == "Gent, Belgium", "the town of that name, not theirs"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"parameters": {"thickness_mm_min": 2, "thickness_mm_max": 1}}, "is more than"),
        ({"work_x_mm": -1}, "greater than or equal to 0"),
        ({"parameters": {"track_mm_min": "-0.1"}}, "a number from 0 upwards"),
        ({"parameters": {"track_mm_min": "nan"}}, "a number from 0 upwards"),
        ({"parameters": {"layers_max": 2.5}}, "a whole number"),
        ({"parameters": {"wings": 2}}, "no parameter that this registry knows"),
        ({"process": "alchemy"}, "no process"),
        (
            {"materials": [{"material": "fr4", "thickness_min_mm": 2, "thickness_max_mm": 1}]},
            "thicker than the thickest",
        ),
        ({"materials": [{"material": "unobtainium"}]}, "no material"),
        ({"count": 0}, "greater than or equal to 1"),
    ],
)
def test_bad_machines_are_told(values: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        MachineIn.model_validate({"name": "x", "process": "pcb", **values})


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"currency": "XYZQ"}, "is no currency"),
        ({"country": "Atlantis"}, "is no country"),
        ({"lat_deg": 91, "lon_deg": 0}, "less than or equal to 90"),
        ({"lat_deg": 1}, "one of them is missing"),
        ({"website": "javascript:alert(1)"}, "starts with https"),
        ({"name": "a\x00b"}, "control character"),
    ],
)
def test_bad_fabricators_are_told(values: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        FabricatorIn.model_validate({"name": "x", **values})


def test_thicknesses_in_either_order_are_not_guessed() -> None:
    with pytest.raises(ValidationError, match="thicker"):
        MaterialIn(material="steel", thickness_min_mm=5, thickness_max_mm=1)


def _photo(form: str = "JPEG", size: tuple[int, int] = (900, 600), **more: Any) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "peru").save(out, form, **more)
    return out.getvalue()


def test_photos_lose_what_the_camera_wrote(shop: tuple[Stores, str, int, int]) -> None:
    stores, slug, _, owner = shop
    exif = Image.Exif()
    exif[0x010F] = "Camera of Olga"
    exif.get_ifd(0x8825).update({1: "N", 2: (51.0, 3.0, 15.0)})
    content = _photo(exif=exif)
    assert b"Camera of Olga" in content and Image.open(io.BytesIO(content)).getexif().get_ifd(0x8825)[2][0] == 51
    number = service.add_picture(stores, owner, slug, content, "The shop")
    with stores.db.reading() as session:
        for width in (400, 800, 1600):
            kept = stores.blobs.read(queries.picture_digest(session, slug, number, width))
            opened = Image.open(io.BytesIO(kept))
            assert opened.format == "WEBP" and not opened.getexif() and b"Camera" not in kept
            assert opened.width == min(width, 900)


def test_what_is_no_photo_is_refused() -> None:
    for content in (b'<svg xmlns="http://www.w3.org/2000/svg"/>', b"GIF89a....", b"", _photo("GIF"), _photo()[:300]):
        with pytest.raises(Invalid):
            pictures.read_photo(content)
    with pytest.raises(TooLarge, match=r"50\.0 MiB"):
        pictures.read_photo(b"\xff\xd8" + b"0" * (50 * 1024**2))
    with pytest.raises(TooLarge, match="too many pixels"):
        pictures.read_photo(_photo("PNG", (9_000, 9_000)))
