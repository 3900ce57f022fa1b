"""Findings by kind, and the report of a fault."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from registry.builds import checking, fault_report, views
from registry.builds.schemas import BuildView, StepView, TargetView
from registry.errors import Invalid
from registry.settings import Settings, read_settings

NOW = dt.datetime(2025, 3, 1, tzinfo=dt.UTC)


def finding(kind: str, severity: str, text: str, environment: bool = False) -> dict[str, Any]:
    return {"type": kind, "severity": severity, "text": text, "environment": environment, "items": []}


def test_findings_are_grouped_by_rule_errors_first() -> None:
    silk = [finding("silk_overlap", "warning", "Silkscreen overlap") for _ in range(9)]
    close = [finding("clearance", "error", f"Clearance violation (actual 0.{n} mm)") for n in range(4)]
    short = [finding("shorting_items", "error", "Items shorting two nets")]
    foreign = [finding("lib_footprint_issues", "warning", "Library is missing", environment=True)] * 3
    report = {"drc": {"errors": 5, "warnings": 9, "environment": 3, "findings": silk + close + short + foreign}}
    (group,) = checking.checks(report)
    assert [(kind.title, kind.severity, kind.count, kind.short) for kind in group.own] == [
        ("Clearance violation", "error", 4, False),
        ("Items shorting two nets", "error", 1, True),
        ("Silkscreen overlap", "warning", 9, False),
    ]
    assert [(kind.title, kind.count) for kind in group.environment] == [("Library is missing", 3)]
    assert (group.errors, group.warnings, group.environment_count, group.left_out) == (5, 9, 3, 0)


def test_a_kind_with_very_many_leaves_room_for_the_others() -> None:
    close = [finding("clearance", "error", f"Too close ({n})") for n in range(2_000)]
    drills = [finding("drill", "error", f"Drill too fine ({n})") for n in range(300)]
    spot = [{"x_mm": 3.0, "y_mm": 4.0, "text": "Via"}]
    report = {"drc": {"findings": close + [one | {"items": spot} for one in drills]}}
    (group,) = checking.checks(report)
    assert [(kind.title, kind.count, len(kind.findings)) for kind in group.own] == [
        ("Too close", 2_000, 250),
        ("Drill too fine", 300, 250),
    ]
    assert group.left_out == 1_800
    assert checking.of_every_kind(close, 3) == close[:3]
    pins = views.placed_findings(report, {"x": 1.0, "y": 1.0})
    assert len(pins) == 250 and (pins[0]["x"], pins[0]["text"]) == (2.0, "Drill too fine (0)")


def test_one_rule_with_many_sentences_is_called_by_its_own_name() -> None:
    found = [finding("pin_not_connected", "error", text) for text in ("Pin 1 is open", "Pin 2 is open")]
    (group,) = checking.checks({"erc": {"findings": found}})
    assert [kind.title for kind in group.own] == ["Pin not connected"]
    assert checking.checks({}) == []


def failed_build() -> BuildView:
    failed = TargetView(
        id=7, name="lid", title="Lid", kind="part", builder="cadquery", source="lid.py", state="failed", cached=False,
        seconds=1, message="It broke.", remedy="Mend it.", notes=[], log_tail="first\nlast words", artifacts=[],
        steps=[StepView(name="model", state="failed", seconds=1)], facts={}, key="abc123", tools={"cadquery": "2.8"},
    )  # fmt: skip
    fine = failed.model_copy(update={"id": 8, "state": "done"})
    return BuildView(
        id=3, design="box", design_name="Box", version="v1", label="v1", commit="c0ffee", state="done",
        requested_at=NOW, started_at=NOW, finished_at=NOW, seconds=1, queue_position=None, message="", not_built=[],
        targets=[failed, fine], bundle=None,
    )  # fmt: skip


def test_a_report_names_all_that_helps(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, database_url="sqlite://")
    told = fault_report.reports(failed_build(), settings)
    assert list(told) == [7] and told[7].mailto == ""
    for piece in ("builds/3", "box v1, commit c0ffee", "lid.py", "cadquery 2.8", "abc123", "It broke.", "last words"):
        assert piece in told[7].text
    told = fault_report.reports(failed_build(), dataclasses.replace(settings, contact="keeper@example.org"))
    address = urlsplit(told[7].mailto)
    assert (address.scheme, address.path) == ("mailto", "keeper@example.org")
    assert "abc123" in parse_qs(address.query)["body"][0] and len(told[7].mailto) < 4_000


def test_the_contact_is_an_address_or_nothing(tmp_path: Path) -> None:
    env = {"BRICKYARD_DATA": str(tmp_path)}
    assert read_settings(env).contact == ""
    assert read_settings({**env, "BRICKYARD_CONTACT": "keeper@example.org"}).contact == "keeper@example.org"
    for wrong in ("keeper", "a@b?bcc=c@d", "x@y\nz"):
        with pytest.raises(Invalid):
            read_settings({**env, "BRICKYARD_CONTACT": wrong})
