"""What a CAD program tells the host beside its files: written to the scratch folder, read there with distrust."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path

REFUSED_STATUS = 3
REPORT = "/scratch/cad-report.json"


def _strict() -> None:
    """Let the output limit end the process, as it ends every other tool: Python would ignore the signal."""
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)


class Refused(Exception):
    """The part can't be built; the message is a sentence for the designer, `remedy` says what to do."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy


class Report:
    """Notes and failures of one run."""

    def __init__(self, path: str = REPORT) -> None:
        self.path = Path(path)
        self.notes: list[str] = []
        self.failures: list[dict[str, str]] = []
        self.seconds: dict[str, float] = {}
        self.refused: dict[str, str] = {}

    def note(self, sentence: str) -> None:
        """Add a sentence for the part's page, once."""
        if sentence not in self.notes:
            self.notes.append(sentence)

    def fail(self, group: str, reason: str) -> None:
        """A group of outputs could not be made."""
        self.failures.append({"group": group, "reason": reason})

    def refuse(self, refused: Refused) -> None:
        """The whole part can't be built."""
        self.refused = {"message": str(refused), "remedy": refused.remedy}

    def save(self) -> None:
        """Write the report."""
        self.path.write_text(
            json.dumps(
                {"notes": self.notes, "failures": self.failures, "seconds": self.seconds, "refused": self.refused}
            ),
            "utf-8",
        )


def run_reported(make: Callable[[Report], None], too_large: Refused | None = None) -> int:
    """Run a program's work and save what it reports. Returns: the status that the program ends with.

    `too_large` is what is told when memory runs out; without it, the fault goes on to the caller.
    """
    _strict()
    report = Report()
    status = 0
    try:
        make(report)
    except Refused as refused:
        report.refuse(refused)
        status = REFUSED_STATUS
    except MemoryError:
        if too_large is None:
            raise
        report.refuse(too_large)
        status = REFUSED_STATUS
    report.save()
    return status
