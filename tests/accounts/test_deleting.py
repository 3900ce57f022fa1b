"""Deleting an account: names go, what was done stays told."""

from __future__ import annotations

import threading
import time

import pytest
from click.testing import CliRunner
from flask import Flask
from lending_support import IBAN, open_world
from sqlalchemy import text
from web_support import PASSWORD, log_in, send, sign_up

from registry.accounts import deleting, queries
from registry.accounts.tables import Account
from registry.cli import main
from registry.errors import Conflict, NotFound
from registry.ledger import checking
from registry.lending.campaigns import pledging, treasurers
from registry.lending.campaigns.queries import get_campaign
from registry.lending.campaigns.schemas import ChoiceWish, PayoutWish, TreasurerWish
from registry.stores.stores import Stores


def test_by_page(app: Flask, stores: Stores) -> None:
    sue, bob = app.test_client(), app.test_client()
    sign_up(sue, "sue")
    sign_up(bob, "bob", email="bob@example.org")
    wrong = send(bob, "/account/delete", "/account", delete_handle="bob", delete_password="wrong words here")
    assert wrong.status_code == 422 and "The password is not right" in wrong.text
    assert send(bob, "/account/delete", "/account", delete_handle="rob", delete_password=PASSWORD).status_code == 422
    only = send(sue, "/account/delete", "/account", delete_handle="sue", delete_password=PASSWORD)
    assert only.status_code == 409 and "only steward" in only.text
    assert send(bob, "/account/delete", "/account", delete_handle="bob", delete_password=PASSWORD).status_code == 303
    assert bob.get("/account").status_code == 401
    assert log_in(app.test_client(), "bob").status_code == 422
    with stores.db.reading() as session:
        row = session.get_one(Account, 2)
        assert (row.handle, row.email, row.deleted_at is not None) == ("deleted-2", "", True)
        assert [one.handle for one in queries.list_accounts(session)] == ["sue"]
        assert queries.find_account(session, "deleted-2") is None
    assert log_in(app.test_client(), "deleted-2", "!").status_code == 422
    assert sign_up(app.test_client(), "deleted-9").status_code == 422
    assert sign_up(app.test_client(), "bob").status_code == 303, "the name is free again"


def test_a_lender_leaves_and_the_book_keeps_the_numbers(stores: Stores) -> None:
    world = open_world(stores)
    number = world.campaign()
    paid = world.pledge("lea", number, 12_000, named=True, payout=PayoutWish(name="Lea L", iban=IBAN))
    world.pay(paid)
    unpaid = world.pledge("lea", number, 5_000, named=True)
    world.pledge("luc", number, 8_000, named=True)
    wish = TreasurerWish(handle="lea", why="She counts well")
    treasurers.name(stores, world.people["sue"], wish)
    deleting.delete_for(stores, "lea")
    assert (world.row(unpaid).state, world.row(paid).state) == ("withdrawn", "paid")
    assert world.row(paid).payout_iban == IBAN, "she is still to be paid back"
    with stores.db.reading() as session:
        shown = get_campaign(session, number)
        assert not treasurers.is_treasurer(session, world.people["lea"])
    assert [(one.who, one.amount_minor) for one in shown.pledges] == [("somebody", 12_000), ("luc", 8_000)]
    assert world.loan(number).held_minor == 20_000 and world.balance("lea", number, "loan") == 12_000
    with pytest.raises(NotFound):
        deleting.delete_for(stores, "lea")
    # money that is sent back still becomes hers
    world.over(number)
    assert world.balance("lea", number, "due") == 12_000
    with stores.db.reading() as session:
        assert checking.check(session).ok


def test_who_is_owed_nothing_leaves_no_bank_account_behind(stores: Stores) -> None:
    world = open_world(stores)
    mine = world.pledge("lou", world.campaign(), 5_000)
    pledging.choose(stores, world.people["lou"], mine, ChoiceWish(payout=PayoutWish(name="Lou", iban=IBAN)))
    deleting.delete_for(stores, "lou")
    assert (world.row(mine).payout_iban, world.row(mine).payout_name) == ("", "")


def test_a_workshop_keeps_an_owner(sqlite_stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    world = open_world(sqlite_stores)
    with pytest.raises(Conflict, match="North would have no owner left"):
        deleting.delete_for(sqlite_stores, "otto")
    with sqlite_stores.db.reading() as session:
        assert session.get_one(Account, world.people["otto"]).handle == "otto"
    monkeypatch.setenv("BRICKYARD_DATA", str(sqlite_stores.settings.data))
    monkeypatch.delenv("BRICKYARD_DATABASE_URL", raising=False)
    assert CliRunner().invoke(main, ["account", "delete", "olga"], input="n\n").exit_code != 0
    done = CliRunner().invoke(main, ["account", "delete", "olga", "--yes"])
    assert done.exit_code == 0 and "deleted" in done.output
    assert "olga" not in CliRunner().invoke(main, ["account", "list"]).output


def test_a_deadlock_is_undone_and_the_deletion_runs_again(stores: Stores) -> None:
    if stores.db.on_sqlite:
        pytest.skip("writers take turns on SQLite")
    world = open_world(stores)
    number, lea = world.campaign(), world.people["lea"]
    unpaid = world.pledge("lea", number, 5_000)
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    deletion = threading.Thread(target=deleting.delete_for, args=(stores, "lea"))
    with stores.db.transaction() as session:
        session.execute(text("SET LOCAL deadlock_timeout = '1min'"))  # not this one: the deletion is ended
        session.execute(text("SELECT id FROM loan_campaign WHERE id = :id FOR UPDATE"), {"id": number})
        deletion.start()
        give_up = time.monotonic() + 60
        while not session.execute(waiting).scalar_one():
            assert time.monotonic() < give_up, "the deletion never came to the campaign"
            session.execute(text("SELECT pg_stat_clear_snapshot()"))
        # the deletion holds this row, and waits for the campaign
        session.execute(text("SELECT id FROM account WHERE id = :id FOR UPDATE"), {"id": lea})
    deletion.join(60)
    assert not deletion.is_alive()
    with stores.db.reading() as session:
        assert session.get_one(Account, lea).handle == f"deleted-{lea}"
    assert world.row(unpaid).state == "withdrawn"
