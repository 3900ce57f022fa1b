"""Densities of the materials that makers name, so that a part's mass can be told."""

from __future__ import annotations

import re

# Names (lower case, any of them) -> density.
# Units: g/cm3.
# Source: CRC Handbook of Chemistry and Physics (pure metals); EN 1991-1-1:2002 Annex A (steel, cast iron, wood, boards,
# glass, concrete); EN 10088-1:2014 Annex A (stainless steel); data sheets by ISO 1183 of unfilled grades (plastics).
DENSITIES: tuple[tuple[tuple[str, ...], float], ...] = (
    (("stainless steel", "stainless", "inox", "aisi 304", "aisi 316", "a2", "a4", "1.4301", "1.4401"), 7.90),
    (("steel", "mild steel", "s235", "s235jr", "s275", "s355", "carbon steel", "1018", "a36"), 7.85),
    (("cast iron",), 7.20),
    (("aluminium", "aluminum", "al", "6061", "6060", "6063", "6082", "5052", "5754", "7075"), 2.70),
    (("brass", "cuzn39pb3"), 8.50),
    (("bronze",), 8.80),
    (("copper", "cu"), 8.96),
    (("lead",), 11.34),
    (("zinc",), 7.14),
    (("titanium", "ti6al4v"), 4.43),
    (("pla",), 1.24),
    (("petg", "pet-g"), 1.27),
    (("pet",), 1.38),
    (("abs",), 1.04),
    (("asa",), 1.07),
    (("nylon", "pa", "pa6", "pa66"), 1.14),
    (("pa12",), 1.01),
    (("pom", "delrin", "acetal"), 1.41),
    (("acrylic", "pmma", "plexiglass", "perspex"), 1.19),
    (("polycarbonate", "pc"), 1.20),
    (("hdpe", "pe-hd"), 0.95),
    (("ldpe", "polyethylene", "pe"), 0.92),
    (("polypropylene", "pp"), 0.91),
    (("pvc",), 1.40),
    (("ptfe", "teflon"), 2.17),
    (("tpu",), 1.21),
    (("rubber", "nbr", "epdm"), 1.20),
    (("resin",), 1.15),
    (("mdf",), 0.80),
    (("birch plywood", "plywood"), 0.70),
    (("particle board", "chipboard"), 0.75),
    (("softwood", "pine", "spruce", "c24"), 0.42),
    (("hardwood", "oak", "d30"), 0.64),
    (("glass",), 2.50),
    (("concrete",), 2.40),
    (("fr4", "fr-4"), 1.85),
)


def density(material: str) -> float | None:
    """The density of a named material, or None if nothing in the table fits. Units: g/cm3."""
    words = " ".join(re.findall(r"[a-z0-9.-]+", material.lower().replace("_", " ")))
    best: tuple[int, float] | None = None
    for names, value in DENSITIES:
        for name in names:
            if re.search(rf"(?<![a-z0-9.]){re.escape(name)}(?![a-z0-9])", words) and (
                best is None or len(name) > best[0]
            ):
                best = (len(name), value)
    return best[1] if best else None
