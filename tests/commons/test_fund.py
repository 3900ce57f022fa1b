"""A fund's life on both databases: held while it is decided, paid on proof, nothing lost, nothing rewritten."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from commons_support import gift, later, open_fund, read, wish
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from registry.accounts import deleting
from registry.commons import queries, service
from registry.commons.fund import fund_name, income
from registry.commons.schemas import FundView, MoveWish, NamedWish, ShareWish, VoiceWish
from registry.designs.queries import find_design
from registry.errors import Conflict, Forbidden, Invalid, RegistryError
from registry.ledger import book, checking
from registry.ledger.schemas import AccountName
from registry.lending import service as lending
from registry.lending.policy import shipped_text
from registry.lending.schemas import PolicyWish
from registry.stores.stores import Stores
from registry.values import utcnow


def fund(stores: Stores, slug: str) -> FundView:
    with stores.db.reading() as session:
        return queries.get_fund(session, slug)


def test_from_proposal_to_payment(stores: Stores, tmp_path: Path) -> None:
    bench = open_fund(stores, tmp_path)
    ada, ben, cyd, dan = (bench.person(handle) for handle in ("ada", "ben", "cyd", "dan"))
    with pytest.raises(Forbidden, match="contributed"):
        service.propose(stores, dan, bench.slug, wish())
    with pytest.raises(Invalid, match="never for anybody's work"):
        service.propose(stores, ben, bench.slug, wish(things_only=False))
    number = service.propose(stores, ben, bench.slug, wish())
    assert service.propose(stores, ben, bench.slug, wish()) == number, "a form sent twice proposes once"
    with pytest.raises(Conflict, match="another proposal"):
        service.propose(stores, ben, bench.slug, wish(amount_minor=1))
    purse = fund(stores, bench.slug).purses[0]
    assert (purse.balance_minor, purse.held_minor, purse.free_minor) == (100_00, 60_00, 40_00)
    with pytest.raises(Conflict, match=r"40\.00 EUR that nothing else holds"):
        service.propose(stores, cyd, bench.slug, wish("k2"))
    service.say(stores, ada, number, VoiceWish(stance="consent"))
    with pytest.raises(Invalid, match="has a reason"):
        service.say(stores, cyd, number, VoiceWish(stance="object", words="  "))
    service.say(stores, cyd, number, VoiceWish(stance="object", words="Ash splits there."))
    with pytest.raises(Forbidden):
        service.say(stores, dan, number, VoiceWish(stance="consent"))
    later(stores, number, 15)
    assert read(stores, number).state == "open", "an objection is open"
    objection = read(stores, number).voices[-1].id
    with pytest.raises(Conflict, match="'prove' can't follow"):
        service.move(stores, ben, number, MoveWish(action="prove", words="Bought", amount_minor=1))
    service.say(stores, cyd, number, VoiceWish(stance="withdraw", objection=objection))
    assert read(stores, number).state == "agreed"
    with pytest.raises(Invalid, match=r"60\.00 EUR agreed"):
        service.move(stores, ben, number, MoveWish(action="prove", words="Bought", amount_minor=60_01))
    with pytest.raises(Invalid, match="no PDF"):
        service.move(stores, ben, number, MoveWish(action="prove", words="B", amount_minor=1), b"<html>")
    service.move(stores, ben, number, MoveWish(action="prove", words="Invoice 7", amount_minor=55_50), b"%PDF-1.7 x")
    pay = MoveWish(action="pay", words="Transfer of today", paid_on=utcnow().date())
    with pytest.raises(Forbidden, match="Somebody else"):
        service.move(stores, ben, number, pay)
    service.move(stores, ada, number, MoveWish(action="doubt", words="Invoice 7 is of another mill"))
    service.move(stores, ben, number, MoveWish(action="prove", words="Invoice 8", amount_minor=55_00))
    service.move(stores, ada, number, pay)
    done = read(stores, number)
    assert (done.state, done.spent_minor) == ("paid", 55_00)
    assert [change.became for change in done.history] == ["open", "agreed", "proven", "agreed", "proven", "paid"]
    purse = fund(stores, bench.slug).purses[0]
    assert (purse.balance_minor, purse.held_minor, purse.spent_minor, purse.in_bank_minor) == (45_00, 0, 55_00, 45_00)
    with pytest.raises(Conflict):
        service.move(stores, ada, number, pay)
    with stores.db.reading() as session:
        assert queries.proof_file(session, bench.slug, number, done.proofs[0].id, cyd)[1] == "proof.pdf"
        with pytest.raises(Forbidden, match="hashes are public"):
            queries.proof_file(session, bench.slug, number, done.proofs[0].id, dan)
    with stores.db.reading() as session:
        assert checking.check(session).ok


def test_money_comes_by_source_and_the_cut_is_the_designers(stores: Stores, tmp_path: Path) -> None:
    bench = open_fund(stores, tmp_path)
    ada, ben = bench.person("ada"), bench.person("ben")
    with stores.db.transaction() as session:
        design_id = find_design(session, bench.slug).id or 0
        shop = AccountName(kind="fabricator", id="1", role="owes-1", currency="EUR")
        loan = AccountName(kind="person", id="9", role="loan-1", currency="EUR")
        for name in (shop, loan):
            book.open_account(session, name)
        book.post_all(session, [
            income("units", design_id, shop, 3_00, cause="unit-1", purpose="Unit 1"),
            income("forgiven", design_id, loan, 20_00, cause="pledge-4", purpose="Loan forgiven"),
        ])  # fmt: skip
    found = fund(stores, bench.slug)
    assert found.purses[0].income_minor == {"gifts": 100_00, "units": 3_00, "forgiven": 20_00}
    assert found.purses[0].balance_minor == 123_00 and found.purses[0].in_bank_minor == 100_00
    assert {one.handle: one.because for one in found.people} == {
        "ada": ["maintains it"], "ben": ["told of a build"], "cyd": ["named by its maintainers"],
    }  # fmt: skip
    assert service.record_gift(stores, ada, bench.slug, gift()) == 1, "the same gift again"
    assert (found.share_bp, found.share_by_policy) == (500, True)
    with pytest.raises(Forbidden):
        service.set_share(stores, ben, bench.slug, ShareWish(share_bp=700, why="More"))
    with pytest.raises(Invalid, match="20 %"):
        service.set_share(stores, ada, bench.slug, ShareWish(share_bp=2001, why="More"))
    service.set_share(stores, ada, bench.slug, ShareWish(share_bp=1500, why="The certificate"))
    found = fund(stores, bench.slug)
    assert (found.share_bp, found.share_by_policy, found.shares[0].why) == (1500, False, "The certificate")
    from registry.accounts.tables import Account

    with stores.db.transaction() as session:
        session.get_one(Account, ben).is_steward = True
    lowered = shipped_text().replace("commons_bp_max = 2000 ", "commons_bp_max = 1000 ")
    lending.change_policy(stores, ben, PolicyWish(text=lowered, why="Lower"))
    assert fund(stores, bench.slug).share_bp == 1000, "the policy caps what was set before"
    service.name_person(stores, ada, bench.slug, NamedWish(handle="cyd", named=False, why="Asked to be left out"))
    assert [one.handle for one in fund(stores, bench.slug).people] == ["ada", "ben"]
    for table in ("share", "named", "event"):
        number = service.propose(stores, ada, bench.slug, wish(table, amount_minor=1_00))
        attempts = [f"UPDATE commons_{table} SET why = 'y'", f"DELETE FROM commons_{table}"]
        attempts.append(
            f"INSERT OR REPLACE INTO commons_{table} SELECT * FROM commons_{table}"
            if stores.db.on_sqlite
            else f"TRUNCATE commons_{table} CASCADE"
        )
        for attempt in attempts:
            with pytest.raises(DBAPIError), stores.db.transaction() as session:
                session.execute(text(attempt))
    service.move(stores, ada, number, MoveWish(action="withdraw", words="Found one"))
    later(stores, number - 1, 130)
    service.settle_due(stores)
    assert read(stores, number - 1).state == "lapsed"
    assert fund(stores, bench.slug).purses[0].held_minor == 1_00, "what is withdrawn or lapsed is let go"


def test_who_deletes_their_account_holds_nothing_any_more(sqlite_stores: Stores, tmp_path: Path) -> None:
    bench = open_fund(sqlite_stores, tmp_path)
    number = service.propose(sqlite_stores, bench.person("cyd"), bench.slug, wish())
    deleting.delete_for(sqlite_stores, "cyd")
    deleting.delete_for(sqlite_stores, "ben")
    found = fund(sqlite_stores, bench.slug)
    assert [one.handle for one in found.people] == ["ada"] and found.purses[0].held_minor == 0
    told = read(sqlite_stores, number)
    assert (told.state, told.history[-1].why) == ("withdrawn", "The account was deleted")
    assert not told.by.startswith("cyd") and not any("cyd" in one.handle for one in found.named)


def test_of_many_proposals_at_once_only_what_the_fund_has_is_held(stores: Stores, tmp_path: Path) -> None:
    bench = open_fund(stores, tmp_path)
    who = bench.person("ben")
    answers: list[object] = []
    ready = threading.Barrier(6)

    def work(number: int) -> None:
        ready.wait()
        try:
            answers.append(service.propose(stores, who, bench.slug, wish(f"race-{number}")))
        except RegistryError as error:
            answers.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(type(answer).__name__ for answer in answers) == ["Conflict"] * 5 + ["int"]
    found = fund(stores, bench.slug)
    assert len(found.proposals) == 1 and found.purses[0].held_minor == 60_00
    with stores.db.reading() as session:
        assert checking.check(session).ok
        assert str(fund_name(1, "EUR")) == "fund/1/money/EUR"
