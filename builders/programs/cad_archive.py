"""Archives and XML from repositories: looked at before anything in them is used."""

from __future__ import annotations

import stat
import zipfile
import zlib
from pathlib import Path
from typing import IO, Any

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from builders.programs.cad_report import Refused

ENTRIES_MAX = 20_000
ENTRY_BYTES_MAX = 256 * 1024**2
TOTAL_BYTES_MAX = 1024**3
RATIO_MAX = 200  # text of shapes packs to a tenth; a thousandth is no drawing
RATIO_FROM_BYTES = 16 * 1024**2
XML_BYTES_MAX = 192 * 1024**2


def open_archive(path: Path, what: str) -> zipfile.ZipFile:
    """A zip whose names, sizes and kinds of entries are what an honest one has. Raises: Refused."""
    try:
        archive = zipfile.ZipFile(path)
        entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise Refused(
            f"The {what} file is not a readable zip archive ({error}).", "Save it again and commit it."
        ) from error
    total = 0
    seen: set[str] = set()
    if len(entries) > ENTRIES_MAX:
        raise Refused(f"The {what} file holds {len(entries):,} entries; at most {ENTRIES_MAX:,} are read.")
    for entry in entries:
        parts = entry.filename.replace("\\", "/").split("/")
        if entry.filename.startswith(("/", "\\")) or ".." in parts or ":" in parts[0] or "\0" in entry.orig_filename:
            raise Refused(f"The {what} file holds an entry whose name leads out of it: {entry.filename!r}.")
        if stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise Refused(f"The {what} file holds a link or device: {entry.filename!r}.")
        if entry.flag_bits & 1:
            raise Refused(f"The {what} file is encrypted.", "Save it without a password.")
        if entry.filename in seen:
            raise Refused(f"The {what} file holds two entries named {entry.filename!r}.")
        seen.add(entry.filename)
        total += entry.file_size
        large = entry.file_size > ENTRY_BYTES_MAX
        packed = entry.file_size > RATIO_FROM_BYTES and entry.file_size > RATIO_MAX * max(entry.compress_size, 1)
        if large or packed or total > TOTAL_BYTES_MAX:
            raise Refused(
                f"The {what} file unpacks to far more than its size: nothing of it was unpacked.",
                "If it is genuine, save it without embedded extras, or split it.",
            )
    return archive


def read_entry(archive: zipfile.ZipFile, name: str, what: str, limit_bytes: int = ENTRY_BYTES_MAX) -> bytes:
    """One entry, never more than its limit, whatever the archive says of its size. Raises: Refused, KeyError."""
    try:
        with archive.open(name) as stream:
            data = _up_to(stream, limit_bytes)
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError, zlib.error) as error:
        raise Refused(
            f"{name} in the {what} file is damaged ({error}).", "Save the file again and commit it."
        ) from error
    if len(data) > limit_bytes:
        raise Refused(f"{name} in the {what} file is larger than {limit_bytes // 1024**2} MiB.")
    return data


def _up_to(stream: IO[bytes], limit_bytes: int) -> bytes:
    return stream.read(limit_bytes + 1)


def parse_xml(data: bytes, name: str) -> Any:
    """The root of an XML document without DOCTYPE and entities. Raises: Refused."""
    if len(data) > XML_BYTES_MAX:
        raise Refused(f"{name} is larger than {XML_BYTES_MAX // 1024**2} MiB.")
    try:
        return fromstring(data, forbid_dtd=True, forbid_entities=True, forbid_external=True)
    except DefusedXmlException as error:
        raise Refused(
            f"{name} holds a DOCTYPE or entities, which can make a reader fetch or build what nobody wrote.",
            "No CAD program writes these: export the file anew.",
        ) from error
    except (ParseError, ValueError) as error:
        raise Refused(f"{name} is not well-formed XML ({error}).", "Save the file again and commit it.") from error
