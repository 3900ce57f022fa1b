"""From a designer's words to processes and materials of the vocabulary. Pure."""

from __future__ import annotations

import re

from registry.fabricators.vocabulary import MATERIALS, find_material, find_process, material_line, material_names

_STEMS: tuple[tuple[str, str], ...] = (
    (r"laser", "laser_cutting"),
    (r"water\s?-?jet", "waterjet_cutting"),
    (r"plasma", "plasma_cutting"),
    (r"plotter|knife", "vinyl_cutting"),
    (r"\bbend|\bbent|\bfold", "sheet_bending"),
    (r"\bsaw", "sawing"),
    (r"\bcountersink|\bdrill|\bream", "drilling"),
    (r"\bthread|\btap(?:ped|ping)?\b", "tapping"),
    (r"\bturn(?:ed|ing)?\b|\blathe", "turning"),
    (r"\brout(?:ed|er|ing)\b", "cnc_routing"),
    (r"\bmill(?:ed|ing)?\b", "cnc_milling"),
    (r"\bcnc\b|\bmachin", "machining"),
    (r"\bweld", "welding"),
    (r"\bsla\b|resin print", "sla_printing"),
    (r"\bsls\b|\bmjf\b", "sls_printing"),
    (r"3d[\s-]?print|\bfdm\b|\bfff\b|\bprinted\b", "fdm_printing"),
    (r"\bsew", "sewing"),
)
_FINISHES: tuple[tuple[str, str], ...] = (
    (r"powder", "powder_coating"),
    (r"anodi[sz]|eloxal", "anodising"),
    (r"hot[\s-]?dip|galvani[sz]", "galvanising"),
    (r"zinc plat|nickel plat|chrome plat|electroplat", "electroplating"),
    (r"primer|top coat|\bpaint|lacquer|varnish", "painting"),
    (r"\bblast", "sandblasting"),
)
# What does as well where a designer, or nobody, named the first.
OTHERS: dict[str, tuple[str, ...]] = {
    "laser_cutting": ("waterjet_cutting", "plasma_cutting"),
    "fdm_printing": ("3d_printing", "sls_printing", "sla_printing"),
    "cnc_milling": ("machining",),
    "turning": ("machining",),
    "drilling": ("cnc_milling", "machining"),
}
_PRINTED = frozenset(("pla", "petg", "abs", "asa", "tpu"))


def processes_in(words: str) -> tuple[list[str], list[str]]:
    """(processes one after another, processes of which one is enough) that words name, in their order."""
    found: list[str] = []
    for part in re.split(r"[,;/+&]|\band\b|\bor\b|\bthen\b", words):
        known = find_process(part.strip())
        id_ = known.id if known else next((id_ for stem, id_ in _STEMS if re.search(stem, part, re.I)), "")
        if id_ and id_ not in found:
            found.append(id_)
    return ([], found) if re.search(r"\bor\b", words) and len(found) > 1 else (found, [])


def finishes_in(words: str) -> list[str]:
    """Finishing processes that words name; none for what is left bare."""
    if re.match(r"\s*(?:finish:\s*)?(?:none|raw|bare)\b", words, re.IGNORECASE):
        return []
    return [id_ for stem, id_ in _FINISHES if re.search(stem, words, re.IGNORECASE)]


def material_in(words: str) -> str:
    """The material that words mean: as a whole, else the longest name in them."""
    if known := find_material(words):
        return known.id
    plain = " ".join(re.findall(r"[a-z0-9]+", words.lower()))
    names = [name for name in material_names() if len(name) > 1 and re.search(rf"\b{re.escape(name)}\b", plain)]
    if not names:
        return ""
    found = {material_names()[name] for name in names}
    # 'S355 steel' means the narrower of the two; 'tinned brass' the longer name.
    narrow = {one for one in found if not any(one in material_line(other)[1:] for other in found)}
    longest = max((name for name in names if material_names()[name] in narrow), key=len)
    return material_names()[longest]


def family_of(material: str) -> str:
    """The family of a material, '' for what is not in the vocabulary."""
    known = MATERIALS.get(material)
    return known.family if known else ""


def is_filament(material: str) -> bool:
    """Whether a material is sold as filament before all."""
    return material in _PRINTED


def cutters_for(material: str) -> tuple[str, ...]:
    """What cuts flat pieces of a material, the usual first."""
    if family_of(material) == "wood" or family_of(material) == "plastic":
        return ("laser_cutting", "cnc_routing", "waterjet_cutting")
    if family_of(material) == "metal":
        return ("laser_cutting", "waterjet_cutting", "plasma_cutting")
    return ("laser_cutting", "waterjet_cutting", "vinyl_cutting")
