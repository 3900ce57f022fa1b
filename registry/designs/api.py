"""JSON of designs: list and search, and the files of a version. What tells of builds is in builds/api.py."""

from __future__ import annotations

from flask import Blueprint, request
from pydantic import BaseModel, ConfigDict

from registry.designs import files as version_files
from registry.designs import queries
from registry.designs.schemas import DesignList, DesignQuery, FileView
from registry.web.context import stores
from registry.web.openapi import Paging, operation
from registry.web.paging import address

blueprint = Blueprint("designs_api", __name__)


class FileList(BaseModel):
    """A page of files; `next` is the address of the next page, or null."""

    model_config = ConfigDict(frozen=True)

    items: list[FileView]
    total: int
    next: str | None


@operation(blueprint, "GET", "/designs", query=DesignQuery, answers={200: DesignList})
def list_designs(query: DesignQuery) -> DesignList:
    """List and search designs."""
    with stores().db.reading() as session:
        found = queries.list_designs(session, query)
    return found.model_copy(update={"next": request.path + found.next if found.next else None})


@operation(blueprint, "GET", "/designs/<slug>/versions/<ref>/files", query=Paging, answers={200: FileList})
def list_files(slug: str, ref: str, query: Paging) -> FileList:
    """The files of a version as they lie in its repository."""
    files = version_files.list_files(stores(), slug, ref.replace("~", "/"))
    start, end = (query.page - 1) * query.per_page, query.page * query.per_page
    more = address(page=query.page + 1) if end < len(files) else None
    return FileList(items=list(files[start:end]), total=len(files), next=more)
