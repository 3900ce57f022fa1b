"""Small files that ask a CAD tool for more than any machine has."""

from __future__ import annotations

import re

import cadquery as cq


def step_of_instances(folder: str, levels: int) -> str:
    """A STEP assembly of `levels` levels, each of which holds the one below it twice: 2 ** levels cubes in a few kB."""
    place = f"{folder}/cube.step"
    cq.Workplane().box(1, 1, 1).val().exportStep(place)
    with open(place, encoding="ascii") as file:
        text = file.read()

    def number(kind: str) -> int:
        found = re.search(rf"#(\d+)\s*=\s*{kind}\s*\(", text)
        assert found, kind
        return int(found[1])

    context = re.search(r"#(\d+)\s*=\s*\(\s*GEOMETRIC_REPRESENTATION_CONTEXT", text)
    assert context
    product, shape = number("PRODUCT_DEFINITION"), number("ADVANCED_BREP_SHAPE_REPRESENTATION")
    of_product, of_definition = number("PRODUCT_CONTEXT"), number("PRODUCT_DEFINITION_CONTEXT")
    lines: list[str] = []

    def add(body: str) -> int:
        lines.append(f"#{10_000 + len(lines)} = {body};")
        return 10_000 + len(lines) - 1

    up, ahead = add("DIRECTION('',(0.,0.,1.))"), add("DIRECTION('',(1.,0.,0.))")

    def axes(x: float) -> int:
        return add(f"AXIS2_PLACEMENT_3D('',#{add(f'CARTESIAN_POINT({chr(39) * 2},({x!r},0.,0.))')},#{up},#{ahead})")

    origin = axes(0.0)
    for level in range(levels):
        name = f"'level {level}'"
        places = [axes(0.0), axes(float(2 ** (level + 1)))]
        whole = add(f"PRODUCT({name},{name},'',(#{of_product}))")
        formation = add(f"PRODUCT_DEFINITION_FORMATION('','',#{whole})")
        definition = add(f"PRODUCT_DEFINITION('design','',#{formation},#{of_definition})")
        defined = add(f"PRODUCT_DEFINITION_SHAPE('','',#{definition})")
        items = ",".join(f"#{item}" for item in (origin, *places))
        represented = add(f"SHAPE_REPRESENTATION('',({items}),#{context[1]})")
        add(f"SHAPE_DEFINITION_REPRESENTATION(#{defined},#{represented})")
        for turn, at in enumerate(places):
            usage = add(f"NEXT_ASSEMBLY_USAGE_OCCURRENCE('{level}-{turn}','','',#{definition},#{product},$)")
            used = add(f"PRODUCT_DEFINITION_SHAPE('','',#{usage})")
            moved = add(f"ITEM_DEFINED_TRANSFORMATION('','',#{origin},#{at})")
            related = add(
                f"(REPRESENTATION_RELATIONSHIP('','',#{shape},#{represented})"
                f"REPRESENTATION_RELATIONSHIP_WITH_TRANSFORMATION(#{moved})SHAPE_REPRESENTATION_RELATIONSHIP())"
            )
            add(f"CONTEXT_DEPENDENT_SHAPE_REPRESENTATION(#{related},#{used})")
        product, shape = definition, represented
    before, end, after = text.rpartition("ENDSEC;")
    return f"{before}{chr(10).join(lines)}\n{end}{after}"


# Every list is twice as long as the one before, and all of it is wanted for one number.
SCAD_OF_LISTS = """function double(n, list) = n == 0 ? list : double(n - 1, [for (x = [each list, each list]) x + 1]);
cube(len(double(40, [1, 2, 3, 4, 5, 6, 7, 8])));
"""
SCAD_OF_BODIES = """for (x = [0 : 99]) for (y = [0 : 99]) for (z = [0 : 99]) translate([x, y, z]) sphere(1, $fn = 100);
"""
SCAD_WITHOUT_END = """module again(n) { translate([1, 0, 0]) again(n + 1); cube(n); }
again(1);
"""
