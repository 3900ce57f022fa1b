"""Errors that the real kernel raises are told in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cadquery as cq
import pytest
from OCP.gp import gp_Dir, gp_Vec
from OCP.TopoDS import TopoDS_Shape

from builders.programs.cad_kernel import explain


def box() -> cq.Workplane:
    return cq.Workplane().box(10, 10, 2)


def raised(act: Callable[[], Any]) -> BaseException:
    try:
        act()
    except Exception as error:
        return error
    raise AssertionError("it went well")


@pytest.mark.parametrize(
    ("act", "word"),
    [
        (lambda: box().edges().fillet(3), "fillet"),
        (lambda: box().edges().chamfer(8), "chamfer"),
        (lambda: gp_Dir(gp_Vec(0, 0, 0)), "without extent"),
        (lambda: cq.Shape.cast(TopoDS_Shape()), "empty shape"),
        (lambda: cq.Workplane().circle(1).extrude(0).val().Volume(), "extrusion"),
    ],
)
def test_what_the_kernel_says_is_told_in_words(act: Callable[[], Any], word: str) -> None:
    told = explain(raised(act))
    assert told is not None and word in told[0] and told[1].endswith(".")


def test_other_errors_keep_their_own_words() -> None:
    assert explain(raised(lambda: {}["wall"])) is None
    assert explain(raised(lambda: cq.Workplane().edges("no such selector"))) is None
    assert explain(raised(lambda: 1 / 0)) is None
