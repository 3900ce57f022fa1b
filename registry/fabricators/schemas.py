"""What comes into and goes out of the fabricators feature."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from registry import limits
from registry.fabricators import place, vocabulary

Kind = Literal["workshop", "fab_lab", "company", "person", "school"]
Access = Literal["orders", "members", "public", "shared", "restricted"]
Precision = Literal["exact", "town", "region", "country"]
Status = Literal["active", "planned", "paused", "closed"]
MachineStatus = Literal["ready", "busy", "broken", "planned"]
Role = Literal["owner", "operator", "viewer"]
KIND_LABELS = {
    "workshop": "Workshop", "fab_lab": "Fab lab", "company": "Company", "person": "One person", "school": "School",
}  # fmt: skip
ACCESS_LABELS = {
    "orders": "Makes to order",
    "members": "Open to members",
    "public": "Open to everyone",
    "shared": "Shared space",
    "restricted": "By arrangement",
}
STATUS_LABELS = {"active": "Working", "planned": "Planned", "paused": "Closed for a while", "closed": "Closed"}
MACHINE_STATUS_LABELS = {"ready": "Ready", "busy": "Busy", "broken": "Out of order", "planned": "Planned"}
PRECISION_LABELS = {
    "exact": "Exactly, with street",
    "town": "The town (to about 2 km)",
    "region": "The region (to about 50 km)",
    "country": "The country alone",
}
_LENGTH_MM = 1_000_000


@dataclass(frozen=True, slots=True)
class MachineFacts:
    """A machine as matching sees it.

    `materials` are (material, thinnest, thickest) with ids of the vocabulary; a thickness that is not stated is None.
    `parameters` holds only what the machine states. Money is in minor units of `currency`.
    """

    id: int
    fabricator_id: int
    name: str
    process: str
    count: int
    status: str
    work_x_mm: float | None
    work_y_mm: float | None
    work_z_mm: float | None
    materials: tuple[tuple[str, float | None, float | None], ...]
    parameters: Mapping[str, Any]
    setup_minor: int | None
    hour_minor: int | None
    currency: str


class MaterialIn(BaseModel):
    """A material that a machine takes, and how thin and thick."""

    model_config = ConfigDict(extra="forbid")
    material: str = Field(max_length=limits.TAG_CHARS)
    thickness_min_mm: float | None = Field(default=None, ge=0, le=_LENGTH_MM, allow_inf_nan=False)
    thickness_max_mm: float | None = Field(default=None, ge=0, le=_LENGTH_MM, allow_inf_nan=False)

    @field_validator("material")
    @classmethod
    def _known(cls, text: str) -> str:
        found = vocabulary.find_material(text)
        if found is None:
            raise ValueError(f"{text[:60]!r} is no material that this registry knows")
        return found.id

    @model_validator(mode="after")
    def _ordered(self) -> MaterialIn:
        low, high = self.thickness_min_mm, self.thickness_max_mm
        if low is not None and high is not None and low > high:
            name = vocabulary.material_name(self.material)
            raise ValueError(f"{name}: the thinnest ({low:g} mm) is thicker than the thickest ({high:g} mm)")
        return self


def _number(name: str, value: Any) -> float:
    try:
        number = float(str(value).strip().replace(",", "."))
    except ValueError as error:
        raise ValueError(f"{name} is {str(value)[:40]!r}, which is no number") from error
    if not math.isfinite(number) or number < 0 or number > 1e9:
        raise ValueError(f"{name} is {number:g}; it is a number from 0 upwards")
    return number


_YES, _NO = {"yes", "true", "1", "on", "y"}, {"no", "false", "0", "off", "n"}


def read_parameter(parameter: vocabulary.Parameter, value: Any) -> Any:
    """A parameter's value as it is kept, or None for nothing. Raises: ValueError with a sentence."""
    if value is None or value == "" or value == []:
        return None
    if parameter.kind == "bool":
        word = str(value).strip().lower()
        if word not in _YES | _NO:
            raise ValueError(f"{parameter.label} is {str(value)[:40]!r}; it is yes or no")
        return word in _YES
    if parameter.kind == "list":
        parts = value if isinstance(value, list) else str(value).split(",")
        return [str(part).strip()[: limits.TAG_CHARS] for part in parts if str(part).strip()][: limits.TAGS] or None
    if parameter.kind == "choice":
        if (text := str(value).strip()) not in parameter.choices:
            raise ValueError(f"{parameter.label} is {text[:40]!r}; it is one of {', '.join(parameter.choices)}")
        return text
    number = _number(parameter.label, value)
    if parameter.kind == "integer":
        if number != int(number):
            raise ValueError(f"{parameter.label} is {number:g}; it is a whole number")
        return int(number)
    return int(number) if number == int(number) else number


class MachineIn(BaseModel):
    """A machine, or a bench for hand work: one process with what limits it."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(min_length=1, max_length=limits.NAME_CHARS)
    process: str = Field(max_length=200)
    maker: str = Field(default="", max_length=limits.NAME_CHARS)
    model: str = Field(default="", max_length=limits.NAME_CHARS)
    count: int = Field(default=1, ge=1, le=10_000)
    status: MachineStatus = "ready"
    work_x_mm: float | None = Field(default=None, ge=0, le=_LENGTH_MM, allow_inf_nan=False)
    work_y_mm: float | None = Field(default=None, ge=0, le=_LENGTH_MM, allow_inf_nan=False)
    work_z_mm: float | None = Field(default=None, ge=0, le=_LENGTH_MM, allow_inf_nan=False)
    parameters: dict[str, Any] = Field(default_factory=dict)
    materials: list[MaterialIn] = Field(default_factory=list, max_length=limits.MATERIALS_PER_MACHINE)
    setup_minor: int | None = Field(default=None, ge=0, le=10**12)
    hour_minor: int | None = Field(default=None, ge=0, le=10**12)
    notes: str = Field(default="", max_length=limits.SUMMARY_CHARS)
    extra: dict[str, Any] = Field(default_factory=dict)

    @field_validator("process")
    @classmethod
    def _known(cls, text: str) -> str:
        if text == vocabulary.OTHER:
            return text
        found = vocabulary.find_process(text)
        if found is None:
            raise ValueError(f"{text[:60]!r} is no process that this registry knows")
        return found.id

    @model_validator(mode="after")
    def _fits(self) -> MachineIn:
        kept: dict[str, Any] = {}
        for name, value in self.parameters.items():
            parameter = vocabulary.PARAMETERS.get(name)
            if parameter is None:
                raise ValueError(f"{name[:60]!r} is no parameter that this registry knows")
            if (read := read_parameter(parameter, value)) is not None:
                kept[name] = read
        for name, value in kept.items():
            other = vocabulary.PARAMETERS[name].pair
            if other and other in kept and kept[other] > value:
                low, high = vocabulary.PARAMETERS[other], vocabulary.PARAMETERS[name]
                least, most = f"{kept[other]:g} {low.unit}", f"{value:g} {high.unit}"
                raise ValueError(f"{low.label} ({least}) is more than {high.label.lower()} ({most})")
        self.parameters = kept
        return self


class FabricatorIn(BaseModel):
    """A fabricator as its people describe it."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(min_length=1, max_length=limits.NAME_CHARS)
    kind: Kind = "workshop"
    status: Status = "active"
    summary: str = Field(default="", max_length=limits.SUMMARY_CHARS)
    description: str = Field(default="", max_length=20_000)
    languages: list[str] = Field(default_factory=list, max_length=limits.TAGS)
    access: Access = "orders"
    certifications: list[str] = Field(default_factory=list, max_length=limits.TAGS)
    opening_hours: str = Field(default="", max_length=limits.SUMMARY_CHARS)
    lead_time_days: int | None = Field(default=None, ge=0, le=3650)
    capacity_hours_week: int | None = Field(default=None, ge=0, le=100_000)
    currency: str = "EUR"
    website: str = Field(default="", max_length=limits.URL_LENGTH_CHARS)
    email: str = Field(default="", max_length=254)
    country: str = ""
    region: str = Field(default="", max_length=limits.NAME_CHARS)
    town: str = Field(default="", max_length=limits.NAME_CHARS)
    postcode: str = Field(default="", max_length=limits.TAG_CHARS)
    street: str = Field(default="", max_length=limits.NAME_CHARS)
    precision: Precision = "town"
    lat_deg: float | None = Field(default=None, ge=-90, le=90, allow_inf_nan=False)
    lon_deg: float | None = Field(default=None, ge=-180, le=180, allow_inf_nan=False)
    extra: dict[str, Any] = Field(default_factory=dict)

    @field_validator("name", "summary", "town", "region", "street", "postcode", "opening_hours", "website", "email")
    @classmethod
    def _plain(cls, text: str) -> str:
        if any(ord(char) < 32 and char not in "\n\r\t" for char in text):
            raise ValueError("holds a control character")
        return " ".join(text.split())

    @field_validator("country")
    @classmethod
    def _country(cls, text: str) -> str:
        code = place.find_country(text) if text.strip() else ""
        if text.strip() and not code:
            raise ValueError(f"{text[:60]!r} is no country; write its name or its two letters, such as DE")
        return code

    @field_validator("currency")
    @classmethod
    def _currency(cls, text: str) -> str:
        if (code := text.strip().upper()) not in place.currencies():
            raise ValueError(f"{text[:20]!r} is no currency; write its three letters, such as EUR")
        return code

    @field_validator("website")
    @classmethod
    def _web(cls, text: str) -> str:
        if text and not text.lower().startswith(("http://", "https://")):
            raise ValueError("an address starts with https:// or http://")
        return text

    @field_validator("languages", "certifications")
    @classmethod
    def _words(cls, words: list[str]) -> list[str]:
        return list(dict.fromkeys(" ".join(word.split())[: limits.NAME_CHARS] for word in words if word.strip()))

    @model_validator(mode="after")
    def _both(self) -> FabricatorIn:
        if (self.lat_deg is None) != (self.lon_deg is None):
            raise ValueError("A place has a latitude and a longitude; one of them is missing")
        return self


class FabricatorNew(FabricatorIn):
    """A fabricator with its machines."""

    machines: list[MachineIn] = Field(default_factory=list, max_length=limits.MACHINES_PER_FABRICATOR)


class _Out(BaseModel):
    model_config = ConfigDict(frozen=True)


class MaterialView(_Out):
    """A material that a machine takes."""

    material: str
    name: str
    thickness_min_mm: float | None
    thickness_max_mm: float | None


class ParameterView(_Out):
    """A parameter in words."""

    name: str
    label: str
    text: str


class MachineView(_Out):
    """A machine with its parameters, in values and in words."""

    id: int
    name: str
    process: str
    process_name: str
    maker: str
    model: str
    count: int
    status: str
    work_x_mm: float | None
    work_y_mm: float | None
    work_z_mm: float | None
    parameters: dict[str, Any]
    told: list[ParameterView]
    materials: list[MaterialView]
    setup_minor: int | None
    hour_minor: int | None
    notes: str
    said_process: str = Field(description="what was said where the vocabulary does not know it")
    extra: dict[str, Any] = Field(default_factory=dict, exclude=True)


class FabricatorCard(_Out):
    """A fabricator in a list. The place is as precise as it wants to be shown."""

    slug: str
    name: str
    kind: str
    status: str
    summary: str
    town: str
    region: str
    country: str
    lat_deg: float | None
    lon_deg: float | None
    distance_km: float | None
    processes: list[str]
    machines: int
    lead_time_days: int | None
    picture: str | None
    is_example: bool


class FabricatorList(_Out):
    """A page of fabricators; `next` is the address of the next page, or null."""

    items: list[FabricatorCard]
    total: int
    next: str | None
    understood: list[str] = Field(description="what was asked for, in words")


class PictureView(_Out):
    """A picture of a fabricator."""

    id: int
    url: str
    words: str
    width_px: int
    height_px: int


class FabricatorDetail(FabricatorCard):
    """A fabricator with its machines."""

    id: int = Field(exclude=True)
    description: str
    languages: list[str]
    access: str
    certifications: list[str]
    opening_hours: str
    capacity_hours_week: int | None
    currency: str
    website: str
    email: str
    street: str = Field(description="given where the place is shown exactly")
    postcode: str = Field(description="given where the place is shown exactly")
    precision: str
    machine_list: list[MachineView]
    pictures: list[PictureView]
    updated_at: dt.datetime
    extra: dict[str, Any] = Field(default_factory=dict, exclude=True)


class FabricatorQuery(BaseModel):
    """What to look for: the words of `q` are read into the other fields where they say so."""

    q: str = Field(default="", max_length=limits.SEARCH_CHARS)
    process: str = Field(default="", max_length=120)
    material: str = Field(default="", max_length=120)
    thickness_mm: float | None = Field(default=None, ge=0, le=_LENGTH_MM, allow_inf_nan=False)
    x_mm: float | None = Field(default=None, ge=0, le=_LENGTH_MM, allow_inf_nan=False)
    y_mm: float | None = Field(default=None, ge=0, le=_LENGTH_MM, allow_inf_nan=False)
    near: str = Field(default="", max_length=120)
    within_km: float | None = Field(default=None, gt=0, le=20_100, allow_inf_nan=False)
    country: str = Field(default="", max_length=60)
    page: int = Field(default=1, ge=1, le=10_000)
    per_page: int = Field(default=limits.PAGE_ITEMS_DEFAULT, ge=1, le=limits.PAGE_ITEMS_MAX)

    @field_validator("thickness_mm", "x_mm", "y_mm", "within_km", mode="before")
    @classmethod
    def _empty(cls, value: Any) -> Any:
        return None if value == "" else value


class MemberView(_Out):
    """Somebody who acts for a fabricator."""

    account_id: int
    handle: str
    role: str
