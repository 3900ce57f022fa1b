"""What came of the last weeks: units shipped, share on time, share good."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import case, func
from sqlmodel import Session, col

from registry.batches.tables import BatchCount, BatchEvent
from registry.dashboard import rules
from registry.dashboard.queries import list_jobs, own_batches
from registry.dashboard.schemas import WeekFigures
from registry.dashboard.sql import select
from registry.fabricators.tables import Fabricator

_HANDLED = ("made", "assembled", "tested")


def _starts(day: dt.date) -> list[dt.date]:
    last = rules.monday(day)
    return [last - dt.timedelta(weeks=rules.FIGURE_WEEKS - 1 - place) for place in range(rules.FIGURE_WEEKS)]


def _moment(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), dt.UTC)


def figures(session: Session, fabricator: Fabricator, day: dt.date) -> list[WeekFigures]:
    """The last twelve weeks, this one last. On time: first moved to shipped on or before the day it was due."""
    starts = _starts(day)
    week = case(
        *((col(BatchCount.at) >= _moment(start), place) for place, start in reversed(list(enumerate(starts)))), else_=-1
    ).label("week")
    rows = session.execute(
        select(week, BatchCount.stage, func.sum(BatchCount.good), func.sum(BatchCount.scrap))
        .where(col(BatchCount.fabricator_id) == fabricator.id, col(BatchCount.at) >= _moment(starts[0]))
        .group_by(week, BatchCount.stage)
    ).all()
    shipped, good, scrap = ([0] * len(starts) for _ in range(3))
    for place, stage, fine, lost in rows:
        if stage == "shipped":
            shipped[place] += int(fine)
        elif stage in _HANDLED:
            good[place] += int(fine)
            scrap[place] += int(lost)
    on_time, late = _punctual(session, fabricator, day, starts)
    return [
        WeekFigures(begins_on=start, shipped=shipped[place], good=good[place], scrap=scrap[place],
                    on_time=on_time[place], late=late[place])
        for place, start in enumerate(starts)
    ]  # fmt: skip


def _punctual(
    session: Session, fabricator: Fabricator, day: dt.date, starts: list[dt.date]
) -> tuple[list[int], list[int]]:
    on_time, late = [0] * len(starts), [0] * len(starts)
    moments: dict[int, dt.datetime] = dict(
        session.execute(
            select(BatchEvent.batch_id, func.min(BatchEvent.at))
            .where(
                col(BatchEvent.became) == "shipped", col(BatchEvent.batch_id).in_(own_batches(fabricator.id or 0)),
            )
            .group_by(BatchEvent.batch_id)
        ).all()
    )  # fmt: skip
    for job in list_jobs(session, fabricator, day, ("shipped", "closed")):
        moment = moments.get(job.number)
        if moment is None or job.due_on is None:
            continue
        on = moment.astimezone(dt.UTC).date()
        if on < starts[0]:
            continue
        place = (rules.monday(on) - starts[0]).days // 7
        (on_time if on <= job.due_on else late)[place] += 1
    return on_time, late
