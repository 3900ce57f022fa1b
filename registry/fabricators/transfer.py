"""Files in and out: which form a file has, and a fabricator in each form."""

from __future__ import annotations

from registry.errors import Invalid
from registry.fabricators import csv_table, okw, spaceapi
from registry.fabricators.importing import Imported, load_tree, read_text
from registry.fabricators.schemas import FabricatorDetail

FORMS = {"okw": "OKW", "csv": "CSV", "spaceapi": "SpaceAPI"}
NAMES = {"okw": "okw.yaml", "csv": "machines.csv", "spaceapi": "spaceapi.json"}


def read(content: bytes) -> Imported:
    """A fabricator from OKW (YAML, JSON, TOML), CSV or SpaceAPI. Raises: Invalid, TooLarge."""
    text = read_text(content)
    if not text.strip():
        raise Invalid("The file is empty.", "Choose another, or paste its text.", field="file")
    head = text.lstrip().split("\n", 1)[0].lower()
    if not head.startswith("{") and "machine" in head and "process" in head and any(c in head for c in ",;\t"):
        return csv_table.parse(text)
    if text.lstrip().startswith("{") and spaceapi.looks_like(load_tree(text)):
        return spaceapi.parse(text)
    return okw.parse(text)


def write(shown: FabricatorDetail, form: str, url: str) -> str:
    """A fabricator as a file. Raises: Invalid for another form."""
    if form == "okw":
        return okw.write(shown)
    if form == "csv":
        return csv_table.write(shown)
    if form == "spaceapi":
        return spaceapi.write(shown, url)
    raise Invalid(f"{form[:40]!r} is no form of export.", "Choose okw, csv or spaceapi.", field="format")
