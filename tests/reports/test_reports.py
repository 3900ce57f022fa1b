"""Reports are kept whole, counted into standing, shown on cards and in search; on each database."""

from __future__ import annotations

import threading

import pytest
from reports_support import Bench, a_photo
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from registry.designs.queries import find_facets, home_rows, list_designs
from registry.designs.schemas import DesignQuery
from registry.errors import Conflict, Forbidden, Invalid, NotFound
from registry.reports import queries, service
from registry.reports.schemas import ReportWish, StateWish


def test_standing_goes_with_reports_and_withdrawals(bench: Bench) -> None:
    assert bench.design().standing == "untried"
    bench.report("ada")
    assert bench.design().standing == bench.version().standing == "built by its author"
    first = bench.report("ben", town="Ghent")
    assert bench.design().standing == "built by its author"  # the author's own place is no other place
    second = bench.report("ben", town="Bruges")
    bench.report("ben", town="Namur")
    bench.report("cleo", country="DE", town="", outcome="failed", failed_step="Sawing")
    assert bench.design().standing == "built by 1 other, failed for 1"
    for number in (first, second):
        service.change_state(bench.stores, bench.person("ben"), number, StateWish(action="withdraw"))
    assert bench.version().others == 1
    with pytest.raises(Conflict, match="withdrawn"):
        service.change_state(bench.stores, bench.person("ben"), second, StateWish(action="withdraw"))
    with pytest.raises(Forbidden):
        service.change_state(bench.stores, bench.person("cleo"), first, StateWish(action="withdraw"))


def test_cards_search_and_home_show_what_is_proven(bench: Bench) -> None:
    bench.report("ben")
    with bench.stores.db.reading() as session:
        found = list_designs(session, DesignQuery(proven="others", sort="proven"))
        assert [(card.slug, card.standing, card.others) for card in found.items] == [
            (bench.slug, "built by 1 other", 1)
        ]
        assert not list_designs(session, DesignQuery(proven="untried")).items
        assert [(one.value, one.count) for one in find_facets(session, DesignQuery()).proven] == [("others", 1)]
        searched = find_facets(session, DesignQuery(q="garden"))
        assert [(one.value, one.label) for one in searched.proven] == [("others", "Built by others")]
        assert home_rows(session)[0].title == "Lately proven"


def test_a_newer_version_inherits_nothing_but_says_what_changed(bench: Bench) -> None:
    bench.release("v1")
    bench.report("ben")
    bench.release("v2", **{"bom.csv": "Item,Description,Qty,MPN\n1,Plank,5,PLK-200\n"})
    assert bench.design().standing == "untried" and bench.design().proven_version == "v1"
    assert bench.version("v1").standing == "built by 1 other"
    told = queries.read_standing(bench.stores, bench.slug, None)
    assert told.since_version == "v1" and told.since and told.compare == f"/designs/{bench.slug}/compare/v1...v2"
    assert any("bom.csv" in sentence or "file" in sentence.lower() for sentence in told.since), told.since


def test_a_report_is_worded_anew_and_the_old_wording_stays(bench: Bench) -> None:
    number = bench.report("ben", words="All fine")
    wish = ReportWish(outcome="failed", failed_step="Use", country="BE", town="Ghent", words="It broke", why="It broke")
    with pytest.raises(Invalid, match="what it changes"):
        service.revise(bench.stores, bench.person("ben"), number, wish.model_copy(update={"why": ""}))
    with pytest.raises(Forbidden):
        service.revise(bench.stores, bench.person("cleo"), number, wish)
    assert service.revise(bench.stores, bench.person("ben"), number, wish) == 2
    assert bench.version().standing == "failed for 1"
    with bench.stores.db.reading() as session:
        assert queries.get_report(session, number, 1).words == "All fine"
        now = queries.get_report(session, number)
        assert (now.words, now.wordings, [event.action for event in now.events]) == (
            "It broke", 2, ["written", "revised"],
        )  # fmt: skip
    for table in ("report_version", "report_event"):
        with pytest.raises(DBAPIError), bench.stores.db.transaction() as session:
            session.execute(text(f"DELETE FROM {table}"))


def test_stewards_hide_with_a_reason_and_what_is_hidden_does_not_count(bench: Bench) -> None:
    number = bench.report("ben")
    steward = bench.person("sue")
    with bench.stores.db.transaction() as session:
        session.execute(text("UPDATE account SET is_steward = (handle = 'sue')"))
    with pytest.raises(Forbidden):
        service.change_state(bench.stores, bench.person("ben"), number, StateWish(action="hide", why="x"))
    with pytest.raises(Invalid, match="reason"):
        service.change_state(bench.stores, steward, number, StateWish(action="hide"))
    service.change_state(bench.stores, steward, number, StateWish(action="hide", why="Advertising"))
    assert bench.version().standing == "untried"
    with bench.stores.db.reading() as session, pytest.raises(NotFound, match="Advertising"):
        queries.get_report(session, number)
    service.change_state(bench.stores, steward, number, StateWish(action="show", why="A mistake"))
    assert bench.version().standing == "built by 1 other"


def test_places_are_shown_as_precisely_as_wanted_and_changes_stand_beside_the_bill(bench: Bench) -> None:
    made = [{"line": "no such line", "instead": "Oak", "why": "Lasts"}]
    number = bench.report("ben", outcome="changed", region="East Flanders", precision="region", changes=made)
    with bench.stores.db.reading() as session:
        found = queries.get_report(session, number)
    assert found.place == "East Flanders, Belgium" and "Ghent" not in found.model_dump_json()
    assert (found.changes[0].line_id, found.changes[0].instead) == ("", "Oak")
    for wrong, sentence in (
        ({"country": "Atlantis"}, "no country"),
        ({"outcome": "failed"}, "Where it failed"),
        ({"outcome": "changed"}, "No change"),
        ({"town": "", "precision": "town"}, "No town"),
        ({"cost_minor": 5, "currency": "XXQ"}, "no currency"),
        ({"built_on": "2999-01-01"}, "not come yet"),
        ({"unit": "BY-1"}, "not sent a unit"),
    ):
        with pytest.raises((Invalid, NotFound), match=sentence):
            bench.report("ben", **wrong)


def test_two_reports_at_once_are_both_counted(bench: Bench) -> None:
    people = {name: bench.person(name) for name in ("ben", "cleo", "dan", "eve")}
    start = threading.Barrier(len(people))

    def tell(name: str) -> None:
        start.wait()
        bench.report(name, town=f"Town of {name}")

    threads = [threading.Thread(target=tell, args=(name,)) for name in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert bench.version().others == bench.design().others == 4


def test_photos_lose_what_the_camera_wrote(bench: Bench) -> None:
    wish = ReportWish(outcome="works", country="BE")
    photos = [(a_photo(), "The finished bench")]
    number = service.report(bench.stores, bench.person("ben"), bench.slug, "", wish, photos)
    with bench.stores.db.reading() as session:
        shown = queries.get_report(session, number).photos[0]
        name = shown.url.split("/")[-1].split("-")[0]
        digest = queries.photo_digest(session, number, name, 800, None)
    content = bench.stores.blobs.read(digest)
    assert shown.words == "The finished bench" and content[8:12] == b"WEBP"
    assert b"Tell-tale" not in content and b"Exif" not in content and b"EXIF" not in content
