"""The example of a loan on a new instance: in mid-repayment, sound, and in nobody's way."""

from __future__ import annotations

from batch_support import Market
from lending_support import World
from loan_support import sound
from sqlmodel import select

from registry.accounts import service as accounts
from registry.batches import demo as batches
from registry.builds import demo as designs
from registry.fabricators import demo as fabricators
from registry.lending import demo
from registry.lending.campaigns.tables import LoanCampaign
from registry.lending.loans import queries, service
from registry.stores.stores import Stores


def test_a_loan_is_being_paid_back(stores: Stores) -> None:
    assert demo.load(stores) == [], "nothing without the examples that it stands on"
    fabricators.load(stores)
    designs.load(stores)
    batches.load(stores)
    assert len(demo.load(stores)) == 1 and demo.load(stores) == []
    with stores.db.reading() as session:
        number = session.exec(select(LoanCampaign.id)).one() or 0
        found = queries.get_loan(session, number)
    assert (found.state, found.lent_minor, found.repaid_minor) == ("repaying", 34_800, 8_700 + 2 * 1_740)
    assert (
        found.sales.units == 6
        and found.goods_units == 2
        and [one.state for one in found.plan][:3] == ["paid", "paid", "part paid"]
    )
    assert service.look_after(stores) == 0
    sound(World(Market(stores, "")), number)
    assert accounts.sign_up(stores, "ada", "a long pass phrase").is_steward
