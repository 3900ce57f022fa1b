"""The key of a target: what changes it, and what does not."""

from __future__ import annotations

import dataclasses

from builders.contract import Output, Target
from registry.builds import keys
from registry.builds.keys import digest_of, target_key

TARGET = Target(
    builder="kicad",
    kind="board",
    name="main",
    title="Main board",
    source="hw/main.kicad_pcb",
    inputs={"main.kicad_pcb": "hw/main.kicad_pcb", "main.kicad_pro": "hw/main.kicad_pro"},
    outputs=(Output("board.step", "step", "model/step", "step"),),
    options={"layers": 2},
)
BLOBS = {"hw/main.kicad_pcb": "a" * 40, "hw/main.kicad_pro": "b" * 40}
TOOLS = {"kicad": "9.0.8", "python": "3.11"}
KEY = target_key(TARGET, "1", TOOLS, BLOBS)


def test_equal_things_have_equal_keys_whatever_their_order() -> None:
    turned = dataclasses.replace(TARGET, inputs=dict(reversed(TARGET.inputs.items())))
    assert target_key(turned, "1", dict(reversed(TOOLS.items())), BLOBS) == KEY


def test_place_name_and_other_files_do_not_matter() -> None:
    elsewhere = dataclasses.replace(
        TARGET,
        name="other",
        title="Another name",
        source="boards/x/main.kicad_pcb",
        inputs={"main.kicad_pcb": "boards/x/main.kicad_pcb", "main.kicad_pro": "boards/x/main.kicad_pro"},
        notes=("something was said",),
    )
    blobs = {"boards/x/main.kicad_pcb": "a" * 40, "boards/x/main.kicad_pro": "b" * 40, "README.md": "c" * 40}
    assert target_key(elsewhere, "1", TOOLS, blobs) == KEY


def test_everything_that_may_change_the_files_changes_the_key() -> None:
    replace = dataclasses.replace
    output = TARGET.outputs[0]
    others = [
        target_key(TARGET, "1", TOOLS, BLOBS | {"hw/main.kicad_pro": "c" * 40}),
        target_key(TARGET, "2", TOOLS, BLOBS),
        target_key(TARGET, "1", TOOLS | {"kicad": "9.0.9"}, BLOBS),
        target_key(TARGET, "1", TOOLS | {"ibom": "2.12"}, BLOBS),
        target_key(replace(TARGET, options={"layers": 4}), "1", TOOLS, BLOBS),
        target_key(replace(TARGET, builder="other"), "1", TOOLS, BLOBS),
        target_key(replace(TARGET, inputs={"main.kicad_pcb": "hw/main.kicad_pcb"}), "1", TOOLS, BLOBS),
        target_key(
            replace(TARGET, inputs={"a.kicad_pcb": "hw/main.kicad_pcb", "main.kicad_pro": "hw/main.kicad_pro"}),
            "1", TOOLS, BLOBS,
        ),
        target_key(replace(TARGET, outputs=(*TARGET.outputs, output)), "1", TOOLS, BLOBS),
        target_key(replace(TARGET, outputs=(replace(output, bundled=False),)), "1", TOOLS, BLOBS),
        target_key(replace(TARGET, outputs=(replace(output, path="x.step"),)), "1", TOOLS, BLOBS),
        target_key(replace(TARGET, outputs=(replace(output, group="other"),)), "1", TOOLS, BLOBS),
        target_key(replace(TARGET, outputs=(replace(output, optional=True),)), "1", TOOLS, BLOBS),
        target_key(replace(TARGET, outputs=(replace(output, media_type="text/plain"),)), "1", TOOLS, BLOBS),
    ]  # fmt: skip
    assert KEY not in others
    assert len(set(others)) == len(others)


def test_two_files_that_change_places_change_the_key() -> None:
    swapped = {"hw/main.kicad_pcb": "b" * 40, "hw/main.kicad_pro": "a" * 40}
    assert target_key(TARGET, "1", TOOLS, swapped) != KEY


def test_a_digest_has_one_canonical_form() -> None:
    assert digest_of({"a": 1, "b": ["ü", None]}) == digest_of({"b": ["ü", None], "a": 1})
    assert len(digest_of({})) == 64
    assert digest_of({"a": "1"}) != digest_of({"a": 1})


def test_a_new_recipe_rebuilds(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(keys, "RECIPE", "another")
    assert target_key(TARGET, "1", TOOLS, BLOBS) != KEY
