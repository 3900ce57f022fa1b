"""How many bodies the assembly of a STEP file places, counted from its text before anything is read into memory."""

from __future__ import annotations

import re

_USED = re.compile(rb"NEXT_ASSEMBLY_USAGE_OCCURRENCE\s*\([^;#]*#(\d+)\s*,\s*#(\d+)")


def instances(content: bytes) -> int | None:
    """Parts placed by the assembly, each time they are placed; None if an assembly holds itself.

    A few lines that place each level twice in the next stand for billions of bodies, and a reader walks to them all.
    """
    below: dict[bytes, list[bytes]] = {}
    for whole, part in _USED.findall(content):
        below.setdefault(whole, []).append(part)
    counted: dict[bytes, int] = {}
    open_now: set[bytes] = set()
    used = {part for parts in below.values() for part in parts}
    if below and used.issuperset(below):
        return None  # every assembly lies in another one
    for top in below.keys() - used:
        waiting = [(top, False)]
        while waiting:
            product, seen_below = waiting.pop()
            if seen_below:
                open_now.discard(product)
                counted[product] = sum(counted[part] for part in below[product])
            elif product not in counted:
                if product in open_now:
                    return None
                if product not in below:
                    counted[product] = 1
                    continue
                open_now.add(product)
                waiting.append((product, True))
                waiting += [(part, False) for part in below[product]]
    return sum(counted[top] for top in below.keys() - used)
