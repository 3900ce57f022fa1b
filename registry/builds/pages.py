"""HTML pages of what was built: boards, parts, materials, build book, checks, and the build itself."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from flask import Blueprint, flash, g, redirect, render_template, request
from werkzeug.wrappers import Response as Redirect

from registry.builds import checking, fault_report, queries, service, views
from registry.builds.schemas import BuildView, Materials, TargetView
from registry.designs import queries as design_queries
from registry.designs.schemas import DesignDetail, VersionDetail, VersionItem
from registry.errors import NotFound
from registry.web import people, slots
from registry.web.context import stores
from registry.web.rates import build_wishes

blueprint = Blueprint("builds", __name__)


def _build_of(version: VersionDetail) -> BuildView | None:
    """The build to show for a version, read once per request."""
    kept: dict[int, BuildView | None] = g.setdefault("builds_shown", {})
    if version.revision_id not in kept:
        with stores().db.reading() as session:
            kept[version.revision_id] = queries.newest_build(session, version.revision_id)
    return kept[version.revision_id]


def _read(slug: str, label: str) -> dict[str, Any]:
    """What every page under a version shows. Raises: NotFound."""
    with stores().db.reading() as session:
        design = design_queries.get_design(session, slug)
        version = design_queries.get_version(session, slug, label)
    return {
        "design": design,
        "version": version,
        "build": _build_of(version),
        "still": views.still,
        "faces": views.faces,
        "shelves": views.shelves,
    }


def _json_of(target: TargetView, role: str) -> Any:
    """A small JSON file that a target made, or None."""
    artifact = target.first(role)
    if artifact is None or artifact.size_bytes > views.JSON_BYTES:
        return None
    try:
        return json.loads(stores().blobs.read(artifact.sha256))
    except (ValueError, NotFound):
        return None


def _materials(build: BuildView | None) -> Materials | None:
    if build is None:
        return None
    with stores().db.reading() as session:
        return queries.get_materials(stores(), session, build.id)


def _target(build: BuildView | None, kind: str, name: str) -> TargetView:
    found = next((item for item in (build.targets if build else []) if item.kind == kind and item.name == name), None)
    if found is None:
        raise NotFound(f"This version has no {kind} called {name[:80]}.", f"Look at its list of {kind}s.")
    return found


@blueprint.get("/designs/<slug>/<label>/boards")
def list_boards(slug: str, label: str) -> str:
    """All boards of a version."""
    return render_template("builds/boards.html", tab="boards", **_read(slug, label))


@blueprint.get("/designs/<slug>/<label>/boards/<name>")
def show_board(slug: str, label: str, name: str) -> str:
    """One board: layers, places, findings, files."""
    context = _read(slug, label)
    board = _target(context["build"], "board", name)
    components = _json_of(board, "components") or []
    materials = _materials(context["build"])
    bench = views.bench(board, components, _json_of(board, "checks") or {}, materials.lines if materials else ())
    return render_template(
        "builds/board.html",
        tab="boards",
        board=board,
        bench=bench,
        facts=views.board_facts(board.facts),
        spots=views.board_spots(board.facts),
        **context,
    )


@blueprint.get("/designs/<slug>/<label>/boards/<name>/ibom")
def show_ibom(slug: str, label: str, name: str) -> str:
    """The interactive bill of materials in a frame of its own."""
    context = _read(slug, label)
    board = _target(context["build"], "board", name)
    if board.first("ibom") is None:
        raise NotFound("There is no interactive bill of materials of this board.", "Look at its materials instead.")
    return render_template("builds/ibom.html", board=board, **context)


@blueprint.get("/designs/<slug>/<label>/parts")
def list_parts(slug: str, label: str) -> str:
    """All parts of a version."""
    return render_template("builds/parts.html", tab="parts", **_read(slug, label))


@blueprint.get("/designs/<slug>/<label>/parts/<name>")
def show_part(slug: str, label: str, name: str) -> str:
    """One part: 3D, drawings, facts, files."""
    context = _read(slug, label)
    part = _target(context["build"], "part", name)
    return render_template("builds/part.html", tab="parts", part=part, facts=views.part_facts(part.facts), **context)


@blueprint.get("/designs/<slug>/<label>/materials")
def show_materials(slug: str, label: str) -> str:
    """The merged bill of materials, by kind."""
    context = _read(slug, label)
    materials = _materials(context["build"])
    groups = views.group_lines(materials.lines) if materials else []
    units = views.units(request.args.get("n", ""))
    places = views.places(context["build"])
    return render_template(
        "builds/materials.html",
        tab="materials",
        materials=materials,
        groups=groups,
        units=units,
        places=places,
        models=views.models(context["build"], materials.lines if materials else ()),
        **context,
    )


@blueprint.get("/designs/<slug>/<label>/book")
def show_book(slug: str, label: str) -> str:
    """The build book, to read here or as PDF."""
    return render_template("builds/book.html", tab="book", **_read(slug, label))


@blueprint.get("/designs/<slug>/<label>/checks")
def show_checks(slug: str, label: str) -> str:
    """Rule checks of every board, and what the registry noticed."""
    context = _read(slug, label)
    boards = context["build"].boards if context["build"] else []
    checks = [(board, checking.checks(_json_of(board, "checks") or {})) for board in boards]
    return render_template("builds/checks.html", tab="checks", checks=checks, **context)


@blueprint.get("/designs/<slug>/<label>/build")
def go_to_build(slug: str, label: str) -> Redirect:
    """To the build of a version that waits or runs, or else its last."""
    with stores().db.reading() as session:
        version = design_queries.get_version(session, slug, label)
        running = queries.running_build(session, version.revision_id)
        build = queries.newest_build(session, version.revision_id)
    if running or build:
        return redirect(f"/builds/{running or (build.id if build else 0)}")
    return redirect(f"/designs/{quote(slug)}/{quote(version.label, safe='~')}")


@blueprint.post("/designs/<slug>/<label>/build")
@build_wishes
def build_again(slug: str, label: str) -> Redirect:
    """Ask for a build."""
    people.required()
    build_id = service.request_build(stores(), slug, label, force=True)
    flash("Asked for. It starts as soon as a worker is free.", "moss")
    return redirect(f"/builds/{build_id}")


@blueprint.get("/builds/<int(max=2147483647):build_id>")
def show_build(build_id: int) -> str:
    """The course of a build; its fragment asks for itself again while it runs."""
    with stores().db.reading() as session:
        build = queries.get_build(session, build_id)
    template = "builds/_build.html" if request.headers.get("HX-Request") else "builds/build.html"
    reports = fault_report.reports(build, stores().settings)
    return render_template(
        template, build=build, reports=reports, lacking=views.lacking(build), contact=stores().settings.contact
    )


def _fill_object(design: DesignDetail, version: VersionDetail, **_: Any) -> str:
    build = _build_of(version)
    shown = views.object_views(version, build)
    return render_template("builds/_object.html", design=design, version=version, build=build, shown=shown)


def _fill_box(design: DesignDetail, version: VersionDetail, **_: Any) -> str:
    build = _build_of(version)
    lacking = views.lacking(build) if build else []
    return render_template("builds/_box.html", design=design, version=version, build=build, lacking=lacking)


def _fill_facts(version: VersionDetail, **_: Any) -> str:
    return render_template("builds/_facts.html", facts=views.side_facts(version, _build_of(version)))


def _fill_tabs(design: DesignDetail, version: VersionDetail, tab: str = "", **_: Any) -> str:
    return render_template("builds/_tabs.html", design=design, version=version, build=_build_of(version), tab=tab)


def _fill_state(slug: str, item: VersionItem, **_: Any) -> str:
    """How the last build of a version in a list went; read once for the whole list."""
    if "build_states" not in g:
        with stores().db.reading() as session:
            g.build_states = queries.states_by_commit(session, slug)
    return render_template("builds/_state.html", state=g.build_states.get((item.name, item.commit), ""))


slots.register("version.state", _fill_state)
slots.register("design.object", _fill_object)
slots.register("design.box", _fill_box, place=1)  # what people came for: the files
slots.register("design.facts", _fill_facts)
slots.register("design.tabs", _fill_tabs)
