"""How reports add up to a version's standing: pure, no input or output."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from registry.designs.standing import Proven, standing_words

WORKED = ("works", "changed")
OUTCOMES = {"works": "Works", "changed": "Works with changes", "failed": "Failed"}


@dataclass(frozen=True, slots=True)
class Told:
    """What standing asks of one report that is shown. `builder` is who made the thing: the account itself, or the
    fabricator (its id below zero) that it was bought of; the author's own workshop counts as the author."""

    account_id: int
    builder: int
    country: str
    town: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How a version stands: its best proof, those who built it independently, those for whom it failed."""

    proven: Proven
    others: int
    failed: int

    @property
    def words(self) -> str:
        """As chips and lists say it."""
        return standing_words(self.proven, self.others, self.failed)


def standing(reports: Iterable[Told], author_id: int | None) -> Standing:
    """How a version stands by its reports.

    Others are as many as can each be given a place of their own: one account counts once, and so does one place; a
    place where the author built is nobody else's. Who names no town may be in any town of the country that is told of.
    """
    told = list(reports)
    worked = [report for report in told if report.outcome in WORKED]
    builders = {report.builder for report in worked}
    mended = {report.account_id for report in worked}
    failed = {report.account_id for report in told if report.outcome == "failed"} - mended
    others = _independent(worked, author_id)
    by_author = author_id is not None and author_id in builders
    # Somebody else at the author's own place has built it, too: that is worth what the author's word is worth.
    proven: Proven = "others" if others else "author" if by_author else "failed" if failed else "untried"
    return Standing(proven, others, len(failed))


def _independent(worked: list[Told], author_id: int | None) -> int:
    """The size of a greatest matching of accounts and places."""
    towns: dict[str, set[str]] = {}
    for report in worked:
        if report.town:
            towns.setdefault(report.country, set()).add(report.town)
    own = {(r.country, r.town) for r in worked if r.builder == author_id and author_id is not None}
    reach: dict[int, set[tuple[str, str]]] = {}
    for report in worked:
        if report.builder == author_id:
            continue
        named = {report.town} if report.town else towns.get(report.country, {""})
        reach.setdefault(report.builder, set()).update((report.country, town) for town in named)
    taken: dict[tuple[str, str], int] = {}

    def settle(account: int, seen: set[tuple[str, str]]) -> bool:
        for spot in sorted(reach[account] - own - seen):
            seen.add(spot)
            if spot not in taken or settle(taken[spot], seen):
                taken[spot] = account
                return True
        return False

    return sum(settle(account, set()) for account in sorted(reach))
