"""Many writers at once, and writers that die."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from ledger_support import ANNA, BANK, BEN, FUNDS, account, balance, moved, opened, post

from registry.errors import Conflict
from registry.ledger import book, checking, queries
from registry.settings import PROJECT
from registry.stores.stores import Stores

WRITERS = 8
SUPPORT = Path(__file__).resolve().parents[1] / "support"


def at_once(work: Callable[[int], object]) -> list[object]:
    """What each of the writers returned or raised; all begin together."""
    ready = threading.Barrier(WRITERS)
    answers: list[object] = [None] * WRITERS

    def run(number: int) -> None:
        ready.wait()
        try:
            answers[number] = work(number)
        except Exception as error:
            answers[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def adds_up(stores: Stores) -> None:
    with stores.db.reading() as session:
        report = checking.check(session)
    assert report.ok, report.faults


def test_eight_writers_for_what_only_one_can_have(stores: Stores) -> None:
    opened(stores)
    post(stores, BANK, ANNA, 100, "in")
    answers = at_once(lambda number: post(stores, ANNA, FUNDS, 60, f"out-{number}", pending=number % 2 == 0))
    assert Counter(type(answer).__name__ for answer in answers) == {"Entry": 1, "Conflict": WRITERS - 1}
    with stores.db.reading() as session:
        assert queries.balance(session, account(ANNA)).available_minor == 40
    adds_up(stores)


def test_eight_writers_with_one_key_book_once(stores: Stores) -> None:
    opened(stores)
    answers = at_once(lambda number: post(stores, BANK, ANNA, 100, "the-key"))
    assert all(answer == answers[0] for answer in answers), answers
    with stores.db.reading() as session:
        assert balance(session, ANNA) == 100
    held = post(stores, ANNA, FUNDS, 70, "hold", pending=True)

    def end(number: int) -> object:
        with stores.db.transaction() as session:
            if number % 2:
                return book.void(session, held.seq, key=f"end-{number}", purpose="Let go").kind
            return book.settle(session, held.seq, key=f"end-{number}", purpose="Paid").kind

    ends = at_once(end)
    assert sum(isinstance(answer, str) for answer in ends) == 1
    assert sum(isinstance(answer, Conflict) for answer in ends) == WRITERS - 1
    adds_up(stores)


def test_eight_writers_back_and_forth_lose_nothing(stores: Stores) -> None:
    opened(stores)
    for who in (ANNA, BEN, FUNDS):
        post(stores, BANK, who, 500, f"in-{who.replace('/', '-')}")
    ring = [ANNA, BEN, FUNDS]

    def work(number: int) -> int:
        done = 0
        for turn in range(12):
            debit, credit = ring[(number + turn) % 3], ring[(number + turn + 1 + turn % 2) % 3]
            try:
                with stores.db.transaction() as session:
                    book.post_all(session, [moved(debit, credit, 90 + turn, f"w{number}-{turn}"),
                                            moved(credit, BANK, 1, f"w{number}-{turn}-fee")])  # fmt: skip
                done += 1
            except Conflict:
                pass
        return done

    answers = at_once(work)
    assert all(isinstance(answer, int) for answer in answers), answers
    booked = sum(answer for answer in answers if isinstance(answer, int))
    with stores.db.reading() as session:
        assert queries.head(session).seq == 3 + 2 * booked and booked > WRITERS
        assert sum(balance(session, who) for who in ring) == 1500 - booked
    adds_up(stores)


def checked_after(stores: Stores, *how: str) -> int:
    """Let writers be killed; what was said to be booked is there, once and whole. Returns: how many were killed."""
    opened(stores)
    found = os.environ | {"PYTHONPATH": f"{PROJECT}:{SUPPORT}"}
    done = subprocess.run(
        [sys.executable, str(SUPPORT / "ledger_writers.py"), stores.settings.database_url, *how],
        capture_output=True, text=True, check=False, timeout=600, env=found,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    adds_up(stores)
    with stores.db.reading() as session:
        booked = {entry.key: entry for entry in queries.stream(session)}
        assert len(booked) == queries.head(session).seq
        assert set(told["said"]) <= booked.keys(), "nothing that was said to be booked is lost"
        groups = Counter(key.split("-")[0] for key in booked if not key.endswith("-settled"))
        assert set(groups.values()) == {3}, "each group is whole"
        assert len(groups) >= 2, "there was something to be killed in"
        settled = sum(key.endswith("-settled") for key in booked)
        assert settled == len(groups) or settled == len(groups) - 1
        assert balance(session, FUNDS) == 2_00 * len(groups) + 40 * settled
        assert queries.balance(session, account(ANNA)).pending_debits_minor == 50 * (len(groups) - settled)
    return int(told["killed"])


def test_a_writer_killed_at_each_point_of_its_transactions(stores: Stores) -> None:
    assert checked_after(stores, "points") > 20


@pytest.mark.parametrize("times", [int(os.environ.get("BRICKYARD_LEDGER_KILLS", "10"))])
def test_writers_killed_at_any_moment(stores: Stores, times: int) -> None:
    assert checked_after(stores, "random", str(times)) >= times - 1
