"""What the dashboard reads of jobs, machines, quotes and weeks: a handful of aggregates, however many jobs."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col

from registry.accounts.tables import Account
from registry.batches.clock import database_now
from registry.batches.rules import OFFERED
from registry.batches.tables import (
    Batch,
    BatchCount,
    BatchEvent,
    BatchMaker,
    Quote,
    QuoteEvent,
    QuoteMessage,
    QuoteRequest,
    QuoteVersion,
    Reservation,
)
from registry.dashboard import rules
from registry.dashboard.schemas import Column, JobCard, MachineItem, QuoteNear, WeekView
from registry.dashboard.sql import select
from registry.dashboard.tables import BatchMessage, ClosedDay, JobPlan, PaymentSeen, ReadMark
from registry.designs.tables import Design, Revision
from registry.errors import NotFound
from registry.fabricators import vocabulary
from registry.fabricators.tables import Fabricator, Machine


def today(session: Session) -> dt.date:
    """The day, in UTC, by the database's clock."""
    return database_now(session).date()


def own_batches(fabricator_id: int) -> Any:
    """The numbers of the batches that a fabricator makes, as a part of a statement."""
    return select(col(BatchMaker.batch_id)).where(col(BatchMaker.fabricator_id) == fabricator_id)


def _shown(state: str, good: int) -> int:
    return 0 if state in ("draft", "open") else good


def list_jobs(
    session: Session, fabricator: Fabricator, day: dt.date, states: Sequence[str] = rules.JOB_STATES, number: int = 0
) -> list[JobCard]:
    """The jobs of a fabricator, those that are due first."""
    own = own_batches(fabricator.id or 0)
    chosen = (
        select(
            Batch.id, Batch.state, Batch.reserved, Batch.units_min, Batch.units_max, Batch.deadline_at, Batch.commit,
            Design.slug, Design.name, Design.picture, Revision.name, Revision.label, BatchMaker.leads,
            QuoteVersion.lead_days, JobPlan.work_minutes, JobPlan.due_on,
        )
        .join(BatchMaker, col(BatchMaker.batch_id) == col(Batch.id))
        .join(Design, col(Design.id) == col(Batch.design_id))
        .join(Revision, col(Revision.id) == col(Batch.revision_id))
        .outerjoin(Quote, col(Quote.id) == col(Batch.quote_id))
        .outerjoin(
            QuoteVersion,
            (col(QuoteVersion.quote_id) == col(Quote.id)) & (col(QuoteVersion.number) == col(Quote.version)),
        )
        .outerjoin(JobPlan, (col(JobPlan.batch_id) == col(Batch.id)) & (col(JobPlan.fabricator_id) == fabricator.id))
        .where(col(BatchMaker.fabricator_id) == fabricator.id, col(Batch.state).in_(states))
    )  # fmt: skip
    if number:
        chosen, own = chosen.where(col(Batch.id) == number), [number]
    rows = session.execute(chosen).all()
    began: dict[int, dt.datetime] = dict(
        session.execute(
            select(BatchEvent.batch_id, func.max(BatchEvent.at))
            .where(col(BatchEvent.became) == "filled", col(BatchEvent.batch_id).in_(own))
            .group_by(BatchEvent.batch_id)
        ).all()
    )
    good: dict[tuple[int, str], int] = {}
    scrap: Counter[int] = Counter()
    sums = (func.sum(BatchCount.good), func.sum(BatchCount.scrap))
    for batch_id, stage, fine, lost in session.execute(
        select(BatchCount.batch_id, BatchCount.stage, *sums)
        .where(col(BatchCount.batch_id).in_(own))
        .group_by(BatchCount.batch_id, BatchCount.stage)
    ):
        good[batch_id, stage] = int(fine)
        scrap[batch_id] += int(lost)
    cards = []
    for (id_, state, reserved, least, most, deadline, commit, slug, name, picture, version, label, leads, lead_days,
         minutes, planned) in rows:  # fmt: skip
        lead = lead_days if lead_days is not None else fabricator.lead_time_days
        due = rules.due_on(state, deadline, began.get(id_), lead, planned)
        left = (due - day).days if due else None
        action, step = rules.next_of(state, reserved, most)
        cards.append(
            JobCard(
                number=id_,
                design=slug,
                design_name=name,
                picture=picture or None,
                version=version,
                label=label,
                commit=commit,
                state=state,
                units=reserved,
                units_min=least,
                units_max=most,
                good=_shown(state, good.get((id_, rules.stage_in_work(state)), 0)),
                scrap=scrap[id_],
                leads=leads,
                deadline_at=deadline,
                due_on=due,
                overdue=state in rules.IN_WORK and left is not None and left < 0,
                days_left=left,
                work_minutes=minutes,
                next_action=action,
                next_step=step,
            )
        )
    return sorted(cards, key=lambda card: (card.due_on or dt.date.max, card.number))


def get_job(session: Session, fabricator: Fabricator, number: int) -> JobCard:
    """One job, also one that has ended. Raises: NotFound."""
    states = (*rules.JOB_STATES, *rules.ENDS, "released")
    found = list_jobs(session, fabricator, today(session), states, number)
    if not found:
        raise NotFound(f"{fabricator.name} has no job {number}.", "Look at its board.")
    return found[0]


def columns(jobs: Sequence[JobCard], shown: int, whole: str = "") -> list[Column]:
    """The jobs by stage; of each but the `whole` one at most `shown` cards."""
    by_state: dict[str, list[JobCard]] = {state: [] for state in rules.COLUMNS}
    for job in jobs:
        by_state[job.state].append(job)
    return [
        Column(
            state=state, label=label, key=key, total=len(by_state[state]),
            units=sum(job.units for job in by_state[state]),
            cards=by_state[state] if state == whole else by_state[state][:shown],
        )
        for state, (label, key, _) in rules.COLUMNS.items()
    ]  # fmt: skip


def closed_days(session: Session, fabricator_id: int, since: dt.date) -> dict[dt.date, str]:
    """The days on which it is closed, from a day on, each with its words."""
    chosen = select(ClosedDay.day, ClosedDay.words).where(
        col(ClosedDay.fabricator_id) == fabricator_id, col(ClosedDay.day) >= since
    )
    return dict(session.execute(chosen.order_by(ClosedDay.day)).all())


def weeks(jobs: Sequence[JobCard], closed: dict[dt.date, str], hours_week: int | None, day: dt.date) -> list[WeekView]:
    """This week and the next ones: jobs in work or filling that are due in each, against what it can do."""
    found = []
    for place in range(rules.STRIP_WEEKS):
        start = rules.monday(day) + dt.timedelta(weeks=place)
        end = start + dt.timedelta(days=7)
        due = [job for job in jobs if in_strip(job) and job.due_on and start <= job.due_on < end]
        shut = sum(start <= one < end and one.weekday() < rules.WORKING_DAYS for one in closed)
        found.append(
            WeekView(
                begins_on=start,
                jobs=len(due),
                work_minutes=sum(job.work_minutes or 0 for job in due),
                jobs_without_hours=sum(job.work_minutes is None for job in due),
                closed_days=shut,
                capacity_minutes=rules.capacity_minutes(hours_week, shut),
            )
        )
    return found


def in_strip(job: JobCard) -> bool:
    """Whether a job takes time in its week: it is in work. What still fills takes none yet."""
    return job.state in rules.IN_WORK


def list_machines(session: Session, fabricator_id: int) -> list[MachineItem]:
    """The machines, in the fabricator's order."""
    chosen = select(Machine.id, Machine.name, Machine.process, Machine.count, Machine.status).where(
        col(Machine.fabricator_id) == fabricator_id
    )
    rows = session.execute(chosen.order_by(Machine.position, Machine.id)).all()
    return [
        MachineItem(
            id=id_, name=name, process=process, count=count, status=status,
            process_name=vocabulary.process_name(process),
        )
        for id_, name, process, count, status in rows
    ]  # fmt: skip


def quotes_near(session: Session, fabricator_id: int, day: dt.date) -> list[QuoteNear]:
    """Offers that stand and end within a week, the next one first."""
    until = day + dt.timedelta(days=rules.NEAR_DAYS)
    chosen = (
        select(
            Quote.id, Quote.request_id, Quote.state, Quote.valid_until, Design.name, Revision.name, Account.handle
        )
        .join(QuoteRequest, col(QuoteRequest.id) == col(Quote.request_id))
        .join(Design, col(Design.id) == col(QuoteRequest.design_id))
        .join(Revision, col(Revision.id) == col(QuoteRequest.revision_id))
        .join(Account, col(Account.id) == col(QuoteRequest.buyer_id))
        .where(
            col(Quote.fabricator_id) == fabricator_id, col(Quote.state).in_(OFFERED),
            col(Quote.valid_until).between(day, until),
        )
        .order_by(Quote.valid_until, Quote.id)
    )  # fmt: skip
    return [
        QuoteNear(
            id=id_, request=request_id, state=state, valid_until=valid_until, design_name=design, version=version,
            buyer=handle, days_left=(valid_until - day).days,
        )
        for id_, request_id, state, valid_until, design, version, handle in session.execute(chosen)
    ]  # fmt: skip


def stamp(session: Session, fabricator: Fabricator, account_id: int, *more: object) -> str:
    """Names the state of everything that a page of the dashboard shows: the same as long as nothing has changed.

    What tells of the past is only added to, so its last number stands for all of it.
    """
    own = own_batches(fabricator.id or 0)
    batches = select(func.count(col(Batch.id)), func.max(Batch.updated_at), func.sum(Batch.reserved),
                     func.sum(Batch.last_number)).where(col(Batch.id).in_(own))  # fmt: skip
    quotes = select(func.count(col(Quote.id)), func.max(Quote.updated_at)).where(
        col(Quote.fabricator_id) == fabricator.id
    )
    marks = select(func.count(), func.max(ReadMark.seen_at)).where(col(ReadMark.account_id) == account_id)
    plans = select(func.count(), func.max(JobPlan.updated_at)).where(col(JobPlan.fabricator_id) == fabricator.id)
    days = select(func.count(), func.max(ClosedDay.day), func.min(ClosedDay.day)).where(
        col(ClosedDay.fabricator_id) == fabricator.id
    )
    shops = select(Fabricator.updated_at, Fabricator.capacity_hours_week).where(col(Fabricator.id) == fabricator.id)
    logs = select(
        *(
            select(func.max(col(table.id))).scalar_subquery()
            for table in (BatchEvent, BatchCount, QuoteEvent, QuoteMessage, BatchMessage, PaymentSeen, Reservation)
        )
    )
    seen: list[object] = [fabricator.id, account_id, today(session), *more]
    for statement in (batches, quotes, marks, plans, days, shops, logs):
        seen += session.execute(statement).one()
    return hashlib.sha256(repr(seen).encode()).hexdigest()[:32]
