"""Community money: zero in all, within each member's limits, part of a batch's price; on both databases."""

from __future__ import annotations

import json
import re
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner
from community_support import open_community, policy_text, together
from hypothesis import given
from hypothesis import strategies as st
from web_support import bearer, send, sign_up

from app import create_app
from registry.accounts import deleting
from registry.accounts import service as accounts
from registry.accounts.queries import find_account
from registry.batches import service as batches
from registry.batches.batch_schemas import Move, ReservationWish
from registry.cli import main
from registry.dashboard import money
from registry.dashboard import service as dashboard
from registry.dashboard.schemas import PaymentWish
from registry.errors import Conflict, Forbidden, Invalid, NotFound, RegistryError
from registry.fabricators.tables import Member
from registry.ledger import checking
from registry.lending import service as lending
from registry.lending.community import queries, rules, service
from registry.lending.community.schemas import CreditView, LimitsWish, OfferWish, PartView, PartWish, PayWish
from registry.lending.policy import parse
from registry.lending.schemas import PolicyWish
from registry.stores.stores import Stores


@given(st.integers(0, 10**9), st.integers(0, 10_000), st.integers(0, 3), st.integers(0, 6))
def test_both_parts_make_up_the_price(price: int, share: int, decimals: int, own: int) -> None:
    money, credit = rules.split(price, share, decimals, own)
    assert credit >= 0 and money >= price * (10_000 - share) // 10_000
    assert money * 10**own + credit * 10**decimals == price * 10**own
    assert credit * 10**decimals * 10_000 <= price * share * 10**own


def test_a_tenth_of_a_price() -> None:
    assert rules.split(19_99, 1000, 2, 2) == (18_00, 1_99)
    assert rules.split(19_99, 1000, 2, 0) == (18_99, 1)
    assert rules.split(1999, 1000, 0, 2) == (1800, 199_00)


def wish(to: str, amount: int, key: str, **more: object) -> PayWish:
    return PayWish.model_validate({"to": to, "amount_minor": amount, "purpose": "Help", "key": key} | more)


def credit(stores: Stores, account_id: int, shop: str = "") -> CreditView:
    with stores.db.reading() as session:
        return queries.get_credit(session, service.acting(session, account_id, shop))


def part(stores: Stores, number: int, account_id: int | None) -> PartView | None:
    with stores.db.reading() as session:
        return queries.get_part(session, number, account_id)


def test_members_trade_within_limits_and_all_comes_to_zero(stores: Stores, tmp_path: Path) -> None:
    market = open_community(stores, tmp_path / "thing")
    ada, sam, olga, otto, vera, sue = (
        market.people[name] for name in ("ada", "sam", "olga", "otto", "vera", "sue")
    )  # fmt: skip
    first = service.pay(stores, ada, wish("sam", 30_00, "k1"))
    assert service.pay(stores, ada, wish("sam", 30_00, "k1")) == first, "a form sent twice pays once"
    with pytest.raises(Conflict, match="used for something else"):
        service.pay(stores, ada, wish("sam", 31_00, "k1"))
    with pytest.raises(Conflict, match="below your lowest balance"):
        service.pay(stores, ada, wish("sam", 20_01, "k2"))
    with pytest.raises(Conflict, match=r"vera is no member"):
        service.pay(stores, ada, wish("vera", 1, "k3"))
    with pytest.raises(Conflict, match="You are no member"):
        service.pay(stores, vera, wish("ada", 1, "k4"))
    with pytest.raises(Invalid, match="pay itself"):
        service.pay(stores, ada, wish("ada", 1, "k5"))
    with pytest.raises(Forbidden):
        service.pay(stores, ada, wish("sam", 1, "k6", shop="north"))
    service.pay(stores, olga, wish("sam", 50_00, "k7", shop="north"))
    with pytest.raises(Conflict, match="can't receive that much") as told:
        service.pay(stores, ada, wish("sam", 1, "k8"))
    assert "smallest unit" not in str(told.value), "how much another holds is their own affair"
    assert together(stores) == (0, [-30_00, 80_00, -50_00])
    found = credit(stores, sam)
    assert (found.balance_minor, found.available_minor, found.room_minor) == (80_00, 130_00, 0)
    assert [(line.other, line.amount_minor, line.balance_minor) for line in found.lines] == [
        ("North", 50_00, 80_00), ("ada", 30_00, 30_00),
    ]  # fmt: skip
    with pytest.raises(Forbidden):
        service.set_limits(stores, ada, LimitsWish(member="ada", lowest_minor=-90_00, highest_minor=0, why="Me"))
    with pytest.raises(Conflict):
        service.set_limits(stores, sue, LimitsWish(member="sam", lowest_minor=0, highest_minor=10_00, why="Less"))
    more = LimitsWish(member="ada", lowest_minor=-90_00, highest_minor=80_00, why="Runs the kitchen")
    service.set_limits(stores, sue, more)
    service.pay(stores, ada, wish("north", 40_00, "k9", to_kind="fabricator"))
    assert together(stores)[0] == 0 and credit(stores, otto, "north").balance_minor == -10_00
    with pytest.raises(Conflict, match="not zero"):
        service.leave(stores, ada)
    service.join(stores, vera)
    service.set_offer(stores, vera, OfferWish(offers="Welding, Saturdays"))
    with stores.db.reading() as session:
        seen = queries.get_community(session)
    assert (seen.members, seen.owed_minor, seen.turnover_minor) == (4, 80_00, 120_00)
    assert [(offer.member, offer.offers) for offer in seen.offers] == [("vera", "Welding, Saturdays")]
    service.leave(stores, vera)
    service.join(stores, vera)
    assert credit(stores, vera).active and credit(stores, vera).offers == ""
    lending.change_policy(stores, sue, PolicyWish(text=policy_text(exponent=1), why="Other decimals"))
    with pytest.raises(Conflict, match="keeps its decimals"):
        service.join(stores, market.people["olga"])
    with stores.db.reading() as session:
        assert checking.check(session).ok


def due(stores: Stores, shop: int) -> tuple[int, int, int]:
    """(due, what of it may come in credit, what came in credit) on the dashboard."""
    with stores.db.reading() as session:
        [row] = money.books(session, shop).totals
    return row.due_minor, row.credit_due_minor, row.credit_received_minor


def open_parts(stores: Stores, shop: int) -> list[tuple[int | None, int, int]]:
    with stores.db.reading() as session:
        return [(item.place, item.due_minor, item.credit_due_minor) for item in money.items(session, shop)]


def test_part_of_a_batchs_price(stores: Stores, tmp_path: Path) -> None:
    market = open_community(stores, tmp_path / "thing")
    ada, olga, vera, sam = (market.people[name] for name in ("ada", "olga", "vera", "sam"))
    number = market.batch("olga", "north")
    assert part(stores, number, ada) is None
    offered = part(stores, number, olga)
    assert offered is not None and (offered.share_bp, offered.settable) == (0, True)
    with pytest.raises(Invalid, match="10 %"):
        service.set_part(stores, olga, number, PartWish(share_bp=1001))
    with pytest.raises(Forbidden):
        service.set_part(stores, ada, number, PartWish(share_bp=500))
    foreign = market.batch("sam", "south")
    with pytest.raises(Conflict, match="no member"):
        service.set_part(stores, sam, foreign, PartWish(share_bp=500))
    service.set_part(stores, olga, number, PartWish(share_bp=500))
    batches.reserve(stores, ada, number, ReservationWish(units=2, key="a"))
    with pytest.raises(Conflict, match="count on 5 %"):
        service.set_part(stores, olga, number, PartWish(share_bp=400))
    service.set_part(stores, olga, number, PartWish(share_bp=1000))
    seen = part(stores, number, ada)
    assert seen is not None and (seen.unit_money_minor, seen.unit_credit_minor) == (18_00, 2_00)
    assert [(own.total_minor, own.money_minor, own.credit_minor, own.payable) for own in seen.own] == [
        (40_00, 36_00, 4_00, False)
    ]
    with pytest.raises(Conflict, match="not final"):
        service.pay_part(stores, ada, number, 1)
    batches.reserve(stores, vera, number, ReservationWish(units=18, key="v"))
    batches.move(stores, olga, number, Move(action="begin early"))
    with pytest.raises(Conflict, match="You are no member"):
        service.pay_part(stores, vera, number, 2)
    with pytest.raises(NotFound):
        service.pay_part(stores, ada, number, 2)
    shop = market.shops["north"]
    assert due(stores, shop) == (400_00, 40_00, 0) and open_parts(stores, shop) == [
        (1, 40_00, 4_00),
        (2, 360_00, 36_00),
    ]
    paid = service.pay_part(stores, ada, number, 1)
    assert due(stores, shop) == (396_00, 36_00, 4_00) and open_parts(stores, shop)[0] == (1, 36_00, 0)
    whole = PaymentWish(job=number, place=1, amount_minor=40_00, currency="EUR")
    with pytest.raises(Conflict, match="more than agreed"):
        dashboard.see_payment(stores, olga, "north", whole)
    dashboard.see_payment(stores, olga, "north", whole.model_copy(update={"amount_minor": 36_00}))
    assert due(stores, shop) == (360_00, 36_00, 4_00) and len(open_parts(stores, shop)) == 1
    assert service.pay_part(stores, ada, number, 1) == paid, "once"
    assert credit(stores, olga, "north").balance_minor == 4_00 and together(stores)[0] == 0
    seen = part(stores, number, ada)
    assert seen is not None and seen.own[0].paid and not seen.own[0].payable
    with pytest.raises(Conflict, match="its terms stand"):
        service.set_part(stores, olga, number, PartWish(share_bp=0))


def test_many_payments_at_once_stop_at_the_limit(stores: Stores, tmp_path: Path) -> None:
    market = open_community(stores, tmp_path / "thing")
    ada = market.people["ada"]
    answers: list[object] = []
    ready = threading.Barrier(8)

    def work(number: int) -> None:
        ready.wait()
        try:
            answers.append(service.pay(stores, ada, wish("sam", 30_00, f"race-{number}")))
        except RegistryError as error:
            answers.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(type(answer).__name__ for answer in answers) == ["Conflict"] * 7 + ["int"]
    assert together(stores) == (0, [-30_00, 30_00, 0])


def test_a_member_leaves_with_nothing_owed_or_held(sqlite_stores: Stores, tmp_path: Path) -> None:
    market = open_community(sqlite_stores, tmp_path / "thing")
    ada, sam = market.people["ada"], market.people["sam"]
    service.set_offer(sqlite_stores, ada, OfferWish(offers="Welding"))
    service.pay(sqlite_stores, ada, wish("sam", 5_00, "k1"))
    with pytest.raises(Conflict, match="HOURS is not zero"):
        deleting.delete_for(sqlite_stores, "ada")
    service.pay(sqlite_stores, sam, wish("ada", 5_00, "k2"))
    deleting.delete_for(sqlite_stores, "ada")
    with sqlite_stores.db.reading() as session:
        assert queries.get_community(session).offers == []
    assert [line.other for line in credit(sqlite_stores, sam).lines] == [f"deleted-{ada}"] * 2


def test_by_page_json_and_command(sqlite_stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = create_app(stores=sqlite_stores)
    anyone = app.test_client()
    empty = anyone.get("/lending/community")
    assert empty.status_code == 200 and "no currency of the community" in empty.text
    assert anyone.get("/api/v1/lending/community").status_code == 404
    assert parse(policy_text()).community.currency == "HOURS"
    market = open_community(sqlite_stores, tmp_path / "thing")
    wim, eve = app.test_client(), app.test_client()
    for client, handle in ((wim, "wim"), (eve, "eve")):
        assert sign_up(client, handle).status_code == 303
    with sqlite_stores.db.transaction() as session:
        account = find_account(session, "wim")
        assert account and account.id
        session.add(Member(fabricator_id=market.shops["north"], account_id=account.id, role="operator"))
    at = "/lending/community"
    assert "Log in" in anyone.get(at).text and "Join" in eve.get(at).text
    assert send(eve, f"{at}/members").status_code == 303
    pay = {"to": "ada", "amount": "12,50", "purpose": "Paint <red>", "key": "p"}
    for _ in range(2):
        assert send(eve, f"{at}/payments", **pay).status_code == 303
    wrong = send(eve, f"{at}/payments", **(pay | {"amount": "900", "key": "q"}))
    assert wrong.status_code == 409 and "below your lowest balance" in wrong.text and 'value="900"' in wrong.text
    page = eve.get(at).text
    assert "\u221212.50\u00a0HOURS" in page and "Paint &lt;red&gt;" in page and "Paint" not in anyone.get(at).text
    assert send(eve, f"{at}/offers", offers="Sewing <b>").status_code == 303
    assert "Sewing &lt;b&gt;" in anyone.get(at).text
    assert send(eve, f"{at}/leave").status_code == 409
    assert send(eve, f"{at}/limits", member="eve", lowest="-900", highest="0", why="x").status_code == 403
    assert "12.50" in eve.get("/account").text
    number = market.batch("olga", "north")
    assert "HOURS" not in anyone.get(f"/batches/{number}").text
    assert "Take part of the price in HOURS" in wim.get(f"/batches/{number}").text
    assert send(wim, f"{at}/batches/{number}/part", share="10").status_code == 303
    shown = anyone.get(f"/batches/{number}").text
    assert "18.00\u00a0EUR" in shown and "2.00\u00a0HOURS" in shown and f"/batches/{number}" in anyone.get(at).text
    assert "North" in wim.get(f"{at}?shop=north").text and wim.get(f"{at}?shop=south").status_code == 403
    key = re.search(r'name="key" value="([^"]+)"', eve.get(f"/batches/{number}").text)
    assert key and send(eve, f"/batches/{number}/reservations", units="2", key=key[1]).status_code == 303
    assert "36.00\u00a0EUR" in eve.get(f"/batches/{number}").text

    token = bearer(accounts.make_token_for(sqlite_stores, "eve", "test").secret)
    assert anyone.get("/api/v1/lending/community/account").status_code == 401
    own = anyone.get("/api/v1/lending/community/account", headers=token).json
    assert own["balance_minor"] == -12_50 and own["lines"][0]["other"] == "ada"
    body = {"to": "ada", "amount_minor": 50, "purpose": "Tea", "key": "t"}
    assert anyone.post("/api/v1/lending/community/payments", json=body, headers=token).json["balance_minor"] == -13_00
    told = anyone.get(f"/api/v1/batches/{number}/part", headers=token).json
    assert told["share_bp"] == 1000 and told["own"][0]["credit_minor"] == 4_00
    assert anyone.post(f"/api/v1/batches/{number}/reservations/1/part", headers=token).status_code == 409

    monkeypatch.setenv("BRICKYARD_DATA", str(sqlite_stores.settings.data))
    monkeypatch.delenv("BRICKYARD_DATABASE_URL", raising=False)

    def command(*words: str) -> str:
        done = CliRunner().invoke(main, ["community", *words])
        assert done.exit_code == 0, done.output
        return done.output

    assert "eve: Sewing" in command("show") and json.loads(command("show", "--json"))["members"] == 4
    assert command("pay", "sam", "1", "--purpose", "Tea", "--as", "ada").startswith("Transfer")
    assert command("limits", "eve", "--lowest-minor", "-9000", "--highest-minor", "0", "--why", "Trust", "--as", "sue")
    assert "can pay 77.00" in command("statement", "--as", "eve")
    assert "36.00 EUR and 4.00 HOURS" in command("part", str(number), "--as", "eve")
    assert command("offer", "", "--as", "eve") and command("join", "--as", "vera") and command("leave", "--as", "vera")
    assert together(sqlite_stores)[0] == 0
