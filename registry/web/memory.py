"""What a server keeps in memory from its start on."""

from __future__ import annotations

import gc


def settle() -> None:
    """Take what is loaded by now for good: garbage is looked for in what comes later alone.

    Hundreds of thousands of objects are modules, tables and place names. Walking through them holds every request up
    for a tenth of a second and more, each time that the collector looks at all.
    """
    gc.collect()
    gc.freeze()
