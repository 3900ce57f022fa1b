"""Reads licence names as people write them, and says what a licence allows."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from license_expression import ExpressionError, Licensing, get_spdx_licensing


class Mention(NamedTuple):
    """A licence named in a text; `assumed` says that its version was not stated."""

    expression: str
    start: int
    assumed: bool = False
    end: int = 0


# Satisfy the Open Source Hardware Definition (and with it the Open Definition or the Open Source Definition).
_OPEN = re.compile(
    r"CERN-OHL-(1\.[12]|[PSW]-2\.0)|TAPR-OHL-1\.0|SHL-0\.51?|CC0-1\.0|CC-PDDC|CC-BY(-SA)?-[1-4]\.[05](-[A-Z]{2,3})?"
    r"|PDDL-1\.0|ODbL-1\.0|ODC-By-1\.0|LAL-1\.[23]|OFL-1\.[01](-RFN|-no-RFN)?|MIT(-0)?|X11|BSD-[1234]-Clause|0BSD|ISC"
    r"|Zlib"
    r"|BSL-1\.0|NCSA|PostgreSQL|Unlicense|WTFPL|Beerware|Apache-(1\.1|2\.0)|A?GPL-[123]\.0-(only|or-later)"
    r"|LGPL-(2\.[01]|3\.0)-(only|or-later)|GFDL-1\.[123]-(no-invariants-)?(only|or-later)|MPL-(1\.1|2\.0)|EUPL-1\.[12]"
    r"|EPL-[12]\.0|CDDL-1\.[01]|CECILL-(2\.[01]|B|C)|Artistic-2\.0|AFL-3\.0|OSL-3\.0|ECL-2\.0|MulanPSL-2\.0"
    r"|BlueOak-1\.0\.0"
    r"|Python-2\.0|PSF-2\.0|Unicode-3\.0|UPL-1\.0|OGL-UK-3\.0"
    # Approved by the Open Source Initiative or the Free Software Foundation, and seen beside designs.
    r"|BSD-2-Clause-(Patent|Views|NetBSD|FreeBSD)|BSD-3-Clause-(Attribution|Clear|LBNL|Modification|acpica)"
    r"|BSD-4-Clause-UC|MIT-(advertising|enna|feh|Modern-Variant)|MITNFA|HPND(-sell-variant)?|ICU|NTP|X11-[\w-]+|curl"
    r"|libpng-2\.0|zlib-acknowledgement|bzip2-1\.0\.6|FTL|IJG|Ruby|Vim|PHP-3\.01|W3C|ZPL-2\.[01]|LPPL-1\.3[ac]"
    r"|EUDatagrid|EFL-[12]\.0|ECL-1\.0|Artistic-1\.0(-Perl|-cl8)?|MS-PL|MS-RL|CPL-1\.0|IPL-1\.0|CPAL-1\.0|AFL-[12]\.[012]"
    r"|OSL-[12]\.[01]|LiLiQ-(P|R|Rplus)-1\.1|CECILL-[12]\.[01]|CECILL-1\.1|ODC-By-1\.0|Fair|Bitstream-Vera"
    r"|MPL-2\.0-no-copyleft-exception|MPL-1\.0|OLDAP-2\.8|SISSL|Sleepycat|OpenSSL|Apache-1\.0"
)
_CLOSED = (
    (
        r"-NC\b|NonCommercial|Noncommercial",
        "it forbids commercial use, and open hardware may be made and sold by anyone",
    ),
    (r"-ND\b", "it forbids changed versions, and open hardware may be changed by anyone"),
    (r"AllRightsReserved|Proprietary|LicenseRef-(NONE|NOASSERTION)", "all rights are reserved"),
    (r"Commons-Clause|BUSL|SSPL|PolyForm|Elastic|FSL", "it restricts who may use or sell the design"),
)
_NC = r"non[ -]?commercial"
# Creative Commons' own words for the parts of a name, in the languages of the deeds that lie in repositories.
_CC_BY = (
    r"BY\b|attribution|namensnennung|reconocimiento|atribuci[oó]n|paternit[ée]|attribuzione|atribui[çc][ãa]o"
    r"|naamsvermelding"
)
_CC_PARTS = (
    ("NC", r"NC\b|non[ -]?commercial[ey]?\b|nicht[ -]?kommerziell|no ?comercial|pas d.utilisation commerciale"
           r"|non commerciale|n[ãa]o[ -]?comercial|niet[ -]?commercieel"),
    ("SA", r"SA\b|share[ -]?alike|weitergabe unter gleichen bedingungen|compartir ?igual"
           r"|partage (?:dans les|à l.identique|des)(?: m[êe]mes)? ?(?:conditions(?: initiales)?(?: à l.identique)?)?"
           r"|condividi allo stesso modo|compartilha ?igual|gelijk ?delen"),
    ("ND", r"ND\b|no[ -]?deriv\w*(?: works)?|keine bearbeitung(?:en)?|sin ?(?:obra)? ?derivad\w+"
           r"|pas de modification|non opere derivate|sem deriva\w+"),
)  # fmt: skip
_CC = re.compile(
    rf"(?:\b(?:CC|creative ?commons)[,:;]?[ -]*(?:licen[cs]e )?[\"'(]*(?:CC[) -]+)?(?:{_CC_BY}|(?=share[ -]?alike))"
    rf"|\battribution(?=[ –-]+(?:{'|'.join(words for _, words in _CC_PARTS)}))"
    r"|creativecommons\.org/licenses/by)"
    rf"(?P<tail>(?:[ ,/–-]*(?:{'|'.join(words for _, words in _CC_PARTS)}))*)"
    r"(?:[ ,/)(–-]*(?:version |v\.? ?)?(?P<v>[1-4](?:\.[05])?)(?![\d.]*\d))?",
    re.I,
)
_GNU = re.compile(
    r"\b(?:GNU )?(?P<name>[AL]?GPL|(?:affero |lesser |library )?general public licen[cs]e)"
    r"[ ,-]*(?:version |v\.? ?)?(?P<v>[123](?:\.[01])?)?"
    r"(?P<later>[ -]?\+|,?[ -](?:\(?or|and)[ -](?:\(at your option\) )?(?:any )?later|[ -]or[ -]later)?"
    r"(?P<only>[ -]only)?",
    re.I,
)
_CERN = r"\bCERN[ -](?:OHL|Open Hardware Licen[cs]e)"
_V2 = r"[ -](?:v(?:ersion )?)?2(?:\.0)?[ -]*"
_SOLDERPAD = r"\bSolderpad (?:Hardware )?Licen[cs]e,? (?:v|version )?"
# (pattern, expression, whether the version is a guess)
_NAMES: tuple[tuple[re.Pattern[str], str, bool], ...] = tuple(
    (re.compile(pattern, re.I), name, assumed)
    for pattern, name, assumed in (
        *(
            (rf"\bCERN[ -]OHL[ -]?{letter}\b(?:[ -]?(?:v(?:ersion )?\.? ?)?2(?:\.0)?)?"
             rf"|{_CERN}{_V2}[(]?(?:-?{letter}\b|{word})",
             f"CERN-OHL-{letter}-2.0", False)
            for letter, word in (("S", "strongly"), ("W", "weakly"), ("P", "permissive"))
        ),
        (rf"{_CERN}[ ,-]*(?:version |v\.? ?)?1\.1", "CERN-OHL-1.1", False),
        (rf"{_CERN}[ ,-]*(?:version |v\.? ?)?1\.2", "CERN-OHL-1.2", False),
        (rf"(?:strongly reciprocal )?{_CERN}[ ,-]*(?:v(?:ersion)?\.?[ -]?)?2(?:\.0)?"
         r"(?![ -]*[(]?(?:-?[PSW]\b|strongly|weakly|permissive))", "CERN-OHL-S-2.0", True),
        (r"\bpermissive CERN[ -](?:OHL|open hardware licen[cs]e)(?:[ -]v?2(?:\.0)?)?", "CERN-OHL-P-2.0", False),
        (r"\bweakly reciprocal CERN[ -](?:OHL|open hardware licen[cs]e)(?:[ -]v?2(?:\.0)?)?", "CERN-OHL-W-2.0", False),
        (rf"{_CERN}(?![ ,-]*(?:v|version[ -])?\.? ?[12]|[ -]?[PSW]\b)", "CERN-OHL-1.2", True),
        (r"\bTAPR(?:\b|(?=v\d))(?:[ -](?:OHL|Open Hardware Licen[cs]e))?(?:[ -]?v?1(?:\.0)?\b)?",
         "TAPR-OHL-1.0", False),
        (rf"{_SOLDERPAD}2\.1|\bSHL-2\.1", "Apache-2.0 WITH SHL-2.1", False),
        (rf"{_SOLDERPAD}2\.0|\bSHL-2\.0", "Apache-2.0 WITH SHL-2.0", False),
        (rf"{_SOLDERPAD}0\.51|\bSHL-0\.51", "SHL-0.51", False),
        (r"\bSolderpad(?: (?:Hardware )?Licen[cs]e)?(?!,? (?:v|version )?[02]\.| hardware| licen)",
         "Apache-2.0 WITH SHL-2.1", True),
        (r"\bCC[ -]?[0O]\b(?:[ -]1\.0)?|creativecommons\.org/publicdomain/zero|\bcreative commons zero",
         "CC0-1.0", False),
        (r"\bMIT(?:[ -]0\b| No Attribution)", "MIT-0", False),
        (r"\bMIT\b(?![ -]0| No Attr| ?(?:media|lab|press|\.edu))", "MIT", False),
        (r"\bApache[ -](?:Licen[cs]e)?[ ,-]*(?:version |v)?2(?:\.0)?\b", "Apache-2.0", False),
        (r"\bApache Licen[cs]e\b(?![ ,]*(?:version |v)?[12])", "Apache-2.0", True),
        (r"\bBSD[ -]2|\b(?:simplified|2-clause) BSD", "BSD-2-Clause", False),
        (r"\bBSD[ -]3|\b(?:new|revised|modified|3-clause) BSD", "BSD-3-Clause", False),
        (r"\bBSD(?= licen|[ ]?$|[.,;)])", "BSD-3-Clause", True),
        (r"\b0BSD\b|\bBSD Zero Clause", "0BSD", False),
        (r"\bISC licen[cs]e|(?-i:\bISC\b)", "ISC", False),
        (r"\bunlicense\b", "Unlicense", False),
        (r"\bWTFPL\b", "WTFPL", False),
        (r"\bzlib licen[cs]e|^zlib$", "Zlib", False),
        (r"(?:\bMPL|Mozilla Public Licen[cs]e)[ ,-]*(?:v|version )?1\.1", "MPL-1.1", False),
        (r"\bMPL[ -]?(?:v|version )?2(?:\.0)?|Mozilla Public Licen[cs]e(?![ ,-]*(?:v|version )?1)", "MPL-2.0", False),
        (r"\bEUPL\b(?:[ -]?(?:v\.? ?)?1\.2)?", "EUPL-1.2", False),
        (r"\bODbL\b|Open Database Licen[cs]e", "ODbL-1.0", False),
        (r"\bpublic domain\b", "CC-PDDC", True),
        (r"\ball rights reserved\b", "LicenseRef-AllRightsReserved", False),
        (rf"\b{_NC} (?:use|purposes)(?: only)?\b|\bno commercial use\b", "LicenseRef-NonCommercial", False),
    )
)  # fmt: skip


@cache
def _licensing() -> Licensing:
    return get_spdx_licensing()


def parse_expression(text: str) -> str:
    """A valid SPDX expression in its normal form, or "". `LicenseRef-` names are kept as they are."""
    text = text.strip()
    if not text or len(text) > 300 or not re.fullmatch(r"[A-Za-z0-9.+()\- ]+", text):
        return ""
    if re.fullmatch(r"LicenseRef-[A-Za-z0-9.-]+", text):
        return text
    try:
        info = _licensing().validate(text)
    except (ExpressionError, RecursionError, ValueError, AttributeError, TypeError):
        return ""
    normal = info.normalized_expression
    return str(normal) if normal and not info.errors else ""


_DASHES = str.maketrans("‐‑–—", "----")  # 'Version 2 – Permissive'


def mentions(text: str) -> list[Mention]:
    """Licences named in a sentence, in order; of overlapping ones the longest."""
    text = text.translate(_DASHES)
    found: list[tuple[int, int, str, bool]] = []
    for hit in _CC.finditer(text):
        parts = [name for name, words in _CC_PARTS if re.search(words, hit["tail"], re.I)]
        version = hit["v"] or "4.0"
        version = version if "." in version else f"{version}.0"
        found.append((hit.start(), hit.end(), "-".join(["CC-BY", *parts, version]), hit["v"] is None))
    for hit in _GNU.finditer(text):
        name = hit["name"].upper()
        if len(name) > 4:
            name = "AGPL" if "AFFERO" in name else "LGPL" if re.match("LESSER|LIBRARY", name) else "GPL"
        number = hit["v"] or "3.0"
        number = number if "." in number else f"{number}.0"
        later = bool(hit["later"]) or not hit["v"]
        expression = parse_expression(f"{name}-{number}-{'or-later' if later and not hit['only'] else 'only'}")
        if expression:
            found.append((hit.start(), hit.end(), expression, not hit["v"]))
    for pattern, name, assumed in _NAMES:
        found += [(hit.start(), hit.end(), name, assumed) for hit in pattern.finditer(text)]
    found.sort(key=lambda item: (item[0], -(item[1] - item[0])))
    kept: list[Mention] = []
    end = -1
    for start, stop, name, assumed in found:
        if start >= end:
            kept.append(Mention(name, start, assumed, stop))
            end = stop
    return kept


def read_name(text: str) -> Mention | None:
    """The licence that a manifest's value or a licence line names, or None."""
    text = " ".join(text.split())[:300]
    exact = parse_expression(text) or parse_expression(text.replace(" ", "-"))
    if exact:
        return Mention(exact, 0)
    found = mentions(text)
    return found[0] if found else None


def symbols(expression: str) -> list[str]:
    """The licences of an expression, each with its exception: `Apache-2.0 WITH SHL-2.1` is one."""
    return [part.strip() for part in re.split(r"\bAND\b|\bOR\b|[()]", expression) if part.strip()]


def is_open(expression: str) -> bool:
    """Whether an expression gives the freedoms of open hardware: of alternatives one is enough."""
    if not expression:
        return False
    alternatives = _alternatives(expression)
    return any(all(_symbol_open(symbol) for symbol in symbols(part)) for part in alternatives)


def _alternatives(expression: str) -> list[str]:
    if "(" in expression:  # seldom: then every licence must be open
        return [expression]
    return re.split(r"\bOR\b", expression)


def _symbol_open(symbol: str) -> bool:
    name, _, exception = symbol.partition(" WITH ")
    return bool(_OPEN.fullmatch(name)) and (not exception or bool(parse_expression(symbol)))


def why_closed(expression: str) -> str:
    """Why an expression is not open, as the rest of 'because ...'."""
    for symbol in symbols(expression):
        if not _symbol_open(symbol):
            for pattern, why in _CLOSED:
                if re.search(pattern, symbol):
                    return why
            return "the registry does not know it as an open hardware licence"
    return "none of its alternatives is open"


_WORDS = (
    (
        r"CC0-1\.0|Unlicense|CC-PDDC|WTFPL|PDDL-1\.0|0BSD|MIT-0",
        "Public domain: make it, sell it and change it as you like, without conditions.",
    ),
    (
        r"CERN-OHL-S-2\.0|CERN-OHL-1\.[12]|TAPR-OHL-1\.0|A?GPL-.*",
        "You may make and sell it. Whoever gets one gets the sources, and changes are shared under the same licence.",
    ),
    (
        r"CC-BY-SA-.*|LAL-.*|GFDL-.*|ODbL-1\.0|OSL-3\.0",
        "You may make and sell it. Name the authors, and share your changes under the same licence.",
    ),
    (
        r"CERN-OHL-W-2\.0|LGPL-.*|MPL-.*|EUPL-.*|EPL-.*|CDDL-.*|CECILL-.*",
        "You may make and sell it, also inside a larger closed product. "
        "Share changes to the design itself under the same licence.",
    ),
    (r"CC-BY-.*|ODC-By-1\.0", "You may make, sell and change it, and keep changes to yourself. Name the authors."),
    (
        r".*",
        "You may make, sell and change it, and keep changes to yourself. Keep the licence and copyright notices.",
    ),
)


def in_words(expression: str) -> str:
    """What a licence means for somebody who wants to make or sell the thing."""
    if not expression:
        return "No licence is stated: nobody but the authors may make it."
    if not is_open(expression):
        return f"Not an open licence: {why_closed(expression)}."
    parts = symbols(expression)
    # Where several hold, the one that asks most is told: after the public domain the list runs from strict to lax.
    order = [1, 2, 3, 4, 5, 0]
    ranks = [
        next(number for number, (pattern, _) in enumerate(_WORDS) if re.fullmatch(pattern, part)) for part in parts
    ]
    several = " Parts of it have licences of their own." if len(set(ranks)) > 1 and " AND " in expression else ""
    return _WORDS[min(ranks, key=order.index)][1] + several
