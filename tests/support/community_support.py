"""A market whose bank has a currency of its own, HOURS: ada, sam and the workshop north are members."""

from __future__ import annotations

from pathlib import Path

from batch_support import Market, open_market

from registry.accounts.tables import Account
from registry.ledger import queries as ledger
from registry.lending import service as lending
from registry.lending.community import service
from registry.lending.policy import shipped_text
from registry.lending.schemas import PolicyWish
from registry.stores.stores import Stores


def policy_text(exponent: int = 2, share_bp: int = 1000) -> str:
    old = shipped_text()
    for field, value in (("currency = \"\" ", 'currency = "HOURS" '), ("lowest_minor = 0 ", "lowest_minor = -5000 "),
                         ("highest_minor = 0 ", "highest_minor = 8000 "), ("exponent = 2 ", f"exponent = {exponent} "),
                         ("price_share_bp_max = 0 ", f"price_share_bp_max = {share_bp} ")):  # fmt: skip
        assert field in old, field
        old = old.replace(field, value)
    return old


def open_community(stores: Stores, folder: Path) -> Market:
    market = open_market(stores, folder)
    sue = market.person("sue")
    with stores.db.transaction() as session:
        session.get_one(Account, sue).is_steward = True
    lending.change_policy(stores, sue, PolicyWish(text=policy_text(), why="We trade hours"))
    for handle in ("ada", "sam"):
        service.join(stores, market.people[handle])
    service.join(stores, market.people["olga"], "north")
    return market


def together(stores: Stores) -> tuple[int, list[int]]:
    """(what all balances in HOURS come to, each of them)."""
    with stores.db.reading() as session:
        held = [each.balance_minor for each in ledger.balances(session, currency="HOURS")]
    return sum(held), held
