"""Keeps the units of a batch in step with what is counted at its stages; both change in one transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

from sqlmodel import Session, col, select

from registry.batches import rules, unit_rules
from registry.batches.batch_schemas import CountWish
from registry.batches.tables import BatchCount
from registry.batches.unit_rules import Standing
from registry.batches.unit_tables import Unit, UnitEvent
from registry.errors import Conflict, Invalid


def standings(session: Session, batch_id: int) -> list[Standing]:
    """The units of a batch by number."""
    rows = session.exec(select(Unit).where(Unit.batch_id == batch_id).order_by(col(Unit.position))).all()
    return [Standing(row.id or 0, row.serial, row.state, row.passed) for row in rows]


def put(
    session: Session,
    chosen: Iterable[Standing],
    action: str,
    stage: str,
    account_id: int,
    now: dt.datetime,
    words: str = "",
    *,
    state: str = "",
    passed: str | None = None,
) -> None:
    """Write what happened to units; `state` and `passed` where they change."""
    for unit in chosen:
        row = session.get_one(Unit, unit.id)
        became = state or row.state
        if state:
            row.state = state
        if passed is not None:
            row.passed = passed
        session.add(row)
        session.add(
            UnitEvent(
                unit_id=unit.id,
                action=action,
                stage=stage,
                was=unit.state,
                became=became,
                side="fabricator",
                words=words.strip(),
                account_id=account_id,
                at=now,
            )
        )


def follow(session: Session, batch_id: int, wish: CountWish, account_id: int, now: dt.datetime) -> None:
    """Let the units do what was counted. Without serial numbers there is nothing to do. Raises: Conflict, Invalid."""
    units = standings(session, batch_id)
    serials = list(wish.serials)
    if not units:
        if serials:
            raise Invalid("The units of this batch have no numbers yet.", "Number them first.", field="serials")
        return
    if wish.stage == "materials":
        return
    if wish.stage == "shipped":
        raise Conflict(
            "The units of this batch have serial numbers: what is shipped is not counted by hand.",
            "Write a delivery, which says who gets which and counts them.",
        )
    if serials and sum(1 for number in (wish.good, wish.scrap, wish.rework) if number) > 1:
        raise Invalid(
            "Named units are counted as one thing.",
            "Count good, scrap and rework one after the other.",
            field="serials",
        )
    named = abs(wish.good or wish.scrap or wish.rework)
    if serials and named != len(serials):
        raise Invalid(f"{named} are counted, but {len(serials)} are named.", "Let both be the same.", field="serials")
    if wish.good > 0:
        put(
            session,
            unit_rules.passes(units, wish.stage, wish.good, serials),
            "pass",
            wish.stage,
            account_id,
            now,
            wish.why,
            state=wish.stage,
            passed=wish.stage,
        )
    elif wish.good < 0:
        back = unit_rules.before(wish.stage)
        put(
            session,
            unit_rules.takes_back(units, wish.stage, -wish.good, serials),
            "take back",
            wish.stage,
            account_id,
            now,
            wish.why,
            state=back or "planned",
            passed=back,
        )
    if wish.scrap > 0:
        put(
            session,
            unit_rules.scraps(units, wish.stage, serials),
            "scrap",
            wish.stage,
            account_id,
            now,
            wish.why,
            state="scrap",
        )
    elif wish.scrap < 0:
        for unit in unit_rules.restores(units, wish.stage, serials):
            put(session, [unit], "restore", wish.stage, account_id, now, wish.why, state=unit.passed or "planned")
    if wish.rework and serials:
        known = {unit.serial: unit for unit in units}
        if missing := [name for name in serials if name not in known]:
            raise Invalid(f"There is no unit {missing[0][:60]} in this batch.", "Look at its units.", field="serials")
        put(session, [known[name] for name in serials], "rework", wish.stage, account_id, now, wish.why)


def catch_up(
    session: Session, units: Sequence[Standing], done: Mapping[str, rules.Count], account_id: int, now: dt.datetime
) -> None:
    """Let units that were just numbered have passed what was counted before they had numbers."""
    for stage in unit_rules.PASSING:
        good = done.get(stage, rules.Count()).good
        put(
            session,
            units[:good],
            "pass",
            stage,
            account_id,
            now,
            "counted before it had a number",
            state=stage,
            passed=stage,
        )


def count_shipped(
    session: Session, batch_id: int, fabricator_id: int, number: int, account_id: int, now: dt.datetime, why: str
) -> None:
    """What a delivery adds to the count of shipped units."""
    session.add(
        BatchCount(
            batch_id=batch_id,
            fabricator_id=fabricator_id,
            stage="shipped",
            good=number,
            why=why,
            account_id=account_id,
            at=now,
        )
    )
