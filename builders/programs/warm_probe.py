"""An empty job: whether the sandbox of a warm process works is found out by using it."""

from __future__ import annotations

import os


def main(argv: list[str]) -> int:
    """Look at the folders a job has; 0 if they are as they should be."""
    with open("/scratch/probe", "w") as probe:
        probe.write("ok")
    alone = sorted(name for name in os.listdir("/proc") if name.isdigit()) == ["1"]
    return 0 if alone and not os.listdir("/jobs") and os.getpid() == 1 else 4
