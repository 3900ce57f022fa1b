"""What to buy over all jobs of a fabricator: this week, next week, or at all."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from sqlmodel import Session

from registry.batches.buying import as_csv as as_csv
from registry.batches.buying import buy_list as buy_list
from registry.dashboard import price_rules, queries, rules
from registry.dashboard.prices import known_prices
from registry.dashboard.schemas import BuyCounts, BuyJob, JobCard, ToBuy
from registry.fabricators.tables import Fabricator
from registry.stores.stores import Stores

RULE = (
    "Materials are needed in the week in which a job's work must begin to be ready on the day it is due: "
    "its planned hours, at the workshop's hours a week, are counted back over the days that are not closed, "
    "or one working week where either is not told."
)
FULL = ("week", "next", "later", "undated")


def jobs_to_buy_for(jobs: Iterable[JobCard]) -> dict[int, int]:
    """batch -> units: jobs that are full and begin with buying."""
    return {job.number: job.units for job in jobs if job.state == "filled"}


def without_materials(
    jobs: Iterable[JobCard], closed: Collection[dt.date], hours_week: int | None, day: dt.date
) -> list[BuyJob]:
    """The jobs whose materials are to be bought, and when; those that fill count at least their minimum."""
    return [
        BuyJob(
            number=job.number, design_name=job.design_name, due_on=job.due_on,
            units=job.units if job.state == "filled" else max(job.units, job.units_min),
            begins="fills" if job.state == "open" else rules.week_to_begin(
                day, job.due_on, rules.work_days(job.work_minutes, hours_week), closed
            ),
        )
        for job in jobs if job.state in ("filled", "open")
    ]  # fmt: skip


def counts_of(jobs: Iterable[BuyJob]) -> BuyCounts:
    """How many there are of each."""
    found: Counter[str] = Counter(job.begins for job in jobs)
    return BuyCounts(
        week=found["week"], next=found["next"], later=found["later"], undated=found["undated"], fills=found["fills"],
        all=sum(found[name] for name in FULL),
    )  # fmt: skip


def list_waiting(session: Session, fabricator: Fabricator, jobs: Iterable[JobCard], day: dt.date) -> list[BuyJob]:
    """The jobs of a fabricator that wait for materials."""
    closed = queries.closed_days(session, fabricator.id or 0, rules.monday(day))
    return without_materials(jobs, closed, fabricator.capacity_hours_week, day)


def to_buy(
    stores: Stores, session: Session, fabricator: Fabricator, jobs: Sequence[JobCard], day: dt.date, when: str = ""
) -> ToBuy:
    """The list for a week or for all; without a wish, this week's if there is anything to buy for."""
    waiting = list_waiting(session, fabricator, jobs, day)
    counts = counts_of(waiting)
    when = when or ("week" if counts.week else "all")
    chosen = {"week": ("week",), "next": ("next",), "all": FULL, "full": (*FULL, "fills")}[when]
    taken = [job for job in waiting if job.begins in chosen]
    rest = {job.number: job.units for job in waiting if job.begins in FULL and job.begins not in chosen}
    buy = buy_list(stores, session, {job.number: job.units for job in taken})
    known = known_prices(session, fabricator.id or 0, [line.mpn for line in buy.lines])
    prices = price_rules.priced(buy.lines, known, fabricator.currency)
    return ToBuy.model_validate(
        {
            "prices": prices, "costs": price_rules.costs(prices),
            "when": when, "week_ends_on": rules.monday(day) + dt.timedelta(days=6), "rule": RULE, "counts": counts,
            "jobs": taken, "buy": buy,
            "rest_jobs": len(rest), "rest_lines": len(buy_list(stores, session, rest).lines),
        }
    )  # fmt: skip
