"""Which fabricator an account acts for in a batch that several may make."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session, col, select

from registry.batches.roles import ACTING, require_operator, role_of
from registry.batches.rules import STAGE_WORDS, STAGES
from registry.batches.tables import BatchMaker
from registry.errors import Forbidden
from registry.fabricators.tables import Fabricator


def makers_of(session: Session, number: int) -> Sequence[BatchMaker]:
    """The makers of a batch, the leading one first."""
    chosen = select(BatchMaker).where(BatchMaker.batch_id == number)
    return session.exec(chosen.order_by(col(BatchMaker.leads).desc(), col(BatchMaker.fabricator_id))).all()


def require_lead(session: Session, number: int, account_id: int) -> int:
    """The leading fabricator, for its operators. Raises: Forbidden."""
    lead = makers_of(session, number)[0].fabricator_id
    require_operator(session, lead, account_id)
    return lead


def stages_of(row: BatchMaker) -> list[str]:
    """The stages that a maker may count: who leads answers for all of them."""
    return [stage for stage in STAGES if row.leads or not row.stages or stage in row.stages]


def words_of(stages: Sequence[str]) -> str:
    """Stages as people read them."""
    return ", ".join(STAGE_WORDS[stage].lower() for stage in STAGES if stage in stages) or "every stage"


def countable(session: Session, number: int, account_id: int | None) -> list[str]:
    """The stages that an account may count at, for any of the makers that it acts for."""
    rows = [row for row in makers_of(session, number) if role_of(session, row.fabricator_id, account_id) in ACTING]
    allowed = {stage for row in rows for stage in stages_of(row)}
    return [stage for stage in STAGES if stage in allowed]


def require_maker(session: Session, number: int, account_id: int, stage: str = "") -> int:
    """The fabricator that an account acts for, at a stage: the one whose share it is first. Raises: Forbidden."""
    own = [row for row in makers_of(session, number) if role_of(session, row.fabricator_id, account_id)]
    if not own:
        raise Forbidden("Only those who make this batch may do that.", "Ask one of them.")
    fitting = [row for row in own if stage not in STAGES or stage in stages_of(row)]
    if not fitting:
        name = session.get_one(Fabricator, own[0].fabricator_id).name
        raise Forbidden(
            f"{name} makes a share of batch {number}: {words_of(own[0].stages)}. '{STAGE_WORDS[stage]}' is not of it.",
            "Ask who leads the batch.",
        )
    fitting.sort(key=lambda row: (role_of(session, row.fabricator_id, account_id) not in ACTING,
                                  stage not in row.stages))  # fmt: skip
    require_operator(session, fitting[0].fabricator_id, account_id)
    return fitting[0].fabricator_id
