"""What pydantic refuses, in people's words."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from registry import faults
from registry.fabricators.schemas import MachineIn


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (("materials", 0, "thickness_max_mm"), "materials 1, thickness max (mm)"),
        (("setup_minor",), "setup (in the currency's smallest unit)"),
        (("prices", 2, "quantity", "int"), "prices 3, quantity"),
        ((), ""),
        ((1, "name"), "line 2, name"),
    ],
)
def test_places_of_faults(path: tuple[str | int, ...], words: str) -> None:
    assert faults.field_words(path) == words


@pytest.mark.parametrize(
    ("values", "field", "sentence"),
    [
        ({"process": "LAS"}, "name", "name: it is missing."),
        ({"name": "L", "process": "LAS", "count": "many"}, "count", "count: a whole number is expected."),
        ({"name": "", "process": "LAS"}, "name", "name: it is empty."),
        (
            {"name": "L", "process": "LAS", "materials": [{"material": "steel", "thickness_max_mm": "thick"}]},
            "materials.0.thickness_max_mm",
            "materials 1, thickness max (mm): a number is expected.",
        ),
    ],
)
def test_faults_are_sentences(values: dict[str, object], field: str, sentence: str) -> None:
    with pytest.raises(ValidationError) as refused:
        MachineIn.model_validate(values)
    assert faults.told(refused.value) == (field, sentence)
