"""What was worked out lately is kept within its weight, once for all who ask."""

from __future__ import annotations

import threading
import time

import pytest

from registry.recent import Recent


def test_a_value_is_made_once_and_the_oldest_goes_first() -> None:
    made: list[str] = []
    recent: Recent[str] = Recent(10, len)

    def ask(key: str, value: str) -> str:
        def make() -> str:
            made.append(key)
            return value

        return recent.get(key, make)

    assert ask("a", "aaaa") == ask("a", "other") == "aaaa"
    ask("b", "bbbb")
    ask("a", "aaaa")
    ask("c", "cccc")  # b was asked for longest ago
    assert made == ["a", "b", "c"]
    ask("a", "aaaa")
    ask("b", "bbbb")
    assert made == ["a", "b", "c", "b"]


def test_what_is_too_heavy_is_given_and_not_kept() -> None:
    recent: Recent[str] = Recent(3, len)
    assert recent.get("k", lambda: "heavy") == "heavy"
    assert recent.get("k", lambda: "new") == "new"
    assert recent.get("k", lambda: "other") == "new"


def test_a_fault_is_raised_and_not_kept() -> None:
    recent: Recent[str] = Recent(3, len)

    def fail() -> str:
        raise ValueError("no")

    with pytest.raises(ValueError):
        recent.get("k", fail)
    assert recent.get("k", lambda: "yes") == "yes"


def test_many_at_once_make_it_once() -> None:
    recent: Recent[str] = Recent(10, len)
    made: list[int] = []

    def slow() -> str:
        made.append(1)
        time.sleep(0.2)
        return "x"

    threads = [threading.Thread(target=recent.get, args=("k", slow)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
