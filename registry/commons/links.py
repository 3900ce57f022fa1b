"""What features above this one tell it: who contributed to a design, and the bank's shares. They register on import."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sqlmodel import Session


@dataclass(frozen=True, slots=True)
class Shares:
    """The designers' cut of each unit sold where they set none, and the most that they may set. Ten-thousandths."""

    share_bp: int = 500
    share_bp_max: int = 2_000


@dataclass(frozen=True, slots=True)
class Place:
    """Where money of a fund lies beside its own bank account: in a campaign's. `ordered_minor` of it is on its way."""

    campaign: int
    amount_minor: int
    ordered_minor: int


Places = Callable[[Session, int, str], list[Place]]  # (session, design's id, currency)
Contributors = Callable[[Session, int], Iterable[int]]  # (session, design's id) -> ids of accounts
Policy = Callable[[Session], Shares]

_contributors: dict[str, Contributors] = {}
_policy: list[Policy] = []
_places: list[Places] = []


def add_contributors(why: str, find: Contributors) -> None:
    """Let those who contributed in some way speak for a design; `why` says in words what they did."""
    _contributors[why] = find


def contributors_of(session: Session, design_id: int) -> dict[int, list[str]]:
    """account's id -> what they did for the design."""
    found: dict[int, list[str]] = {}
    for why, find in _contributors.items():
        for who in find(session, design_id):
            found.setdefault(who, []).append(why)
    return found


def set_policy(policy: Policy) -> None:
    """Let the bank's policy say what the shares are."""
    _policy[:] = [policy]


def shares(session: Session) -> Shares:
    """The shares that hold now."""
    return _policy[0](session) if _policy else Shares()


def set_places(find: Places) -> None:
    """Let whoever keeps bank accounts say where a fund's money lies."""
    _places[:] = [find]


def places(session: Session, design_id: int, currency: str) -> list[Place]:
    """Where a fund's money lies beside its own bank account."""
    return _places[0](session, design_id, currency) if _places else []
