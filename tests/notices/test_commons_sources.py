"""Whoever may speak for a fund hears of a proposal; the proposer of objections and of what became of it."""

from __future__ import annotations

from pathlib import Path

from commons_support import later, open_fund, wish
from sqlmodel import col, select

from registry.commons import service
from registry.commons.schemas import MoveWish, VoiceWish
from registry.notices import service as notices
from registry.notices.collecting import collect
from registry.notices.tables import Notice
from registry.stores.stores import Stores
from registry.values import utcnow


def test_a_proposal_from_its_opening_to_its_payment(sqlite_stores: Stores, tmp_path: Path) -> None:
    notices.install(sqlite_stores)
    bench = open_fund(sqlite_stores, tmp_path)
    ada, ben, cyd, dan = (bench.person(handle) for handle in ("ada", "ben", "cyd", "dan"))
    number = service.propose(sqlite_stores, ben, bench.slug, wish())
    service.say(sqlite_stores, cyd, number, VoiceWish(stance="object", words="Ash splits"))
    service.say(sqlite_stores, ada, number, VoiceWish(stance="consent"))
    service.say(sqlite_stores, ben, number, VoiceWish(stance="answer", objection=1, words="Steamed first"))
    later(sqlite_stores, number, 60)
    collect(sqlite_stores)

    def titles(who: int) -> list[str]:
        with sqlite_stores.db.reading() as session:
            rows = session.exec(select(Notice).where(Notice.account_id == who).order_by(col(Notice.id)))
            return [row.title for row in rows if row.link.startswith("/commons/")]

    assert titles(ada) == ["ben proposes: Two planks of ash"] and titles(dan) == []
    assert sorted(titles(cyd)) == [
        "You may speak for the commons fund of Garden bench", "ben answers your objection to Two planks of ash",
        "ben proposes: Two planks of ash",
    ]  # fmt: skip
    assert titles(ben) == ["cyd objects to Two planks of ash"]
    second = service.propose(sqlite_stores, ada, bench.slug, wish("k2", amount_minor=10_00, title="Glue"))
    service.say(sqlite_stores, ben, second, VoiceWish(stance="consent"))
    later(sqlite_stores, second, 15)
    service.settle(sqlite_stores, second)
    service.move(sqlite_stores, ada, second, MoveWish(action="prove", words="Invoice 3", amount_minor=9_00))
    service.move(sqlite_stores, ben, second, MoveWish(action="pay", words="By transfer", paid_on=utcnow().date()))
    collect(sqlite_stores)
    assert titles(ada)[1:] == ["Your proposal Glue is agreed: hand in the proof when it is bought",
                               "Your proposal Glue is paid"]  # fmt: skip
    assert titles(ben)[1:] == ["ada proposes: Glue", "Proof for Glue waits for a look"]
