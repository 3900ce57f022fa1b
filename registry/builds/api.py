"""JSON of what has to do with builds: submitting, versions with their state, builds, materials, health."""

from __future__ import annotations

import os
from urllib.parse import quote

from flask import Blueprint, Response, jsonify
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import DBAPIError

from registry import __version__
from registry.builds import queries, service
from registry.builds.compare_queries import read_comparison as compare_versions
from registry.builds.compare_schemas import Comparison
from registry.builds.leases import workers_alive
from registry.builds.schemas import BuildReport, Materials
from registry.designs import queries as design_queries
from registry.designs import service as designs
from registry.designs.schemas import DesignDetail, FindingView, Submission, VersionDetail, VersionItem
from registry.errors import NotFound
from registry.web import people, rates
from registry.web.context import stores
from registry.web.openapi import PREFIX, Paging, operation
from registry.web.paging import address

blueprint = Blueprint("builds_api", __name__)


class _Out(BaseModel):
    model_config = ConfigDict(frozen=True)


class SubmissionReport(_Out):
    """What a submission led to."""

    slug: str
    url: str = Field(description="address of the design's page")
    created: bool = Field(description="false if it was here already and was brought up to date")
    version: str = Field(description="its newest version")
    findings: list[FindingView]
    build: BuildReport | None = Field(description="the build of the newest version; follow it at /api/v1/builds/ID")


class VersionList(_Out):
    """A page of versions; `next` is the address of the next page, or null."""

    items: list[VersionItem]
    total: int
    next: str | None


class VersionReport(VersionDetail):
    """A version with its newest build."""

    build: BuildReport | None
    materials: str | None = Field(description="address of its merged bill of materials, once it is there")


class FileReport(_Out):
    """A file that a target made."""

    target: str
    path: str
    role: str
    size_bytes: int
    sha256: str
    url: str


class BuildWithFiles(BuildReport):
    """A build with every file it made."""

    queue_position: int | None = Field(description="1 = next; null once it runs")
    not_built: list[str] = Field(description="sentences: what is not built on this instance, and why")
    files: list[FileReport]


class BuildWish(BaseModel):
    """How a build is asked for."""

    model_config = ConfigDict(extra="forbid")

    force: bool = Field(default=True, description="try again what failed before")


def _plain_ref(ref: str) -> str:
    """A version as git writes it: addresses hold ~ for the slash, which no branch or tag can hold."""
    return ref.replace("~", "/")


def _version_path(slug: str, label: str) -> str:
    return f"{PREFIX}/designs/{quote(slug, safe='')}/versions/{quote(label, safe='~')}"


@operation(blueprint, "POST", "/designs", body=Submission, answers={201: SubmissionReport, 200: SubmissionReport},
           faults=(404, 409, 429, 503), account=True)  # fmt: skip
@rates.submissions
def submit_design(body: Submission) -> tuple[SubmissionReport, int, dict[str, str]]:
    """Submit a repository, or a folder of one; bring up to date what is here."""
    done = designs.submit(stores(), people.required().id, body)
    with stores().db.reading() as session:
        version = design_queries.get_version(session, done.slug, None)
        running = queries.running_build(session, version.revision_id)
        newest = queries.newest_build(session, version.revision_id)
        build = queries.report(session, running) if running else queries.short(newest) if newest else None
    report = SubmissionReport(
        slug=done.slug,
        url=f"/designs/{done.slug}",
        created=done.created,
        version=done.version,
        findings=done.findings,
        build=build,
    )
    return report, 201 if done.created else 200, {"Location": f"{PREFIX}/designs/{done.slug}"}


@operation(blueprint, "GET", "/designs/<slug>", answers={200: DesignDetail})
def read_design(slug: str) -> DesignDetail:
    """A design with its versions, newest first."""
    with stores().db.reading() as session:
        design = design_queries.get_design(session, slug)
        states = queries.states_by_commit(session, slug)
    return design.model_copy(update={"versions": [_with_state(item, states) for item in design.versions]})


def _with_state(item: VersionItem, states: dict[tuple[str, str], str]) -> VersionItem:
    return item.model_copy(update={"build_state": states.get((item.name, item.commit), "")})


@operation(blueprint, "GET", "/designs/<slug>/versions", query=Paging, answers={200: VersionList})
def list_versions(slug: str, query: Paging) -> VersionList:
    """The versions of a design, newest first."""
    versions = read_versions(slug)
    start, end = (query.page - 1) * query.per_page, query.page * query.per_page
    more = address(page=query.page + 1) if end < len(versions) else None
    return VersionList(items=versions[start:end], total=len(versions), next=more)


def read_versions(slug: str) -> list[VersionItem]:
    """Versions with the state of their builds. Raises: NotFound."""
    with stores().db.reading() as session:
        versions = design_queries.list_versions(session, design_queries.find_design(session, slug))
        states = queries.states_by_commit(session, slug)
    return [_with_state(item, states) for item in versions]


@operation(blueprint, "GET", "/designs/<slug>/versions/<ref>", answers={200: VersionReport})
def read_version(slug: str, ref: str) -> VersionReport:
    """A version, with what was learned from its files and its newest build."""
    with stores().db.reading() as session:
        version = design_queries.get_version(session, slug, _plain_ref(ref))
        view = queries.newest_build(session, version.revision_id)
        there = view is not None and queries.has_materials(session, view.id)
    version = version.model_copy(update={"build_state": view.state if view else ""})
    path = f"{_version_path(slug, version.label)}/materials" if there else None
    return VersionReport(**version.model_dump(), build=queries.short(view) if view else None, materials=path)


@operation(blueprint, "GET", "/designs/<slug>/versions/<ref>/materials", answers={200: Materials})
def read_materials(slug: str, ref: str) -> Materials:
    """The merged bill of materials of a version."""
    with stores().db.reading() as session:
        version = design_queries.get_version(session, slug, _plain_ref(ref))
        view = queries.newest_build(session, version.revision_id)
        materials = queries.get_materials(stores(), session, view.id) if view else None
    if materials is None:
        raise NotFound(f"{version.title} {version.name} has no bill of materials yet.", "Wait for its build.")
    return materials


@operation(blueprint, "GET", "/designs/<slug>/compare/<old>...<new>", answers={200: Comparison})
def read_comparison(slug: str, old: str, new: str) -> Comparison:
    """What changed from one version to another: materials, boards, parts, checks, files."""
    return compare_versions(stores(), slug, _plain_ref(old), _plain_ref(new))


@operation(blueprint, "POST", "/designs/<slug>/versions/<ref>/builds", body=BuildWish, answers={202: BuildReport},
           faults=(429, 503), account=True)  # fmt: skip
@rates.build_wishes
def request_build(slug: str, ref: str, body: BuildWish) -> tuple[BuildReport, int, dict[str, str]]:
    """Ask for a build of a version, branch, tag or commit; one that waits or runs already is joined."""
    build_id = service.request_build(stores(), slug, _plain_ref(ref), force=body.force)
    with stores().db.reading() as session:
        return queries.report(session, build_id), 202, {"Location": f"{PREFIX}/builds/{build_id}"}


@operation(blueprint, "GET", "/builds/<int(max=2147483647):build_id>", answers={200: BuildWithFiles})
def read_build(build_id: int) -> BuildWithFiles:
    """A build: its state, its targets, and the files they made."""
    with stores().db.reading() as session:
        view = queries.get_build(session, build_id)
    files = [
        FileReport(target=target.name, **artifact.model_dump(include={"path", "role", "size_bytes", "sha256", "url"}))
        for target in view.targets
        for artifact in target.artifacts
    ]
    return BuildWithFiles(
        **queries.short(view).model_dump(), queue_position=view.queue_position, not_built=view.not_built, files=files
    )


@blueprint.get("/healthz")
@rates.limiter.exempt
def show_health() -> tuple[Response, int]:
    """Does the database answer, can files be stored, and how many workers are alive?"""
    instance = stores()
    database = instance.db.answers()
    workers = 0
    if database:
        try:
            with instance.db.reading() as session:
                workers = workers_alive(session)
        except DBAPIError:
            database = False
    blobs = os.access(instance.settings.blobs, os.W_OK | os.X_OK)
    well = database and blobs
    answer = {"ok": well, "database": database, "blobs": blobs, "workers": workers, "version": __version__}
    return jsonify(answer), 200 if well else 503
