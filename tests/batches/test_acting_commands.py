"""What pages and JSON do with requests, quotes and batches, from the command line."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from batch_support import Market, an_offer, open_market
from click.testing import CliRunner, Result

from registry.cli import main
from registry.stores.stores import Stores
from registry.values import utcnow


@pytest.fixture
def market(sqlite_stores: Stores, tmp_path: Path) -> Market:
    return open_market(sqlite_stores, tmp_path / "thing")


def call(market: Market, *words: str, given: str | None = None) -> Result:
    env = {"BRICKYARD_DATA": str(market.stores.settings.data), "BRICKYARD_DATABASE_URL": ""}
    return CliRunner().invoke(main, list(words), env=env, input=given)


def told(done: Result) -> str:
    assert done.exit_code == 0, done.output
    return done.stdout


def test_from_a_request_to_a_batch_that_is_made(market: Market, tmp_path: Path) -> None:
    wish = tmp_path / "wish.json"
    wish.write_text(json.dumps({"design": market.design, "fabricators": ["north", "south"], "quantities": [10, 50]}))
    number = told(call(market, "requests", "ask", str(wish), "--as", "ada")).strip()
    shown = json.loads(told(call(market, "requests", "show", number, "--as", "ada", "--json")))
    north, south = (str(quote["id"]) for quote in shown["quotes"])
    offer = an_offer().model_dump_json()
    told(call(market, "quotes", "offer", north, "-", "--as", "olga", given=offer))
    table = told(call(market, "requests", "show", number, "--as", "ada"))
    assert "20.00 EUR" in table and "15.00 EUR" in table and "requested" in table
    assert "Zinc?" in told(call(market, "quotes", "write", north, "Zinc?", "--as", "ada"))
    refused = call(market, "quotes", "offer", north, "-", "--as", "vera", given=offer)
    assert refused.exit_code == 1 and "you are a viewer there" in refused.stderr
    late = call(market, "quotes", "change", north, "accept", "--version", "2", "--as", "ada")
    assert late.exit_code == 1 and "revised while you read it" in late.stderr
    told(call(market, "quotes", "change", north, "accept", "--version", "1", "--as", "ada"))
    assert "declined" in told(call(market, "quotes", "show", south, "--as", "sam"))
    deadline = (utcnow() + dt.timedelta(days=5)).isoformat()
    plan = json.dumps({"quote": int(north), "units_min": 10, "units_max": 20, "deadline_at": deadline})
    planned = json.loads(told(call(market, "batches", "plan", "-", "--as", "olga", "--json", given=plan)))
    batch = str(planned["number"])
    assert planned["state"] == "draft"
    assert "is open" in told(call(market, "batches", "move", batch, "open", "--as", "olga"))
    once = told(call(market, "batches", "reserve", batch, "5", "--key", "k", "--as", "ada"))
    assert once == told(call(market, "batches", "reserve", batch, "5", "--key", "k", "--as", "ada"))
    assert "cancelled" in told(call(market, "batches", "cancel", batch, "1", "--as", "ada"))
    assert "number 2 in the queue" in told(call(market, "batches", "reserve", batch, "20", "--named", "--as", "ada"))
    told(call(market, "batches", "move", batch, "begin early", "--as", "olga"))
    told(call(market, "batches", "move", batch, "materials", "--as", "olga"))
    told(call(market, "batches", "count", batch, "made", "--good", "20", "--scrap", "1", "--as", "olga"))
    assert "is made: 20 of 20" in told(call(market, "batches", "move", batch, "made", "--as", "olga"))


def test_bad_use_is_one_sentence(market: Market, tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    for words, code, said in (
        (("requests", "ask", str(broken), "--as", "ada"), 2, "is not JSON"),
        (("requests", "show", "1", "--as", "nobody-here"), 1, "There is no account called"),
        (("requests", "show", "77", "--as", "ada"), 1, "no request 77"),
        (("quotes", "show", "77", "--as", "ada"), 1, "no quote 77"),
        (("batches", "move", "1", "fly", "--as", "olga"), 2, "action"),
        (("batches", "reserve", "77", "1", "--as", "ada"), 1, "no batch 77"),
        (("quotes", "show", "1"), 2, "--as"),
    ):
        done = call(market, *words)
        assert done.exit_code == code and said in done.stderr and done.stderr.count("\n") == 1, done.output
    number = str(market.ask("ada", "north"))
    done = call(market, "requests", "call-off", number, "--why", "found one", "--as", "ada")
    assert told(done) == f"Request {number} is called off.\n"
