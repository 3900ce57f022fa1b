"""Batches of designs that share parts buy together: one list, and what it spares."""

from __future__ import annotations

import json
from pathlib import Path

import build_support
import pytest
from batch_support import Market, a_line, begun, give, open_market
from click.testing import CliRunner

from app import create_app
from registry.batches import buying, service
from registry.batches.batch_schemas import Move, ReservationWish
from registry.batches.buying_schemas import SharedBuying
from registry.cli import main
from registry.designs import service as designs
from registry.designs.schemas import Submission
from registry.errors import Conflict, NotFound
from registry.stores.stores import Stores


@pytest.fixture
def pair(market: Market, tmp_path: Path) -> tuple[int, int, int]:
    return _pair(market, tmp_path)


def _pair(market: Market, tmp_path: Path) -> tuple[int, int, int]:
    """Batches of two designs that share a resistor, and one of a third that shares nothing."""
    first = market.design
    give(market, first, a_line("10k", 4, "RC0603-10K"), a_line("CPU", 1, "STM32"),
         a_line("Plank", 2, value="C24 45 x 95"), a_line("spare", 9, "RC0603-1K", dnp=True))  # fmt: skip
    numbers = [market.batch("olga", "north", least=10, most=20)]
    for name, line in (("lamp", a_line("R 10k", 3, "rc0603-10k ")), ("stool", a_line("Plank", 4))):
        source = build_support.make_design(tmp_path / name, {"bom.csv": f"Item,Qty\n{name},1\n"})
        market.design = designs.submit(market.stores, None, Submission(url=str(source))).slug
        give(market, market.design, line, a_line("LED", 1, f"LED-{name}"))
        numbers.append(market.batch("sam", "south", least=10, most=40))
    market.design = first
    return numbers[0], numbers[1], numbers[2]


def read(market: Market, number: int, chosen: list[int] | None = None) -> SharedBuying:
    with market.stores.db.reading() as session:
        return buying.shared(market.stores, session, number, None, chosen)


def test_one_list_over_batches_of_different_workshops(market: Market, pair: tuple[int, int, int]) -> None:
    first, second, third = pair
    take = ReservationWish(units=15, key="a")
    service.reserve(market.stores, market.people["ada"], second, take)
    found = read(market, first)
    assert [(partner.number, partner.units, partner.parts) for partner in found.partners] == [(second, 15, 1)]
    assert found.units == {first: 10, second: 15}
    resistor = next(line for line in found.buy.lines if line.mpn.casefold().startswith("rc0603-10k"))
    assert resistor.jobs == {first: 40, second: 45} and resistor.quantity == 85
    assert not any("spare" in line.description for line in found.buy.lines)
    assert (len(found.buy.lines), found.buy.lines_apart, found.buy.lines_shared) == (4, 5, 1)
    alone = read(market, first, [])
    assert alone.units == {first: 10} and len(alone.buy.lines) == alone.buy.lines_apart == 3
    assert [partner.chosen for partner in alone.partners] == [False]
    with pytest.raises(Conflict, match=f"Batch {third} buys nothing together with batch {first}"):
        read(market, first, [third])


def test_a_batch_with_its_materials_buys_no_more_with_others(market: Market, pair: tuple[int, int, int]) -> None:
    first, second, _ = pair
    sam = market.people["sam"]
    service.reserve(market.stores, market.people["ada"], second, ReservationWish(units=40, key="a"))
    service.move(market.stores, sam, second, Move(action="begin early"))
    assert [partner.number for partner in read(market, first).partners] == [second]
    service.move(market.stores, sam, second, Move(action="materials"))
    assert read(market, first).partners == [] and read(market, second).partners == []


def test_a_draft_or_unknown_batch_shows_no_list(market: Market) -> None:
    with pytest.raises(NotFound):
        read(market, 99)
    assert read(market, begun(market)).buy.lines == []


def test_buying_by_page_json_csv_and_command(sqlite_stores: Stores, tmp_path: Path) -> None:
    market = open_market(sqlite_stores, tmp_path / "thing")
    first, second, third = _pair(market, tmp_path)
    client = create_app(stores=sqlite_stores).test_client()
    assert "are ordered instead of 5" in client.get(f"/batches/{first}").text
    page = client.get(f"/batches/{first}/buying").text
    assert "Orders spared" in page and f'value="{second}" checked' in page and "1 part in common" in page
    assert "C24 45 x 95" in page and '<span class="quiet small">Plank</span>' in page
    alone = client.get(f"/batches/{first}/buying?with=").text
    assert "Orders spared" not in alone and f'value="{second}" checked' not in alone
    refused = client.get(f"/batches/{first}/buying?with={third}")
    assert refused.status_code == 409 and "buys nothing together" in refused.text
    answer = client.get(f"/api/v1/batches/{first}/buying?partners={second}").json
    assert answer["buy"]["lines_apart"] == 5 and answer["units"] == {str(first): 10, str(second): 10}
    table = client.get(f"/batches/{first}/buying.csv?with={second}")
    assert f"{first}: 40; {second}: 30" in table.text and table.headers["Content-Disposition"].endswith('.csv"')
    env = {"BRICKYARD_DATA": str(market.stores.settings.data), "BRICKYARD_DATABASE_URL": ""}
    done = CliRunner().invoke(main, ["batches", "buy", str(first)], env=env)
    assert done.exit_code == 0 and "4 lines together, 5 apart." in done.output and "C24 45 x 95, Plank" in done.output
    told = json.loads(CliRunner().invoke(main, ["batches", "buy", str(first), "--alone", "--json"], env=env).stdout)
    assert list(told["units"]) == [str(first)]
