"""Commands of a fabricator's own people, and of a version's needs, as the instance's keeper runs them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from instance_support import Instance
from PIL import Image

from registry.accounts import service as accounts
from registry.cli import main
from registry.stores.stores import Stores
from tests.fabricators.test_making import build

OLGA = ("--as", "olga")


@pytest.fixture
def shop(sqlite_stores: Stores) -> Instance:
    for handle in ("olga", "vera", "eve"):
        accounts.sign_up(sqlite_stores, handle, "clay lime and straw")
    return Instance(sqlite_stores.settings.data)


def given(shop: Instance, text: str, *words: str) -> Result:
    return CliRunner().invoke(main, ["fabricators", *words], env=shop.env, input=text)


def test_a_fabricator_is_kept_from_the_command_line(shop: Instance, tmp_path: Path) -> None:
    assert given(shop, '{"name": "Shop", "town": "Ghent", "country": "BE"}', "add", "-", *OLGA).stdout == (
        "shop: Shop\nNo machines yet.\n"
    )
    assert "Better" in given(shop, '{"name": "Better"}', "describe", "shop", "-", *OLGA).stdout
    saw = {"name": "Saw", "process": "sawing", "work_x_mm": 300}
    made = json.loads(given(shop, json.dumps(saw), "add-machine", "shop", "-", *OLGA, "--json").stdout)
    number = str(made["machine_list"][0]["id"])
    wrong = saw | {"work_x_mm": -3}
    assert given(shop, json.dumps(wrong), "edit-machine", "shop", number, "-", *OLGA).exit_code == 2
    renamed = given(shop, json.dumps(saw | {"name": "Band saw"}), "edit-machine", "shop", number, "-", *OLGA)
    assert f"{number}" in renamed.stdout and "Band saw  Sawing" in renamed.stdout
    assert "vera    viewer" in shop.call("fabricators", "people", "shop", "vera", "viewer", *OLGA).stdout
    refused = shop.call("fabricators", "remove-machine", "shop", number, "--as", "vera")
    assert refused.exit_code != 0 and "you are a viewer there" in refused.output
    assert shop.call("fabricators", "people", "shop", "--as", "eve").exit_code != 0
    assert "vera" not in shop.call("fabricators", "people", "shop", "vera", "none", *OLGA).stdout
    last = shop.call("fabricators", "people", "shop", "olga", "none", *OLGA)
    assert last.exit_code != 0 and "owner" in last.output, "a workshop is not left without one"
    Image.new("RGB", (900, 600), "tan").save(tmp_path / "bench.jpg")
    (tmp_path / "no.jpg").write_text("<svg/>")
    assert "no photo" in shop.call("fabricators", "add-picture", "shop", str(tmp_path / "no.jpg"), *OLGA).output
    words = ("--words", "The bench", *OLGA, "--json")
    added = shop.json("fabricators", "add-picture", "shop", str(tmp_path / "bench.jpg"), *words)
    [picture] = added["pictures"]
    assert picture["words"] == "The bench"
    assert "The bench" not in shop.call("fabricators", "remove-picture", "shop", str(picture["id"]), *OLGA).stdout
    assert "No machines yet" in shop.call("fabricators", "remove-machine", "shop", number, *OLGA).stdout
    assert shop.call("fabricators", "could-make", "shop").stdout == "Nothing here that Better could make.\n"


def test_needs_are_shown_and_corrected_from_the_command_line(shop: Instance, sqlite_stores: Stores) -> None:
    build(sqlite_stores)
    before = shop.json("needs", "show", "press@v1", "--json")
    need = before["needs"][0]["id"]
    correct = ("needs", "correct", "press", need)
    assert shop.call(*correct, "finishes", "ENIG", "--why", "touched", "--as", "eve").exit_code != 0
    told = shop.call(*correct, "finishes", "ENIG", "--why", "touched", *OLGA)
    assert told.exit_code == 0 and f"olga on {need}: finishes ENIG: touched" in told.stdout
    dropped = shop.json(*correct, "drop", "--why", "bought instead", *OLGA, "--json")
    assert need not in [one["id"] for one in dropped["needs"]] and dropped["derived"] == before["needs"]
    new = shop.json("needs", "correct", "press", "new", "process", "welding", "--why", "a seam", *OLGA, "--json")
    assert "welding-said" in [one["id"] for one in new["needs"]]
