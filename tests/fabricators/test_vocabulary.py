"""The vocabulary knows processes and materials by every name that files and people use."""

from __future__ import annotations

import pytest

from registry.fabricators import vocabulary
from registry.fabricators.vocabulary import find_material, find_process


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("laser_cutting", "laser_cutting"),
        ("https://en.wikipedia.org/wiki/Laser_cutting", "laser_cutting"),
        ("http://de.wikipedia.org/wiki/Laser_cutting", "laser_cutting"),
        ("https://de.wikipedia.org/wiki/Laserschneiden", "laser_cutting"),
        ("https://en.m.wikipedia.org/wiki/Bending_%28metalworking%29#Press_brake", "sheet_bending"),
        ("https://en.wikipedia.org/w/index.php?title=Milling_(machining)&action=edit", "cnc_milling"),
        ("LAS", "laser_cutting"),
        ("3DP", "3d_printing"),
        ("pcb", "pcb_fabrication"),
        ("Laser Cutters", "laser_cutting"),
        ("drill presses", "drilling"),
        ("Fräsen", "cnc_milling"),
        ("frasen", "cnc_milling"),
        ("Découpe laser", "laser_cutting"),
        ("  CNC   Mill ", "cnc_milling"),
    ],
)
def test_processes_are_found_by_every_name(said: str, meant: str) -> None:
    found = find_process(said)
    assert found is not None and found.id == meant


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("https://en.wikipedia.org/wiki/Poly(methyl_methacrylate)", "acrylic"),
        ("https://en.wikipedia.org/wiki/Medium-density_fibreboard", "mdf"),
        ("aluminum", "aluminium"),
        ("Edelstahl", "stainless_steel"),
        ("S235JR", "mild_steel"),
        ("PA12", "nylon"),
        ("FR-4", "fr4"),
    ],
)
def test_materials_are_found_by_every_name(said: str, meant: str) -> None:
    found = find_material(said)
    assert found is not None and found.id == meant


@pytest.mark.parametrize(
    "said", ["", "flux capacitor", "https://en.wikipedia.org/wiki/Cheese", "x" * 10_000, "%", "()"]
)
def test_what_nobody_knows_is_nothing(said: str) -> None:
    assert find_process(said) is None and find_material(said) is None


def test_tables_hold_together() -> None:
    for process in vocabulary.PROCESSES.values():
        assert not process.broader or process.broader in vocabulary.PROCESSES
        found = find_process(process.name)
        assert found is not None and found.id == process.id
        assert len({p.name for p in vocabulary.parameters(process.id)}) == len(vocabulary.parameters(process.id))
    for material in vocabulary.MATERIALS.values():
        assert not material.kind_of or material.kind_of in vocabulary.MATERIALS
        named = find_material(material.name)
        assert named is not None and named.id == material.id
    for parameter in vocabulary.PARAMETERS.values():
        assert not parameter.pair or parameter.pair in vocabulary.PARAMETERS


def test_kinds_go_up_and_down() -> None:
    assert vocabulary.material_line("mild_steel") == ("mild_steel", "steel", "metal")
    assert {"steel", "mild_steel", "stainless_steel"} <= vocabulary.material_kinds("steel")
    assert {"fdm_printing", "sla_printing"} <= vocabulary.process_and_kinds("3d_printing")
    assert vocabulary.process_and_kinds("fdm_printing") == {"fdm_printing"}
