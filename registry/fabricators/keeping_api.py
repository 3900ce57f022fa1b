"""JSON for a fabricator's own people: what it is, its machines, people and pictures; a fabricator from a file."""

from __future__ import annotations

from flask import Blueprint, request
from pydantic import BaseModel, ConfigDict, Field

from registry import limits
from registry.errors import TooLarge
from registry.fabricators import pictures, queries, service, transfer
from registry.fabricators.schemas import FabricatorDetail, FabricatorIn, MachineIn
from registry.web import people
from registry.web.context import stores
from registry.web.files import read_body
from registry.web.openapi import operation
from registry.web.rates import submissions

blueprint = Blueprint("keeping_api", __name__)
_NUMBER = "<int(max=2147483647):number>"


class MemberWish(BaseModel):
    """Somebody's part in a fabricator."""

    handle: str = Field(max_length=limits.HANDLE_CHARS)
    role: str = Field(default="", max_length=20, description="owner, operator or viewer; empty: none any more")


class MemberItem(BaseModel):
    """Somebody who acts for a fabricator."""

    handle: str
    role: str


class MemberList(BaseModel):
    """The people of a fabricator, the first first."""

    model_config = ConfigDict(frozen=True)

    items: list[MemberItem]
    total: int
    next: str | None = None


class PictureQuery(BaseModel):
    """What is said of a picture."""

    words: str = Field(default="", max_length=limits.SUMMARY_CHARS)


class Added(BaseModel):
    """A fabricator that was read from a file, and what the file said that was not understood."""

    model_config = ConfigDict(frozen=True)

    fabricator: FabricatorDetail
    findings: list[str]


def _shown(slug: str) -> FabricatorDetail:
    with stores().db.reading() as session:
        return queries.get_fabricator(session, slug)


@operation(blueprint, "GET", "/fabricators/<slug>/description", answers={200: FabricatorIn}, account=True)
def read_description(slug: str) -> FabricatorIn:
    """What a fabricator says of itself, with its true place, for its operators: as PUT takes it."""
    with stores().db.reading() as session:
        row = queries.find_fabricator(session, slug)
        service.require_role(session, row.id or 0, people.required().id, "operator")
        return FabricatorIn.model_validate({name: getattr(row, name) for name in FabricatorIn.model_fields})


@operation(blueprint, "PUT", "/fabricators/<slug>", body=FabricatorIn, answers={200: FabricatorDetail}, account=True)
def describe_fabricator(slug: str, body: FabricatorIn) -> FabricatorDetail:
    """Describe a fabricator anew, as one of its operators."""
    service.edit(stores(), people.required().id, slug, body)
    return _shown(slug)


@operation(
    blueprint, "POST", "/fabricators/<slug>/machines", body=MachineIn, answers={201: FabricatorDetail}, faults=(409,),
    account=True,
)  # fmt: skip
def add_fabricator_machine(slug: str, body: MachineIn) -> tuple[FabricatorDetail, int]:
    """Add a machine."""
    service.add_machine(stores(), people.required().id, slug, body)
    return _shown(slug), 201


@operation(
    blueprint, "PUT", f"/fabricators/<slug>/machines/{_NUMBER}", body=MachineIn, answers={200: FabricatorDetail},
    account=True,
)  # fmt: skip
def describe_machine(slug: str, number: int, body: MachineIn) -> FabricatorDetail:
    """Describe a machine anew."""
    service.edit_machine(stores(), people.required().id, slug, number, body)
    return _shown(slug)


@operation(
    blueprint, "DELETE", f"/fabricators/<slug>/machines/{_NUMBER}", answers={200: FabricatorDetail}, account=True
)
def remove_fabricator_machine(slug: str, number: int) -> FabricatorDetail:
    """Remove a machine."""
    service.remove_machine(stores(), people.required().id, slug, number)
    return _shown(slug)


def _members(slug: str) -> MemberList:
    with stores().db.reading() as session:
        fabricator_id = queries.find_fabricator(session, slug).id or 0
        service.require_role(session, fabricator_id, people.required().id, "viewer")
        found = queries.list_members(session, fabricator_id)
    items = [MemberItem(handle=row.handle, role=row.role) for row in found]
    return MemberList(items=items, total=len(items))


@operation(blueprint, "GET", "/fabricators/<slug>/people", answers={200: MemberList}, account=True)
def read_members(slug: str) -> MemberList:
    """The people of a fabricator, for themselves."""
    return _members(slug)


@operation(
    blueprint, "PUT", "/fabricators/<slug>/people", body=MemberWish, answers={200: MemberList}, faults=(409,),
    account=True,
)  # fmt: skip
def change_member(slug: str, body: MemberWish) -> MemberList:
    """Give somebody a part in a fabricator, another one, or none, as one of its owners."""
    service.set_member(stores(), people.required().id, slug, body.handle, body.role)
    return _members(slug)


@operation(
    blueprint, "POST", "/fabricators/<slug>/pictures", query=PictureQuery, answers={201: FabricatorDetail},
    faults=(409, 413), account=True,
)  # fmt: skip
def add_fabricator_picture(slug: str, query: PictureQuery) -> tuple[FabricatorDetail, int]:
    """Add a picture: the photo itself is the body; what the camera wrote into it is left out."""
    content = read_body(limits.PHOTO_BYTES)
    if content is None:
        pictures.refuse_size(request.content_length or 0)
    service.add_picture(stores(), people.required().id, slug, content or b"", query.words)
    return _shown(slug), 201


@operation(
    blueprint, "DELETE", f"/fabricators/<slug>/pictures/{_NUMBER}", answers={200: FabricatorDetail}, account=True
)
def remove_fabricator_picture(slug: str, number: int) -> FabricatorDetail:
    """Remove a picture."""
    service.remove_picture(stores(), people.required().id, slug, number)
    return _shown(slug)


@operation(blueprint, "POST", "/fabricators/import", answers={201: Added}, faults=(413, 422), account=True)
@submissions
def import_fabricator_file() -> tuple[Added, int]:
    """Add the fabricator in a file (OKW, CSV or SpaceAPI): the file itself is the body."""
    content = read_body(limits.IMPORT_BYTES)
    if content is None:
        raise TooLarge(f"The file is larger than {limits.IMPORT_BYTES // limits.MIB} MiB.", "Send less at once.")
    read = transfer.read(content)
    slug = service.create(stores(), people.required().id, read.fabricator)
    return Added(fabricator=_shown(slug), findings=list(read.findings)), 201
