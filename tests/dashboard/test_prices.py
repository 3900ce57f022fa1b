"""Prices of parts: which holds for a quantity, and what a list of things to buy comes to by page, JSON and command."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from batch_support import a_line, give
from click.testing import CliRunner
from dashboard_support import Shop
from web_support import bearer, make_token, send, sign_up

from app import create_app
from registry.accounts.queries import find_account
from registry.cli import main
from registry.dashboard import price_rules, prices
from registry.dashboard.price_schemas import PriceWish
from registry.dashboard.tables import PartPrice
from registry.errors import Forbidden, Invalid
from registry.fabricators.tables import Member
from registry.values import utcnow

HERE = "/fabricators/north/dashboard"


def seen(quantity: int, minor: int, vendor: str = "Shop", per: int = 1) -> PartPrice:
    return PartPrice(
        fabricator_id=1, folded="X", mpn="X", quantity=quantity, price_minor=minor, per=per, currency="EUR",
        vendor=vendor, seen_on=dt.date(2026, 11, 1), account_id=1,
    )  # fmt: skip


def test_the_break_that_is_reached_holds_and_of_vendors_the_least() -> None:
    known = [seen(1, 50), seen(100, 30), seen(1, 45, "Other"), seen(1000, 2, "Other")]
    told = [price_rules.cheapest(known, quantity) for quantity in (0.5, 1, 99, 100, 1000)]
    assert [price and (price.vendor, price.price_minor) for price in told] == [
        None, ("Other", 45), ("Other", 45), ("Shop", 30), ("Other", 2),
    ]  # fmt: skip
    assert price_rules.cost(seen(1, 21, per=100), 150) == 32, "31.5, rounded up"
    assert price_rules.folded(" gm-x 5 ") == price_rules.folded("GM-X5")


def test_a_list_says_what_it_costs_and_of_how_many_lines(shop: Shop) -> None:
    give(shop.market, shop.market.design, a_line("Hose", 2, mpn="H-12"), a_line("Plank", 4))
    for units in (10, 14):
        shop.full(("ada", units), most=units)
    olga = shop.who("olga")
    wish = PriceWish(mpn="h-12", price_minor=900, currency="eur", vendor="Shop")
    with pytest.raises(Forbidden):
        prices.keep_price(shop.stores, shop.who("ada"), "north", wish)
    with pytest.raises(Invalid, match="still to come"):
        later = wish.model_copy(update={"seen_on": utcnow().date() + dt.timedelta(days=3)})
        prices.keep_price(shop.stores, olga, "north", later)
    prices.keep_price(shop.stores, olga, "north", wish)
    prices.keep_price(shop.stores, olga, "north", wish.model_copy(update={"price_minor": 800}))
    app = create_app(stores=shop.stores)
    client = app.test_client()
    sign_up(client, "pia")
    with shop.stores.db.transaction() as session:
        pia = find_account(session, "pia")
        assert pia is not None
        session.add(Member(fabricator_id=shop.id, account_id=pia.id, role="operator"))
    token = bearer(make_token(client))
    body = {
        "mpn": "H-12",
        "quantity": 30,
        "price_minor": 500,
        "currency": "EUR",
        "vendor": "Shop",
        "source": "page 7",
    }
    kept = app.test_client().post(f"/api/v1{HERE}/prices", json=body, headers=token)
    assert kept.status_code == 200, kept.text
    told = app.test_client().get(f"/api/v1{HERE}/buy?when=all", headers=token).json
    assert told is not None and len(told["buy"]["lines"]) == 2
    # 48 hoses at 5.00; apart 20 and 28 at 8.00, the newest price of the lower break
    assert told["costs"] == [{"currency": "EUR", "lines": 1, "cost_minor": 24_000, "apart_minor": 38_400}]
    page = client.get(f"{HERE}/buy?when=all").text
    assert "1 of 2 lines" in page and "144.00" in page and "page 7" in page and "Undefined" not in page
    form = {"mpn": "H-12", "currency": "EUR", "vendor": "Other <b>", "per": "10"}
    wrong = send(client, f"{HERE}/prices", f"{HERE}/buy", price="cheap", **form)
    assert wrong.status_code == 422 and "cheap is no amount" in wrong.text and "Other &lt;b&gt;" in wrong.text
    assert send(client, f"{HERE}/prices", f"{HERE}/buy", price="40", **form).status_code == 303
    assert "192.00" in client.get(f"{HERE}/buy?when=all").text, "48 at ten for 40.00 is less"


def test_a_price_from_a_shell(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRICKYARD_DATA", str(shop.stores.settings.data))
    monkeypatch.setenv("BRICKYARD_DATABASE_URL", shop.stores.settings.database_url)
    words = ["fabricators", "price", "north", "R-1", "0.21", "EUR", "--vendor", "Shop", "--per", "100", "--as", "olga"]
    run = CliRunner().invoke(main, [*words, "--json"])
    assert run.exit_code == 0 and "0.21" in json.loads(run.output)["said"], run.output
    with shop.stores.db.reading() as session:
        assert list(prices.known_prices(session, shop.id, ["r-1", ""])) == [("R-1", "EUR")]
