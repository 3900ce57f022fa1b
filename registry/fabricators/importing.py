"""What came from a file: a fabricator as far as it could be read, and a finding for each field that could not."""

from __future__ import annotations

import io
import json
import tomllib
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from registry import faults, limits
from registry.errors import Invalid, TooLarge
from registry.fabricators.schemas import FabricatorIn, FabricatorNew, MachineIn, MaterialIn

_DEPTH = 40


@dataclass
class Imported:
    """A fabricator read from a file, with what could not be taken as it was."""

    fabricator: FabricatorNew
    findings: list[str] = field(default_factory=list)
    form: str = "okw"


def read_text(content: bytes) -> str:
    """Raises: TooLarge, Invalid."""
    if len(content) > limits.IMPORT_BYTES:
        raise TooLarge("The file is larger than 1 MiB.", "Split it, or leave pictures out.", field="file")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid("The file is not text in UTF-8.", "Save it as UTF-8, and try again.", field="file") from error
    if "\0" in text:
        raise Invalid("The file holds zero bytes; it is no text.", "Send YAML, JSON, TOML or CSV.", field="file")
    return text


def load_tree(text: str) -> dict[str, Any]:
    """YAML, JSON or TOML as plain values. Raises: Invalid."""
    value: Any = None
    stripped = text.lstrip()
    try:
        if stripped.startswith("{"):
            value = json.loads(text)
        else:
            try:
                value = tomllib.loads(text)
            except tomllib.TOMLDecodeError:
                yaml = YAML(typ="safe", pure=True)
                if text.count("*") and text.count("&") > 50:
                    raise Invalid("The file refers to itself too often.", "Write it out.", field="file") from None
                value = yaml.load(io.StringIO(text))
    except (json.JSONDecodeError, YAMLError, RecursionError, ValueError) as error:
        first = str(error).strip().split("\n", 1)[0][:160]
        raise Invalid(
            f"The file is neither YAML, JSON nor TOML ({first}).", "Correct it there.", field="file"
        ) from error
    if not isinstance(value, dict):
        raise Invalid("The file holds no named fields.", "An OKW file starts with fields such as name.", field="file")
    plain = _plain(value, 0)
    assert isinstance(plain, dict)
    return plain


def mapping(value: Any) -> dict[str, Any]:
    """A part of a tree that should hold named fields; nothing where it doesn't."""
    return value if isinstance(value, dict) else {}


def _plain(value: Any, depth: int) -> Any:
    """Values that JSON can hold. Raises: Invalid when they are nested too deeply."""
    if depth > _DEPTH:
        raise Invalid("The file is nested too deeply.", "Make it flatter.", field="file")
    if isinstance(value, dict):
        return {str(key): _plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(item, depth + 1) for item in value]
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def _sentence(error: ValidationError) -> tuple[str, str]:
    """(the field at fault, what is wrong with it)."""
    first = error.errors()[0]
    words, what = faults.field_words(first["loc"]), faults.what_is_wrong(first)
    return str(first["loc"][0]) if first["loc"] else "", f"{words}: {what}" if words else what


def settle(told: dict[str, Any], machines: list[dict[str, Any]], findings: list[str], form: str) -> Imported:
    """Take all that is valid: a bad field is left out and told, the rest counts. Raises: Invalid without a name."""
    kept = _settled(FabricatorIn, told, "", findings, needed="name")
    if kept is None:
        raise Invalid("The file names no fabricator.", "It needs a field 'name'.", field="name")
    if len(machines) > limits.MACHINES_PER_FABRICATOR:
        most = limits.MACHINES_PER_FABRICATOR
        findings.append(f"The file has {len(machines)} machines; the first {most} are taken.")
        machines = machines[:most]
    settled = []
    for number, machine in enumerate(machines, 1):
        title = f"Machine {number} ({str(machine.get('name', ''))[:60]})"
        materials = [_settled(MaterialIn, m, title + ": ", findings, "material") for m in machine.pop("materials", [])]
        machine["materials"] = [m.model_dump() for m in materials if m][: limits.MATERIALS_PER_MACHINE]
        parameters = machine.get("parameters", {})
        row = _settled(MachineIn, machine, title + ": ", findings, needed="name", nested=parameters)
        if row:
            settled.append(row)
    values = kept.model_dump() | {"machines": [m.model_dump() for m in settled]}
    return Imported(FabricatorNew.model_validate(values), findings, form)


def _settled(
    model: type[Any], values: dict[str, Any], where: str, findings: list[str], needed: str, nested: Any = None
) -> Any:
    """The model with every bad field left out; None if the needed one is bad."""
    values = dict(values)
    for _ in range(len(values) + len(nested or {}) + 2):
        try:
            return model.model_validate(values)
        except ValidationError as error:
            head, what = _sentence(error)
            findings.append(f"{where}{what}. It was left out.")
            if head and head in values and head != needed:
                del values[head]
            elif not head and nested:
                bad = next((key for key in nested if _is_bad(key, nested[key], what)), next(iter(nested)))
                nested = {key: item for key, item in nested.items() if key != bad}
                values["parameters"] = nested
            elif not head and model is MaterialIn:
                values = {"material": values["material"]}
            elif not head and "lat_deg" in values | {"lon_deg": 0}:
                values.pop("lat_deg", None)
                values.pop("lon_deg", None)
            else:
                return None
    return None


def _is_bad(key: str, value: Any, what: str) -> bool:
    from registry.fabricators.vocabulary import PARAMETERS

    return key not in PARAMETERS or PARAMETERS[key].label in what or PARAMETERS[key].label.lower() in what
