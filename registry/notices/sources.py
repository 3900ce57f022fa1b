"""Where events come from: a small registry of tables that are only added to, and of looks at the clock.

Another feature's events are added with `add`, in its own file beside this one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session, col, select

from registry.batches.tables import BatchMaker, Reservation
from registry.designs.tables import Design, Revision
from registry.fabricators.tables import Member
from registry.notices.rules import Telling

ACTING = ("owner", "operator")


@dataclass(frozen=True, slots=True)
class Told:
    """An event, made into words for its audiences. Who did it (`by`) is not told. `links`: of audiences that look
    elsewhere than the others."""

    event_id: int
    at: dt.datetime
    link: str
    tellings: Sequence[Telling]
    audiences: dict[str, set[int]] = field(default_factory=dict)
    by: int | None = None
    links: dict[str, str] = field(default_factory=dict)

    def link_for(self, audience: str) -> str:
        """Where an audience finds it."""
        return self.links.get(audience, self.link)

    def recipients(self) -> dict[int, Telling]:
        """account -> what it is told: the first that is meant for it."""
        found: dict[int, Telling] = {}
        for telling in self.tellings:
            for account_id in sorted(self.audiences.get(telling.audience, ())):
                if account_id != self.by:
                    found.setdefault(account_id, telling)
        return found


@dataclass(frozen=True, slots=True)
class Events:
    """A table whose rows are events, read on from where it was read to. `at` names the column with its time."""

    name: str
    table: Any
    tell: Callable[[Session, Any], Told | None]
    at: str = "at"


@dataclass(frozen=True, slots=True)
class Look:
    """What the clock brings about: asked again and again; what was told of an event before is not told again."""

    name: str
    find: Callable[[Session, dt.datetime], Iterable[Told]]


_sources: dict[str, Events | Look] = {}


def add(source: Events | Look) -> None:
    """Have notices made of a source."""
    _sources[source.name] = source


def all_sources() -> list[Events | Look]:
    """Every source, in the order in which they were added."""
    return list(_sources.values())


# --- whom and what


def shop_people(session: Session, fabricator_ids: Iterable[int]) -> set[int]:
    """Owners and operators of fabricators; viewers only look."""
    rows = session.exec(
        select(Member.account_id).where(
            col(Member.fabricator_id).in_(list(fabricator_ids)), col(Member.role).in_(ACTING)
        )
    )
    return set(rows)


def makers_of(session: Session, batch_id: int) -> list[int]:
    """The fabricators of a batch, the leading one first."""
    rows = session.exec(
        select(BatchMaker.fabricator_id).where(BatchMaker.batch_id == batch_id)
        .order_by(col(BatchMaker.leads).desc(), col(BatchMaker.fabricator_id))
    )  # fmt: skip
    return list(rows)


def holders_of(session: Session, batch_id: int, *states: str) -> set[int]:
    """Who has reservations of a batch in one of these states."""
    rows = session.exec(
        select(Reservation.account_id).where(
            Reservation.batch_id == batch_id, col(Reservation.state).in_(states)
        )
    )  # fmt: skip
    return set(rows)


def owner_of(session: Session, design_id: int) -> set[int]:
    """Who added a design, if that is known."""
    owner_id = session.get_one(Design, design_id).owner_id
    return set() if owner_id is None else {owner_id}


def things_of(session: Session, design_id: int, revision_id: int) -> str:
    """A design with its version, as people say it."""
    return f"{session.get_one(Design, design_id).name} {session.get_one(Revision, revision_id).name}"
