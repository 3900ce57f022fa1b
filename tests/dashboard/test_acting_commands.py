"""A workshop's day, build reports, official makers and notices from the command line, as pages and JSON have them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from dashboard_support import Shop, open_shop
from sqlalchemy import text
from unit_support import a_photo

from registry.cli import main
from registry.stores.stores import Stores


@pytest.fixture
def shop(sqlite_stores: Stores, tmp_path: Path) -> Shop:
    return open_shop(sqlite_stores, tmp_path / "thing")


def call(shop: Shop, *words: str, given: str | None = None) -> Result:
    env = {"BRICKYARD_DATA": str(shop.stores.settings.data), "BRICKYARD_DATABASE_URL": ""}
    return CliRunner().invoke(main, list(words), env=env, input=given)


def told(shop: Shop, *words: str, given: str | None = None) -> str:
    done = call(shop, *words, given=given)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_a_workshops_day(shop: Shop) -> None:
    job, laser, olga = shop.full(), shop.machine("Laser"), ("--as", "olga")
    quote = shop.quote()
    shop.ask_word(quote, "Zinc or paint?")
    assert f"quote-{quote}  new  ada" in told(shop, "fabricators", "inbox", "north", *olga)
    assert told(shop, "fabricators", "write", "north", f"quote-{quote}", "Zinc", *olga) == "Sent.\n"
    thread = told(shop, "fabricators", "inbox", "north", f"quote-{quote}", *olga)
    assert "ada: Zinc or paint?" in thread and "olga: Zinc" in thread
    assert "ada: When?" in told(shop, "batches", "words", str(job), "When?", "--as", "ada")
    assert call(shop, "batches", "words", str(job), "--as", "otto").exit_code == 1
    queue = json.loads(told(shop, "fabricators", "inbox", "north", f"queue-{job}", *olga, "--json"))
    assert [place["units"] for place in queue["queue"]] == [12, 8]
    assert told(shop, "fabricators", "machine", "north", str(laser), "busy", *olga) == "Laser: busy.\n"
    planned = told(shop, "fabricators", "plan", "north", str(job), "--hours", "7,5", "--due", "2030-05-06", *olga)
    assert planned == f"The plan of batch {job} is kept.\n"
    assert shop.rows("SELECT work_minutes, due_on FROM job_plan") == [(450, "2030-05-06")]
    assert told(shop, "fabricators", "day", "north", "2030-12-24", *olga) == "Closed on 24 December 2030.\n"
    assert told(shop, "fabricators", "day", "north", "2030-12-24", "--open", *olga) == "Open on 24 December 2030.\n"
    pay = ("fabricators", "paid", "north", "100.50", "EUR", "--batch", str(job), "--place", "1", "--key", "k", *olga)
    assert told(shop, *pay) == told(shop, *pay) == "100.50\u00a0EUR received.\n"
    assert shop.sql("SELECT SUM(amount_minor) FROM payment_seen") == 10_050
    back = told(shop, *pay[:3], "0.50", *pay[4:9], "--back", "--why", "too much", *olga)
    assert back == "0.50\u00a0EUR given back.\n"
    for words, sentence in (
        (("machine", "north", str(laser), "ready", "--as", "vera"), "you are a viewer there"),
        (("inbox", "north", "--as", "sam"), "you are not one of them"),
        (("write", "north", f"quote-{quote}", " ", *olga), "The message is empty."),
        (("plan", "north", str(job), "--hours", "many", *olga), "is no number of hours"),
        (("paid", "north", "1", "USD", "--batch", str(job), "--place", "1", *olga), "agreed in EUR, not in USD"),
        (("day", "north", "2030-12-24", "--as", "nobody-here"), "no account called nobody-here"),
    ):
        refused = call(shop, "fabricators", *words)
        assert refused.exit_code in (1, 2) and sentence in refused.stderr and refused.stderr.count("\n") == 1, words


def test_reports_official_makers_and_notices(shop: Shop, tmp_path: Path) -> None:
    design, ada = shop.market.design, ("--as", "ada")
    with shop.stores.db.transaction() as session:
        session.execute(text("UPDATE design SET owner_id = :ada"), {"ada": shop.who("ada")})
    wish = {"outcome": "works", "country": "Belgium", "town": "Ghent", "words": "Stands well.", "units": 2}
    photo = tmp_path / "a.jpg"
    photo.write_bytes(a_photo())
    written = told(shop, "report", "write", design, "-", "--photo", str(photo), "--as", "sam", given=json.dumps(wish))
    assert written.startswith("Report 1 by sam of ") and "units: 2; Belgium" in written and "Stands well." in written
    assert told(shop, "reports", design).startswith("Built by 1 other")
    added = json.loads(
        told(shop, "report", "photo", "1", str(photo), "--words", "From the side", "--as", "sam", "--json")
    )
    assert len(added["photos"]) == 2 and added["events"][-1]["why"] == "A photo was added."
    for kept in added["photos"]:
        assert kept["words"] in ("", "From the side")
    reworded = json.dumps(wish | {"outcome": "failed", "failed_step": "Sawing", "why": "It fell."})
    assert "Failed at: Sawing" in told(shop, "report", "reword", "1", "-", "--as", "sam", given=reworded)
    assert call(shop, "report", "photo", "1", str(photo), *ada).exit_code == 1
    assert "withdrawn" in told(shop, "report", "state", "1", "withdraw", "--as", "sam")
    assert "Nobody is named" in told(shop, "official", "list", design)
    terms = json.dumps({"fabricator": "north", "mark": "A yellow brick", "contribution_minor": 150})
    named = told(shop, "official", "name", design, "-", *ada, given=terms)
    assert "north" in named and "offered" in named and "1.50 EUR" in named
    refused = call(shop, "official", "answer", design, "1", "accept", "--terms", "1", "--as", "vera")
    assert refused.exit_code == 1 and "for the owners of the fabricator" in refused.stderr
    assert "active" in told(shop, "official", "answer", design, "1", "accept", "--terms", "1", "--as", "otto")
    told(shop, "notices", "list", *ada)  # from now on
    shop.quote()
    assert "new" in told(shop, "notices", "list", "--unread", *ada)
    assert "0 unread." in told(shop, "notices", "read", *ada)
    kinds = json.loads(told(shop, "notices", "choices", *ada, "--json"))["choices"]
    chosen = told(shop, "notices", "choices", f"{kinds[0]['kind']}=none", *ada)
    assert "none" in chosen and "No mail: no address is set." in chosen
    made = json.loads(told(shop, "notices", "calendars", "--new", "me", *ada, "--json"))
    assert made["items"][0]["url"].endswith(".ics")
    assert ".ics" not in told(shop, "notices", "calendars", "--end", "me", *ada)
