"""What people write of their licence in a README or a short LICENSE file, sentence by sentence.

'Code under GPL, hardware under CC BY-SA 4.0', a table of parts and licences, or a row of badges.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote

from registry.designs.reading.findings import Area
from registry.designs.reading.licence_names import Mention, is_open, mentions

LINES_MAX = 3_000
_UNIT_CHARS = 1_500

_HARDWARE = (
    r"hardware|hw|pcbs?|boards?|kicad|eda|schematics?|electronics?|electrical|mechanics?|mechanical|mech|cad|case"
    r"|enclosure|3d|models?|gerbers?|circuits?|layouts?|designs? files?|designs?|stls?|footprints?"
    r"|platinen?|schaltpl(?:an|äne)|gehäuse|matériel|carte|boîtier|placa|esquem[aá]ticos?|scheda|硬件|ハードウェア"
)
AREAS: tuple[tuple[Area, re.Pattern[str]], ...] = (
    ("hardware", re.compile(rf"\b({_HARDWARE})\b", re.I)),
    (
        "documentation",
        re.compile(
            r"\b(docs?|documentation|manuals?|texts?|images?|pictures|photos|media|dokumentation|documentación"
            r"|documentação|documentazione)\b|文档",
            re.I,
        ),
    ),
    (
        "software",
        re.compile(
            r"\b(software|sw|firmware|fw|code|source code|src|scripts?|lib(?:rary)?|arduino|logiciels?|programas?)\b"
            r"|软件|固件",
            re.I,
        ),
    ),
)
_HEADING = re.compile(
    r"licen[cs]|lizenz|licenç|licenza|licencj|lisans|licentie|copyright|copying|legal|лиценз|ліценз"
    r"|许可|授权|授權|許可|版权|开源协议|ライセンス|라이[선센]스|ترخيص|رخصة|مجوز|लाइसेंस|giấy phép|lisensi",
    re.I,
)
_OTHERS_HEADING = re.compile(r"credit|acknowledg|third[- ]?part|dependenc|thanks|references|libraries|based on", re.I)
_GIVES = re.compile(
    r"licen[cs]ed? (?:under|with|as|according|by|to you under)|(?:released|available|distributed|published|shared"
    r"|provided|open[- ]?sourced) (?:\w+ )?(?:under|as|into|to)|under (?:the )?(?:terms|licen[cs]e)"
    r"|licen[cs]es?\s*\**\s*[:=|]|(?:协议|許可|许可证?|授权|ライセンス|라이[선센]스)\s*\**\s*[::]"
    r"|(?:采用|遵循)[^。；;]{0,60}(?:协议|许可|授权)|\bsteh(?:t|en) unter\b|\bunter (?:der|die) (?=CERN|CC\b|GPL)"
    r"|has waived all copyright"
    r"|open(?: source)? hardware under"
    r"|\b(?:is|are) (?:in the )?public domain|lizenz|licencia\b|sous licence|licença|licenza|dual[- ]licen",
    re.I,
)
# Clauses that name a licence which is not the design's.
_NOT_OURS = re.compile(
    r"\b(?:unlike|instead of|rather than|compatible with|previously|formerly|used to be|similar to|such as|not under"
    r"|not licen[cs]ed|see also|logos?|trademarks?|brand|fonts?|icons?|third[- ]part\w+)\b"
    r"|\b(?:uses?|using)\b.{0,80}\(",
    re.I,
)
_OTHERS_WORK = re.compile(r"\b(?:uses?|using|librar(?:y|ies)|based on|derived from|dependenc\w+|thanks to)\b", re.I)
_FORBIDS = re.compile(
    r"\b(?:for )?(?:personal|private|educational|non[- ]?commercial)(?:,? (?:and|or|&) [\w-]+)? (?:use|purposes?) only"
    r"|\bonly for (?:personal|private|non[- ]?commercial)"
    r"|\b(?:may|must|can|do|should) ?not (?:be )?(?:sell|sold|resell|resold)\b|\bnot for (?:sale|resale|commercial)"
    r"|\bcommercial (?:use|production|sales?)[^.;]{0,30} (?:is|are) (?:not|strictly|prohibited|forbidden)"
    r"|\bcommercial (?:use|production|sales?)[^.;]{0,20} (?:requires?|needs?) |\bno commercial use"
    r"|\bnicht[- ]?kommerziell|\bpas d.utilisation commerciale",
    re.I,
)
# These forbid it wherever they stand, not only under a heading that speaks of the licence.
_FORBIDS_ANYWHERE = re.compile(
    r"\bfor (?:personal|private|educational|non[- ]?commercial)(?:,? (?:and|or|&) [\w-]+)? (?:use|purposes?) only\b"
    r"|\bcommercial (?:use|production|sales?)[^.;]{0,30} (?:is|are) (?:not (?:allowed|permitted)"
    r"|(?:strictly )?(?:prohibited|forbidden))"
    r"|\bno commercial use\b|\bnot for commercial (?:use|purposes?)"
    r"|\b(?:may|must|can|do|should|shall) ?not (?:be )?(?:used?|made|make|produced?|manufactured?|reproduced?)\b"
    r"[^.;]{0,60}\b(?:for|in) (?:any )?commercial\b"
    r"|(?:禁止|不得|不可|不允许|严禁)(?:用于|作)?(?:任何)?商(?:用|业)|仅[供限](?:个人)?(?:学习|个人|非商业)|商用(?:利用)?(?:は)?禁止",
    re.I,
)
_ALLOWS = re.compile(r"\b(?:no|without)\b[^.;]{0,30}\bnon[- ]?commercial|commercial use is (?:allowed|permitted)", re.I)
_EXCEPT = re.compile(r"\bexcept(?:ing)? (?!as )|\bexcluding\b|\bwith the exception of\b", re.I)
_EITHER = re.compile(r"\bor\b|/|\beither\b|at your option|\boder\b|\bou\b", re.I)
_KEYED = re.compile(r"\s*(?:[-*+>|•]|\d+[.)]\s|\*{0,2}[\w/&(),. -]{1,40}\*{0,2}\s*[:=])")
_BADGE = re.compile(r"!\[([^\]\n]{0,200})\]\(([^()\s]{0,300}(?:badge|shields)[^()\s]{0,500})[^()]{0,200}\)", re.I)
_OTHERS_TABLE = re.compile(r"librar|packag|dependenc|modul|source|author|upstream|font", re.I)
_TELLING_LINK = re.compile(
    r"creativecommons\.org|opensource\.org/licen|ohwr\.org|gnu\.org/licen|cern-?ohl|solderpad\.org", re.I
)
_SENTENCE = re.compile(
    r"(?<=[\w)\]\"'”*])[.;!](?=\s+[^a-z\d\s]|\s*$)|[;|]|(?<=\w),(?=\s+(?:die|der|das|le|la|les|el)\s)"
)


class Statement(NamedTuple):
    """A licence given in words, and for which part of the design; "" is all of it."""

    expression: str
    area: Area
    assumed: bool


def area_of(text: str) -> Area:
    """Which part of a design a folder's name or a clause speaks of: the last word that says so."""
    hits = _area_words(text.replace("_", " ").replace("-", " "))
    return hits[-1][1] if hits else ""


def _area_words(text: str) -> list[tuple[int, Area]]:
    return sorted((found.start(), area) for area, pattern in AREAS for found in pattern.finditer(text))


def statements(text: str, all_counts: bool = False) -> list[Statement]:
    """Licences that a text gives to the design, closed ones first.

    `all_counts`: the file is about the licence alone, so that every sentence counts as if under a heading 'Licence'.
    """
    found: dict[Statement, None] = {}
    last: Area = ""
    listing = False
    for kind, unit in _units(text):
        # 'The packages that it imports are under the following licences:' and then a list of them.
        if listing and _KEYED.match(unit) and kind != "heading":
            continue
        listing = bool(re.search(r"\b(?:packages|libraries|dependencies|third[- ]part\w+)\b.*:$", unit, re.I))
        if kind == "heading":
            last = area_of(unit) if _area_words(unit) else ""
            continue
        counts = all_counts or kind == "licence"
        if not _ALLOWS.search(unit):
            if _FORBIDS_ANYWHERE.search(unit):
                found[Statement("LicenseRef-NonCommercial", area_of(unit) or "hardware", False)] = None
            elif counts and _FORBIDS.search(unit):
                found[Statement("LicenseRef-NonCommercial", area_of(unit) or "hardware", True)] = None
        for sentence in _SENTENCE.split(unit) if kind != "badge" else [unit]:
            if kind == "other" and not counts and (not _GIVES.search(sentence) or _OTHERS_WORK.search(sentence)):
                continue
            kept_part = _EXCEPT.split(sentence)[0]
            for item in _read_sentence(kept_part if mentions(kept_part) else sentence):
                # A heading such as 'Hardware' inside the section holds for the sentences below it.
                area = item.area or (last if counts else "")
                if item.expression.startswith("LicenseRef") and not counts:
                    continue
                found[item._replace(area=area)] = None
    if any(is_open(item.expression) and item.area in ("", "hardware") for item in found):
        # 'Copyright Ada, all rights reserved. Licensed under ...': an old formula that takes nothing back.
        found = {item: None for item in found if item.expression != "LicenseRef-AllRightsReserved"}
    exact = {item.expression for item in found if not item.assumed}
    kept = [item for item in found if not item.assumed or not any(_family(item) == _family_of(x) for x in exact)]
    return sorted(kept, key=lambda item: is_open(item.expression))


def _family(item: Statement) -> str:
    return _family_of(item.expression)


def _family_of(expression: str) -> str:
    if expression.startswith("CERN-OHL"):
        return "CERN-OHL"  # 'CERN-OHL version 2' beside its name with S, W or P says nothing else
    return "SHL" if "SHL" in expression else re.sub(r"-\d[\d.]*(-only|-or-later)?$", "", expression)


def _units(text: str) -> Iterator[tuple[str, str]]:
    """Paragraphs, list items and rows, each with where it stands: 'licence', 'other', 'badge'; and 'heading's."""
    place, depth = "other", 0
    table = False  # inside a table that has a column of licences
    waiting: list[str] = []
    lines = text.splitlines()[:LINES_MAX]
    for number, line in enumerate(lines):
        after = lines[number + 1] if number + 1 < len(lines) else ""
        if "|" in after and "-" in after and not after.strip(" \t|:-"):
            table = bool(_HEADING.search(line)) and place != "skipped" and not _OTHERS_TABLE.search(line)
        elif table and "|" in line:
            if _area_words(_plain(line).partition(":")[0]):
                yield "licence", _plain(line).strip()[:_UNIT_CHARS]
            continue
        else:
            table = False
        under = (
            re.fullmatch(r"\s{0,3}(=+|-{3,})\s*", after) and line.strip() and not line.lstrip().startswith(("|", "-"))
        )
        marked = re.match(r"\s{0,3}(#{1,6}|={1,5})\s+(?=\S)", line) or re.match(r"\s*<h([1-6])\b", line, re.I)
        bold = re.fullmatch(r"\s*(?:<p>)?(\*\*|__|<strong>|<b>)([^*_<>]{3,60})(?:\1|</\w+>):?\s*(?:</p>)?\s*", line)
        title = bold and (_HEADING.search(bold[2]) or place == "licence") and not mentions(bold[2])
        if marked or under or title:
            if waiting:
                yield place, " ".join(waiting)
                waiting = []
            level = (
                (7 if title else 1 if "=" in after else 2) if not marked else len(marked[1].strip("0123456789")) or 2
            )
            words = re.sub(r"<[^<>]*>|[#=*_]", " ", line).strip()
            if _HEADING.search(words) and not re.search(r"third[- ]?part", words, re.I):
                place, depth = "licence", level
            elif place != "licence" or level <= depth:
                place, depth = ("skipped" if _OTHERS_HEADING.search(words) else "other"), level
            if place == "licence":
                yield "heading", words
            continue
        for alt, address in _BADGE.findall(line):
            label = unquote(address.rsplit("/", 1)[-1]).replace("--", "\0").replace("-", " ").replace("_", " ")
            told = f"{alt} {label}".replace("\0", "-")
            if re.search(r"licen[cs]e", told, re.I) or _area_words(told):
                yield "badge", alt if mentions(alt) else told
        plain = _plain(line)
        if re.fullmatch(r"\s*(?:[-=*_]{3,}|)\s*", plain) or _KEYED.match(plain):
            if waiting and place != "skipped":
                yield place, " ".join(waiting)
            waiting = []
        if place != "skipped" and plain.strip():
            waiting.append(plain.strip()[:_UNIT_CHARS])
    if waiting and place != "skipped":
        yield place, " ".join(waiting)


def _plain(line: str) -> str:
    """A line without Markdown's and HTML's marks; of a link's address only what tells a licence is kept."""

    def link(found: re.Match[str]) -> str:
        words, address = found[1], found[2]
        exact = any(not item.assumed for item in mentions(words))
        return f"{words} <{address}>" if not exact and _TELLING_LINK.search(address) else words

    line = re.sub(r"<a\b[^<>]*href=[\"']?([^\"'\s<>]+)[^<>]*>", r" <\1> ", line, flags=re.I)
    line = re.sub(r"</?(?!https?:)[a-z][^<>]*>", " ", line, flags=re.I)
    line = re.sub(r"!\[[^\]]{0,300}\](?:\([^()]*\)|\[[^\]]{0,300}\])", " ", line)
    line = re.sub(r"\[([^\[\]]*)\]\(([^()]*)\)", link, line)
    line = re.sub(r"\[([^\[\]]*)\]\[[^\[\]]*\]", r"\1", line)
    if line.lstrip().startswith("|"):  # a row of a table: part, licence
        line = line.strip().strip("|").replace("|", ": ")
    return re.sub(r"[*`]|(?<!\w)_|_(?!\w)", "", line)


def _read_sentence(sentence: str) -> Iterator[Statement]:
    """The licences of a sentence with their areas, which stand before them: 'X under L', or behind: 'L for X'."""
    named = [item for item in mentions(sentence) if item.expression != "LicenseRef-AllRightsReserved"]
    named = [item for item in named if not _NOT_OURS.search(sentence[max(0, item.start - 90) : item.start])]
    if not named:
        if re.search(r"all rights reserved", sentence, re.I):
            yield Statement("LicenseRef-AllRightsReserved", "", False)
        return
    bare = _without(sentence, mentions(sentence))
    words = _area_words(bare)
    behind = [
        item
        for number, item in enumerate(named)
        if re.match(r"[^\w]*(?:licen[cs]e\s*)?(?:\(|for |covers |applies to )", bare[item.end :], re.I)
        and any(item.start < at < _start_of_next(named, number, sentence) for at, _ in words)
    ]
    following = bool(behind) and (not words or words[0][0] > named[0].start)
    previous: list[Area] = []
    groups: list[tuple[list[Mention], list[Area]]] = []
    for number, item in enumerate(named):
        low = named[number - 1].start if number else 0
        high = _start_of_next(named, number, sentence)
        span = (item.start, high) if following else (low, item.start)
        own = list(dict.fromkeys(area for at, area in words if span[0] <= at < span[1]))
        if groups and (not own or own == previous):
            groups[-1][0].append(item)
            continue
        previous = own
        groups.append(([item], own))
    for members, areas in groups:
        first = members[0]
        exact = [item for item in members if not item.assumed] or members
        names = list(dict.fromkeys(item.expression for item in exact))
        between = sentence[first.start : members[-1].start]
        if len(names) > 1 and _EITHER.search(_without(between, mentions(between))) and all(map(is_open, names)):
            names = [" OR ".join(names)]
        for name in names[:3]:
            for area in areas or [""]:
                yield Statement(name, area, exact[0].assumed)


def _start_of_next(named: list[Mention], number: int, sentence: str) -> int:
    return named[number + 1].start if number + 1 < len(named) else len(sentence)


def _without(text: str, named: list[Mention]) -> str:
    """The text with licence names and addresses blanked: 'Hardware' in 'Open Hardware Licence' is no area."""
    for item in named:
        text = text[: item.start] + " " * (item.end - item.start) + text[item.end :]
    text = re.sub(
        # The notices that CERN's licences ask for call the design 'this documentation' or 'this source'.
        r"https?:[^\s<>]*|(?:documentation|source) describes open hardware|modify this (?:documentation|source)"
        r"|open[- ](?:source )?hardware|open source software",
        lambda f: " " * len(f[0]),
        text,
        flags=re.I,
    )
    return text
