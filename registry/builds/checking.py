"""Findings of rule checks as people read them, by kind: pure, no input or output."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

FINDINGS_SHOWN = 500
OPEN_MAX = 3
_CHECKS = (("drc", "Design rules of the board"), ("erc", "Electrical rules of the schematic"))
_SEVERITIES = ("error", "warning")


@dataclass(frozen=True, slots=True)
class Kind:
    """All findings of one rule and severity: `count` of them, though not all may be listed."""

    rule: str
    title: str
    severity: str
    count: int
    findings: list[Mapping[str, Any]]

    @property
    def short(self) -> bool:
        """Whether its findings are few enough to be shown without unfolding."""
        return self.count <= OPEN_MAX


@dataclass(frozen=True, slots=True)
class CheckGroup:
    """The findings of one rule check: the design's own by kind, errors first; those of this machine apart."""

    key: str
    title: str
    errors: int
    warnings: int
    own: list[Kind]
    environment: list[Kind]
    environment_count: int
    left_out: int


def rule_title(rule: str, text: str) -> str:
    """A rule's name for people: what its findings say, without the figures of one of them."""
    plain = text.split(" (")[0].strip().rstrip(".:")
    return plain or rule.replace("_", " ").capitalize() or "Other findings"


_Finding = TypeVar("_Finding", bound=Mapping[str, Any])


def _kind_of(finding: Mapping[str, Any]) -> tuple[str, str]:
    return str(finding.get("type") or finding.get("text", "")), str(finding.get("severity", ""))


def _by_rule(findings: Iterable[_Finding]) -> dict[tuple[str, str], list[_Finding]]:
    found: dict[tuple[str, str], list[_Finding]] = {}
    for finding in findings:
        found.setdefault(_kind_of(finding), []).append(finding)
    return found


def of_every_kind(findings: Sequence[_Finding], most: int = FINDINGS_SHOWN) -> list[_Finding]:
    """At most so many findings, of every kind in turn: a kind with thousands leaves room for the others."""
    places: dict[tuple[str, str], list[int]] = {}
    for place, finding in enumerate(findings):
        places.setdefault(_kind_of(finding), []).append(place)
    turns = itertools.chain.from_iterable(itertools.zip_longest(*places.values()))
    kept = itertools.islice((place for place in turns if place is not None), most)
    return [findings[place] for place in sorted(kept)]


def _kinds(findings: Sequence[Mapping[str, Any]]) -> list[Kind]:
    shown = _by_rule(of_every_kind(findings))
    kinds = [
        Kind(key[0], _title(key[0], items), key[1], len(items), shown.get(key, []))
        for key, items in _by_rule(findings).items()
    ]
    rank = {severity: place for place, severity in enumerate(_SEVERITIES)}
    return sorted(kinds, key=lambda kind: (rank.get(kind.severity, len(rank)), -kind.count, kind.title))


def _title(rule: str, items: Sequence[Mapping[str, Any]]) -> str:
    """What all say, if they say the same; else the rule's own name, where a single one would speak for others."""
    titles = {rule_title(rule, str(item.get("text", ""))) for item in items}
    return titles.pop() if len(titles) == 1 else rule_title(rule, "")


def checks(report: Mapping[str, Any]) -> list[CheckGroup]:
    """DRC and ERC of a board."""
    groups = []
    for key, title in _CHECKS:
        part = report.get(key)
        if part is None:
            continue
        findings = part.get("findings", [])
        own = [finding for finding in findings if not finding.get("environment")]
        environment = [finding for finding in findings if finding.get("environment")]
        groups.append(
            CheckGroup(
                key=key,
                title=title,
                errors=part.get("errors", 0),
                warnings=part.get("warnings", 0),
                own=_kinds(own),
                environment=_kinds(environment),
                environment_count=part.get("environment", len(environment)),
                left_out=part.get("left_out", 0) + max(0, len(own) - FINDINGS_SHOWN),
            )
        )
    return groups
