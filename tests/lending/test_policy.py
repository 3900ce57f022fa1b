"""A bank's policy: the shipped one, another's, and wrong ones."""

from __future__ import annotations

import pytest

from registry.errors import Invalid
from registry.lending import policy
from registry.lending.policy import explain, parse, shipped, shipped_text, write


def changed(was: str, now: str) -> str:
    text = shipped_text()
    assert text.count(was) == 1
    return text.replace(was, now)


def test_the_shipped_policy_is_the_careful_one() -> None:
    told = shipped()
    assert (told.proof.build_reports, told.proof.reserved_share_bp) == (1, 5_000)
    assert (told.reward.kind, told.reward.premium_bp_max, told.shares.commons_bp) == ("none", 0, 500)
    assert (told.terms.default_after_days, told.caps.approvers) == (180, 2)


def test_what_is_written_reads_back_the_same() -> None:
    assert parse(write(shipped())) == shipped()
    other = parse(
        changed('currency = ""  ', 'currency = "HOURS"').replace("highest_minor = 0", "highest_minor = 50000")
    )
    assert parse(write(other)) == other != shipped()


def test_every_field_of_the_shipped_file_has_its_comment() -> None:
    lines = shipped_text().splitlines()
    for table, part in shipped().model_dump().items():
        for name in part:
            number = policy.line_of(shipped_text(), [table, name])
            assert "#" in lines[number - 1] + lines[number - 2], f"{table}.{name}"


@pytest.mark.parametrize(
    ("was", "now", "name", "words"),
    [
        ("commons_bp = 500 ", "commons_bp = 5.5 ", "shares.commons_bp", "integer"),
        ("approvers = 2 ", "approvers = 1 ", "caps.approvers", "greater than or equal to 2"),
        ("pledge_minor_min = 1000 ", "pledge_minor_min = -1 ", "caps.pledge_minor_min", "greater than 0"),
        ('currency = "EUR"', 'currency = "EURO"', "bank.currency", "three letters"),
        ('name = "Open hardware bank"', r'name = "Two\nlines"', "bank.name", "one line"),
        ("build_reports = 1 ", "build_report = 1 ", "proof.build_report", "no field"),
    ],
)
def test_a_wrong_field_is_told_with_its_line(was: str, now: str, name: str, words: str) -> None:
    text = changed(was, now)
    line = next(number for number, one in enumerate(text.splitlines(), 1) if one.startswith(now.strip()))
    with pytest.raises(Invalid) as fault:
        parse(text)
    assert f"Line {line}: " in fault.value.message and name in fault.value.message and words in fault.value.message


def test_several_faults_are_told_at_once_and_what_does_not_fit_together_too() -> None:
    with pytest.raises(Invalid) as fault:
        parse(changed("commons_bp_max = 2000", "commons_bp_max = 100").replace("default_after_days = 180",
                                                                               "default_after_days = 10"))  # fmt: skip
    assert "commons_bp can't be above" in fault.value.message and "in arrears before" in fault.value.message


def test_a_premium_needs_its_kind_and_is_never_a_promise() -> None:
    with pytest.raises(Invalid, match="only then"):
        parse(changed("premium_bp_max = 0 ", "premium_bp_max = 300 "))
    allowed = parse(
        changed('kind = "none"  ', 'kind = "fixed premium"  ').replace("premium_bp_max = 0", "premium_bp_max = 300")
    )
    said = " ".join(explain(allowed))
    assert "3 %" in said and "no return is promised" in said


@pytest.mark.parametrize("text", ["[bank\n", "\x00", "a = " + "[" * 5_000, "x" * 70_000, ""])
def test_what_is_no_policy_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        parse(text)


def test_the_sentences_say_the_numbers() -> None:
    said = " ".join(explain(shipped()))
    for words in (
        "50 % of the batch",
        "10.00 EUR",
        "1000.00 EUR",
        "180 days",
        "2 people",
        "no interest",
        "5 %",
        "14 days",
    ):
        assert words in said
    yen = parse(changed('currency = "EUR"', 'currency = "JPY"'))
    assert "1000 JPY" in " ".join(explain(yen))
    dinar = parse(changed('currency = "EUR"', 'currency = "KWD"'))
    assert "1.000 KWD" in " ".join(explain(dinar))


def test_a_policy_that_is_older_than_the_wait_for_statements_still_holds() -> None:
    line = next(one for one in shipped_text().splitlines() if one.startswith("statement_days"))
    old = parse(shipped_text().replace(line + "\n", ""))
    assert (old.terms.statement_days, shipped().terms.statement_days) == (0, 5)
    said = "beyond that day, at most 5 days after the deadline"
    assert said in " ".join(explain(shipped())) and "beyond that day" not in " ".join(explain(old))
