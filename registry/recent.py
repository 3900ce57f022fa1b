"""What was worked out lately and is asked for again: a small memory for things that follow from their key alone."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Value = TypeVar("Value")
_LOCKS = 16


class Recent(Generic[Value]):
    """The values asked for last, up to a total weight. What many ask for at once is worked out once.

    Every value must weigh something. Safe in threads.
    """

    def __init__(self, weight_max: int, weigh: Callable[[Value], int]) -> None:
        self._weight_max, self._weigh = weight_max, weigh
        self._kept: OrderedDict[Hashable, tuple[Value, int]] = OrderedDict()
        self._weight = 0
        self._lock = threading.Lock()
        self._making = [threading.Lock() for _ in range(_LOCKS)]  # one for many keys: a key of its own would stay

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """The value of a key, made if it is not there. What `make` raises is raised, and nothing is kept."""
        if (kept := self._find(key)) is not None:
            return kept[0]
        with self._making[hash(key) % _LOCKS]:
            if (kept := self._find(key)) is not None:
                return kept[0]
            value = make()
            self._keep(key, value)
            return value

    def _find(self, key: Hashable) -> tuple[Value, int] | None:
        with self._lock:
            if (kept := self._kept.get(key)) is not None:
                self._kept.move_to_end(key)
            return kept

    def _keep(self, key: Hashable, value: Value) -> None:
        weight = self._weigh(value)
        if weight > self._weight_max:
            return
        with self._lock:
            self._kept[key] = value, weight
            self._weight += weight
            while self._weight > self._weight_max:
                _, (_, gone) = self._kept.popitem(last=False)
                self._weight -= gone
