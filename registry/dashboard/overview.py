"""All numbers of a dashboard, each from one place: the rail, the pages, JSON and the command show the same."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence

from sqlmodel import Session

from registry.dashboard import buying, figures, inbox, money, queries, rules
from registry.dashboard.schemas import Dashboard, JobCard, Numbers
from registry.fabricators.tables import Fabricator
from registry.stores.stores import Stores


def due_this_week(jobs: Sequence[JobCard], day: dt.date) -> int:
    """Jobs in work that are due between Monday and Sunday."""
    start = rules.monday(day)
    return sum(
        queries.in_strip(job) and job.due_on is not None and start <= job.due_on < start + dt.timedelta(days=7)
        for job in jobs
    )


def numbers(
    session: Session, fabricator: Fabricator, account_id: int, jobs: Sequence[JobCard], day: dt.date
) -> Numbers:
    """What the left rail counts."""
    own = fabricator.id or 0
    books = money.books(session, own)
    machines: Counter[str] = Counter(dict.fromkeys(("ready", "busy", "broken"), 0))
    for machine in queries.list_machines(session, own):
        machines[machine.status] += machine.count
    return Numbers(
        jobs=len(jobs),
        overdue=sum(job.overdue for job in jobs),
        due_this_week=due_this_week(jobs, day),
        inbox=inbox.counts(session, own, account_id),
        to_buy_jobs=len(buying.jobs_to_buy_for(jobs)),
        machines=dict(machines),
        quotes_near=len(queries.quotes_near(session, own, day)),
        money=books.totals,
        accepted_without_quantity=books.without_quantity,
    )


def dashboard(stores: Stores, session: Session, fabricator: Fabricator, account_id: int, role: str) -> Dashboard:
    """Everything at once."""
    own, day = fabricator.id or 0, queries.today(session)
    jobs = queries.list_jobs(session, fabricator, day)
    closed = queries.closed_days(session, own, rules.monday(day))
    stages = queries.columns(jobs, 0)
    return Dashboard(
        fabricator=fabricator.slug,
        name=fabricator.name,
        role=role,
        today=day,
        numbers=numbers(session, fabricator, account_id, jobs, day),
        stages={column.state: column.total for column in stages},
        units_by_stage={column.state: column.units for column in stages},
        weeks=queries.weeks(jobs, closed, fabricator.capacity_hours_week, day),
        overdue=[job.number for job in jobs if job.overdue],
        quotes=queries.quotes_near(session, own, day),
        machines=queries.list_machines(session, own),
        figures=figures.figures(session, fabricator, day),
        jobs=jobs,
        buy=buying.buy_list(stores, session, buying.jobs_to_buy_for(jobs)),
        to_buy=buying.counts_of(buying.list_waiting(session, fabricator, jobs, day)),
    )
