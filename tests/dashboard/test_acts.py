"""Moves, messages, keys and parts: what people do at the dashboard, and what is refused."""

from __future__ import annotations

import threading

import pytest
from dashboard_support import Shop
from sqlalchemy.exc import DBAPIError

from registry.dashboard import inbox, queries, service
from registry.dashboard.schemas import CountedWish, Done, MachineWish, MoveWish, WordWish
from registry.errors import Conflict, Forbidden, Invalid, NotFound, RegistryError


def move(shop: Shop, number: int, action: str, handle: str = "olga", **more: str) -> Done:
    wish = MoveWish.model_validate({"job": number, "action": action} | more)
    return service.move(shop.stores, shop.who(handle), "north", wish)


def state(shop: Shop, number: int) -> str:
    return str(shop.sql("SELECT state FROM batch WHERE id = :id", id=number))


def test_a_move_obeys_the_rules_of_batches(shop: Shop) -> None:
    number = shop.full()
    with pytest.raises(Conflict, match="'tested' can't follow"):
        move(shop, number, "tested")
    assert move(shop, number, "materials", was="filled").said == f"Batch {number}: materials."
    with pytest.raises(Invalid, match="Only 0 of 20 units are counted as made"):
        move(shop, number, "made", was="materials")
    with pytest.raises(Conflict, match="is 'materials' by now"):
        move(shop, number, "materials", was="filled")
    shop.count(number, "made", 20)
    assert move(shop, number, "made", was="materials").said.endswith("made.")
    with pytest.raises(NotFound, match="has no job"):
        move(shop, shop.market.batch("sam", "south"), "cancel", why="not ours")


def test_a_move_sent_again_is_made_once(shop: Shop) -> None:
    number = shop.full()
    first = move(shop, number, "materials", was="filled", key="k1")
    again = move(shop, number, "materials", was="filled", key="k1")
    assert (first.repeated, again.repeated, first.said) == (False, True, again.said)
    with pytest.raises(Conflict, match="used for something else"):
        move(shop, number, "cancel", was="materials", why="x", key="k1")
    with pytest.raises(Invalid):
        move(shop, number, "made", key="k2")
    shop.count(number, "made", 20)
    assert not move(shop, number, "made", key="k2").repeated, "a refused move leaves its key free"
    assert shop.sql("SELECT COUNT(*) FROM batch_event WHERE batch_id = :id AND became = 'materials'", id=number) == 1


def test_a_count_sent_again_is_added_once(shop: Shop) -> None:
    number = shop.full()
    move(shop, number, "materials")
    wish = CountedWish(job=number, stage="made", good=11, scrap=2, key="c1")
    first = service.count(shop.stores, shop.who("olga"), "north", wish)
    again = service.count(shop.stores, shop.who("olga"), "north", wish)
    assert first.said == f"Batch {number}, made: 11 good, 2 scrap." and (first.repeated, again.repeated) == (
        False,
        True,
    )
    assert shop.rows("SELECT good, scrap FROM batch_count WHERE batch_id = :id", id=number) == [(11, 2)]
    with pytest.raises(Invalid, match="without a reason"):
        service.count(shop.stores, shop.who("olga"), "north", CountedWish(job=number, stage="made", good=-1))
    with pytest.raises(Forbidden, match="you are a viewer there"):
        service.count(shop.stores, shop.who("vera"), "north", wish)
    with pytest.raises(NotFound, match="has no job"):
        foreign = shop.market.batch("sam", "south")
        service.count(shop.stores, shop.who("olga"), "north", CountedWish(job=foreign, stage="made", good=1))


def test_one_key_from_two_windows_at_once(shop: Shop) -> None:
    number = shop.full()
    said: list[Done | RegistryError] = []

    def send() -> None:
        try:
            said.append(move(shop, number, "materials", was="filled", key="both"))
        except RegistryError as error:
            said.append(error)

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    done = [one for one in said if isinstance(one, Done)]
    assert len(done) == 6, said
    assert sum(not one.repeated for one in done) == 1


def test_words_about_a_batch(shop: Shop) -> None:
    number = shop.full()
    ask = WordWish(thread=f"batch-{number}-1", text=" Which colour? ", key="w1")
    for _ in range(2):
        service.answer(shop.stores, shop.who("olga"), "north", ask)
    service.ask_about(shop.stores, shop.who("ada"), number, "Red, please")
    with shop.stores.db.reading() as session:
        words = inbox.words_about(session, number, shop.who("ada"))
        items = inbox.items(session, shop.id, shop.who("olga"), "words")
        assert inbox.words_about(session, number, shop.who("sam")) == []
    assert [(word.by, word.side, word.text) for word in words] == [
        ("olga", "fabricator", "Which colour?"), ("ada", "buyer", "Red, please"),
    ]  # fmt: skip
    assert [(item.who, item.line, item.unread, item.waits) for item in items] == [("ada", "Red, please", True, True)]
    assert shop.numbers().numbers.inbox.words == shop.sql(
        "SELECT COUNT(*) FROM (SELECT DISTINCT batch_id, buyer_id FROM batch_message) AS threads"
    )
    with pytest.raises(NotFound, match="no reservation"):
        service.ask_about(shop.stores, shop.who("otto"), number, "Me too")
    with pytest.raises(NotFound, match="no number 9"):
        service.answer(shop.stores, shop.who("olga"), "north", WordWish(thread=f"batch-{number}-9", text="?"))
    with pytest.raises(DBAPIError), shop.stores.db.transaction() as session:
        session.connection().exec_driver_sql("DELETE FROM batch_message")


def test_read_marks_are_each_persons_own(shop: Shop) -> None:
    quote = shop.quote()
    thread = inbox.parse_thread(f"quote-{quote}")
    assert shop.numbers("olga").numbers.inbox.unread == shop.numbers("vera").numbers.inbox.unread == 1
    assert service.mark_read(shop.stores, shop.who("olga"), thread)
    assert not service.mark_read(shop.stores, shop.who("olga"), thread), "nothing new since"
    assert (shop.numbers("olga").numbers.inbox.unread, shop.numbers("vera").numbers.inbox.unread) == (0, 1)
    service.answer(shop.stores, shop.who("olga"), "north", WordWish(thread=f"quote-{quote}", text="Zinc?"))
    assert shop.numbers("olga").numbers.inbox.unread == 0, "one's own side is no news"
    shop.ask_word(quote, "Zinc")
    assert shop.numbers("olga").numbers.inbox.unread == 1


def test_parts_are_held_by_the_service(shop: Shop) -> None:
    number, machine, quote = shop.full(), shop.machine("Laser"), shop.quote()
    for handle, held in (("vera", "you are a viewer there"), ("sam", "you are not one of them")):
        with pytest.raises(Forbidden, match=held):
            move(shop, number, "materials", handle)
        with pytest.raises(Forbidden, match=held):
            service.set_machine(shop.stores, shop.who(handle), "north", machine, MachineWish(status="busy"))
        with pytest.raises(Forbidden, match=held):
            service.answer(shop.stores, shop.who(handle), "north", WordWish(thread=f"quote-{quote}", text="Hello"))
    assert shop.numbers("vera").role == "viewer"
    with pytest.raises(Forbidden):
        shop.numbers("sam")
    assert state(shop, number) == "filled"


def test_the_stamp_changes_with_whatever_changes(shop: Shop) -> None:
    def stamp() -> str:
        with shop.stores.db.reading() as session:
            fabricator, _ = service.enter(session, "north", shop.who("olga"))
            return queries.stamp(session, fabricator, shop.who("olga"))

    seen = [stamp()]
    assert stamp() == seen[0]
    number, machine, quote = shop.market.batch("olga", "north"), shop.machine("Laser"), shop.quote()
    acts = [
        lambda: shop.reserve(number, "ada", 15),
        lambda: shop.reserve(number, "sam", 5),
        lambda: move(shop, number, "begin early"),
        lambda: shop.ask_word(quote, "Hello"),
        lambda: service.ask_about(shop.stores, shop.who("ada"), number, "When?"),
        lambda: service.set_machine(shop.stores, shop.who("olga"), "north", machine, MachineWish(status="busy")),
        lambda: shop.count(number, "made", 3),
        lambda: service.mark_read(shop.stores, shop.who("olga"), inbox.parse_thread(f"queue-{number}")),
    ]
    for act in acts:
        act()
        seen.append(stamp())
    assert len(set(seen)) == len(seen)
