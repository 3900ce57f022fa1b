"""What to buy over all jobs of a fabricator: which ones, and for how many units."""

from __future__ import annotations

from collections.abc import Iterable

from registry.batches.buying import as_csv as as_csv
from registry.batches.buying import buy_list as buy_list
from registry.dashboard.schemas import JobCard


def jobs_to_buy_for(jobs: Iterable[JobCard], *, when_full: bool = False) -> dict[int, int]:
    """batch -> units: jobs that begin with buying; with `when_full` also those that fill, at least at their minimum."""
    found = {job.number: job.units for job in jobs if job.state == "filled"}
    if when_full:
        found |= {job.number: max(job.units, job.units_min) for job in jobs if job.state == "open"}
    return found
