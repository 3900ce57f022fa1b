"""Consent by pure rules: what stops a proposal, what lets it go on, and that nothing is jumped."""

from __future__ import annotations

import datetime as dt

import pytest

from registry.commons import rules
from registry.commons.rules import Voice, decide
from registry.errors import Conflict, Invalid

T = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
ADA, BEN, CYD = 1, 2, 3


def day(number: float) -> dt.datetime:
    return T + dt.timedelta(days=number)


def decided(now: dt.datetime, *voices: Voice, state: str = "open") -> str:
    return decide(state, T, day(14), T, ADA, voices, now)[0]


def test_silence_is_not_consent_and_the_proposer_alone_is_not_enough() -> None:
    assert decided(day(15)) == ""
    assert decided(day(15), Voice(1, ADA, "consent", T)) == ""
    assert decided(day(15), Voice(1, BEN, "consent", T)) == "agree"
    assert decided(day(13.9), Voice(1, BEN, "consent", T)) == "", "the period is for everybody"
    assert decided(day(121)) == "lapse"


def test_one_objection_stops_what_many_want() -> None:
    many = [Voice(number, 10 + number, "consent", T) for number in range(1, 9)]
    objection = Voice(20, CYD, "object", day(2))
    assert decided(day(30), *many, objection) == ""
    assert decided(day(121), *many, objection) == "lapse"
    assert decided(day(30), *many, objection, Voice(21, CYD, "withdraw", day(3), 20)) == "agree"
    answered = Voice(21, ADA, "answer", day(29), 20)
    assert decided(day(31), *many, objection, answered) == "", "whoever objected has three days left"
    assert decided(day(32), *many, objection, answered) == "agree"
    again = Voice(22, CYD, "object", day(30))
    assert decided(day(60), *many, objection, answered, again) == ""
    changed_mind = [Voice(1, BEN, "consent", T), Voice(2, BEN, "object", T), Voice(3, ADA, "answer", T, 2)]
    assert decided(day(30), *changed_mind) == "", "who objected last does not consent any more"


def test_what_can_not_be_said() -> None:
    objection = Voice(1, BEN, "object", T)
    for stance, who, which, message in (
        ("answer", BEN, objection, "own objection"), ("withdraw", CYD, objection, "Only who objected"),
        ("answer", ADA, None, "no such objection"), ("consent", BEN, None, "You have objected"),
        ("object", ADA, None, "your own proposal"), ("consent", ADA, None, "consent already"),
    ):  # fmt: skip
        with pytest.raises(Conflict, match=message):
            rules.judge_voice("open", stance, who, ADA, which, [objection])
    with pytest.raises(Conflict, match="no such objection"):
        rules.judge_voice("open", "answer", ADA, ADA, objection, [objection, Voice(2, CYD, "answer", T, 1)])
    with pytest.raises(Conflict, match="decided"):
        rules.judge_voice("agreed", "object", BEN, ADA, None, [])


def test_no_state_is_jumped() -> None:
    states = set(rules.STATE_WORDS)
    allowed = {(was, after) for (was, _), (after, _) in rules.STEPS.items()}
    assert allowed == {
        ("open", "agreed"), ("open", "lapsed"), ("open", "withdrawn"), ("agreed", "withdrawn"), ("agreed", "lapsed"),
        ("agreed", "proven"), ("proven", "agreed"), ("proven", "paid"),
    }  # fmt: skip
    for state in states:
        for action in ("agree", "lapse", "withdraw", "prove", "doubt", "pay"):
            for actor in ("proposer", "checker", "registry"):
                if rules.STEPS.get((state, action), ("", ""))[1] != actor:
                    with pytest.raises(Conflict):
                        rules.step(state, action, actor)  # type: ignore[arg-type]
    assert set(rules.KINDS) == {"prototype", "certification", "tools"}, "things; pay is none of them"


@pytest.mark.parametrize(
    ("kind", "role", "key", "source"),
    [
        ("person", "loan-12", "write-off-3", "forgiven"),
        ("person", "due-12", "gift-3", "gifts"),
        ("fabricator", "owes-12", "sale-3", "units"),
        ("external", "bank", "entry-ab12", "units"),
        ("external", "bank", "fund-gifts-3-1-x", "gifts"),
        ("external", "bank", "fund-units-unit-9", "units"),
        ("community", "pool", "x", "other"),
    ],
)
def test_where_income_comes_from(kind: str, role: str, key: str, source: str) -> None:
    assert rules.source_of(kind, role, key) == source


def test_the_cut_stays_within_the_policy() -> None:
    rules.check_share(2_000, 2_000)
    for share in (2_001, -1):
        with pytest.raises(Invalid, match="20 %"):
            rules.check_share(share, 2_000)
