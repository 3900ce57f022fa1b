"""Who hears what of loans and pledges."""

from __future__ import annotations

import datetime as dt

from lending_support import World, open_world
from sqlmodel import select

from registry.lending.campaigns import service
from registry.lending.campaigns.schemas import CampaignMove, MessageWish
from registry.notices import lending_sources
from registry.notices.collecting import collect
from registry.notices.tables import Notice
from registry.stores.clock import database_now
from registry.stores.stores import Stores


def told(world: World, who: str) -> list[str]:
    with world.stores.db.reading() as session:
        rows = session.exec(
            select(Notice).where(Notice.account_id == world.people[who], Notice.kind == "loans").order_by(Notice.id)  # type: ignore[arg-type]
        ).all()
    return [row.title for row in rows]


def test_lenders_and_workshop_hear_what_becomes_of_it(stores: Stores) -> None:
    lending_sources.install()
    world = open_world(stores)
    number = world.campaign()
    collect(stores)
    one, two = world.pledge("lea", number, 12_000), world.pledge("luc", number, 8_000)
    world.pay(one)
    service.send_message(stores, world.people["olga"], number, MessageWish(text="The oak is here."))
    with stores.db.reading() as session:
        now = database_now(session)
    world.shift("pledge", two, made_at=now - dt.timedelta(days=6), pay_by=now + dt.timedelta(hours=20))
    collect(stores)
    collect(stores)
    words = "The makers of Garden bench v1.0 write to their lenders"
    assert told(world, "lea") == ["Your pledge of 120.00 EUR for Garden bench v1.0 is paid in", words]
    assert told(world, "luc")[0] == words and told(world, "luc")[1].startswith(
        "Your pledge for Garden bench v1.0 lapses"
    )
    assert told(world, "otto") == [
        f"Somebody pledges {amount} EUR to your loan for Garden bench v1.0" for amount in ("120.00", "80.00")
    ]
    assert told(world, "vera") == [], "viewers only look"
    service.move(stores, world.people["olga"], number, CampaignMove(action="call off", why="No oak"))
    collect(stores)
    ended = "The loan for Garden bench v1.0 came to nothing"
    assert told(world, "lea")[-1] == told(world, "luc")[-1] == told(world, "otto")[-1] == ended
    assert told(world, "olga")[-1] != ended, "nobody is told what they did themselves"
    assert told(world, "lea").count(ended) == 1
