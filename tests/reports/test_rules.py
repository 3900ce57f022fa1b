"""How reports add up: other accounts, other places, each once."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.reports.rules import Told, standing

AUTHOR = 1


def told(who: int, place: str, outcome: str = "works", builder: int | None = None) -> Told:
    country, _, town = place.partition("/")
    return Told(who, who if builder is None else builder, country, town, outcome)


CASES = [
    ([], "untried", 0),
    ([told(1, "BE/ghent")], "built by its author", 0),
    ([told(2, "BE/ghent")], "built by 1 other", 1),
    ([told(2, "BE/ghent"), told(2, "DE/berlin")], "built by 1 other", 1),
    ([told(2, "BE/ghent"), told(3, "BE/ghent")], "built by 1 other", 1),
    ([told(2, "BE/ghent"), told(3, "BE/bruges")], "built by 2 others", 2),
    ([told(1, "BE/ghent"), told(2, "BE/ghent")], "built by its author", 0),
    ([told(2, "BE/ghent"), told(2, "DE/berlin"), told(3, "BE/ghent")], "built by 2 others", 2),
    ([told(2, "BE"), told(3, "BE")], "built by 1 other", 1),
    ([told(2, "BE"), told(3, "BE/ghent")], "built by 1 other", 1),
    ([told(2, "BE"), told(3, "DE")], "built by 2 others", 2),
    ([told(2, "BE/ghent", "failed")], "failed for 1", 0),
    ([told(2, "BE/ghent", "failed"), told(2, "BE/ghent", "changed")], "built by 1 other", 1),
    ([told(2, "BE/ghent", "failed"), told(3, "BE/bruges")], "built by 1 other, failed for 1", 1),
    ([told(1, "BE/ghent", "failed")], "failed for 1", 0),
    ([told(2, "BE/ghent", builder=-7), told(3, "BE/ghent", builder=-7)], "built by 1 other", 1),
    ([told(2, "BE/ghent", builder=1)], "built by its author", 0),
]


@pytest.mark.parametrize(("reports", "words", "others"), CASES)
def test_standing_of(reports: list[Told], words: str, others: int) -> None:
    found = standing(reports, AUTHOR)
    assert (found.words, found.others) == (words, others)


REPORTS = st.lists(
    st.builds(
        told,
        st.integers(1, 6),
        st.sampled_from(["BE", "BE/ghent", "BE/bruges", "DE", "DE/berlin", "FR/lyon"]),
        st.sampled_from(["works", "changed", "failed"]),
    ),
    max_size=12,
)


@given(REPORTS)
def test_no_more_others_than_accounts_or_places(reports: list[Told]) -> None:
    found = standing(reports, AUTHOR)
    worked = [report for report in reports if report.outcome != "failed" and report.builder != AUTHOR]
    assert found.others <= len({report.builder for report in worked})
    assert found.others <= len({(report.country, report.town) for report in worked})
    assert (found.proven == "others") == (found.others > 0)
    assert found == standing(list(reversed(reports)), AUTHOR) == standing(reports * 2, AUTHOR)


@given(REPORTS, st.integers(2, 6), st.sampled_from(["BE", "BE/ghent", "DE", "DE/berlin", "IT/turin"]))
def test_a_further_build_never_takes_one_away(reports: list[Told], who: int, place: str) -> None:
    before, after = standing(reports, AUTHOR), standing([*reports, told(who, place)], AUTHOR)
    assert before.others <= after.others <= before.others + 1
    assert after.failed <= before.failed
    failure = replace(told(who, place), outcome="failed")
    assert standing([*reports, failure], AUTHOR).others == before.others
