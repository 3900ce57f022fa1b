"""What pages, JSON and commands read of builds."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import func
from sqlmodel import Session, col, select

from registry.builds.made import Made, gather
from registry.builds.schemas import (
    ArtifactView,
    BuildReport,
    BuildView,
    BundleView,
    Materials,
    StepView,
    TargetReport,
    TargetView,
)
from registry.builds.tables import Artifact, Build, Result, Step
from registry.designs.queries import find_design, find_revision
from registry.designs.tables import Design, Revision
from registry.errors import NotFound
from registry.stores.stores import Stores
from registry.values import utcnow

LOG_SHOWN_CHARS = 12_000


def artifact_url(key: str, path: str) -> str:
    """The address of an artifact, the same for as long as its key."""
    return f"/artifacts/{key}/{quote(path)}"


def _steps(session: Session, made: list[Made]) -> dict[int, list[StepView]]:
    """The recorded steps of each target run."""
    found: dict[int, list[StepView]] = {}
    runs = [item.run.id for item in made]
    for step in session.exec(select(Step).where(col(Step.target_run_id).in_(runs)).order_by(col(Step.id))):
        view = StepView(name=step.name, state=step.state, seconds=step.seconds)  # type: ignore[arg-type]
        found.setdefault(step.target_run_id, []).append(view)
    return found


def _target_view(session: Session, item: Made, steps: list[StepView]) -> TargetView:
    run = item.run
    seconds = run.seconds
    if run.state == "running" and run.started_at:
        seconds = (utcnow() - run.started_at).total_seconds()
    if not steps and run.key and (result := session.get(Result, run.key)):
        steps = [StepView(**step) for step in result.steps]
    return TargetView(
        id=run.id or 0,
        name=run.name,
        title=run.title,
        kind=run.kind,  # type: ignore[arg-type]
        builder=run.builder,
        source=run.source,
        state=run.state,  # type: ignore[arg-type]
        cached=run.cached,
        seconds=seconds,
        message=run.message,
        remedy=run.remedy,
        notes=run.notes,
        log_tail=run.log_tail[-LOG_SHOWN_CHARS:],
        steps=steps,
        artifacts=[
            ArtifactView(
                path=artifact.path,
                role=artifact.role,
                media_type=artifact.media_type,
                group=artifact.group,
                size_bytes=artifact.size_bytes,
                sha256=artifact.digest,
                url=artifact_url(run.key, artifact.path),
            )
            for artifact in item.artifacts
        ],
        facts=item.facts,
        key=run.key,
        tools=item.tools,
    )


def _seconds(build: Build) -> float | None:
    if build.started_at is None:
        return None
    return ((build.finished_at or utcnow()) - build.started_at).total_seconds()


def _bundle(design: Design, revision: Revision, build: Build) -> BundleView | None:
    if not build.bundle_digest:
        return None
    return BundleView(
        url=f"/designs/{design.slug}/{revision.label}/bundle.zip",
        size_bytes=build.bundle_bytes,
        sha256=build.bundle_digest,
    )


def queue_position(session: Session, build: Build) -> int | None:
    """1 = next; None once it runs."""
    if build.state != "queued":
        return None
    before = select(func.count(col(Build.id))).where(Build.state == "queued", col(Build.id) < build.id)
    return session.exec(before).one() + 1


def _view(session: Session, build: Build) -> BuildView:
    revision = session.get_one(Revision, build.revision_id)
    design = session.get_one(Design, build.design_id)
    made = gather(session, build.id or 0)
    steps = _steps(session, made)
    return BuildView(
        id=build.id or 0,
        design=design.slug,
        design_name=design.name,
        version=revision.name,
        label=revision.label,
        commit=revision.commit,
        state=build.state,  # type: ignore[arg-type]
        requested_at=build.requested_at,
        started_at=build.started_at,
        finished_at=build.finished_at,
        seconds=_seconds(build),
        queue_position=queue_position(session, build),
        message=build.message,
        not_built=build.not_built,
        targets=[_target_view(session, item, steps.get(item.run.id or 0, [])) for item in made],
        bundle=_bundle(design, revision, build),
    )


def get_build(session: Session, build_id: int) -> BuildView:
    """A build with its targets. Raises: NotFound."""
    build = session.get(Build, build_id)
    if build is None:
        raise NotFound(f"There is no build {build_id}.", "Look at the design's list of versions.")
    return _view(session, build)


def newest_build(session: Session, revision_id: int) -> BuildView | None:
    """The build to show for a version: the last that ended with files, unless there is none; then the last of all."""
    rows = session.exec(select(Build).where(Build.revision_id == revision_id).order_by(col(Build.id).desc())).all()
    shown = next((row for row in rows if row.bundle_digest), rows[0] if rows else None)
    return _view(session, shown) if shown else None


def running_build(session: Session, revision_id: int) -> int | None:
    """The id of a build of this version that waits or runs."""
    return session.exec(
        select(Build.id).where(Build.revision_id == revision_id, col(Build.state).in_(("queued", "running")))
    ).first()


def states_by_commit(session: Session, slug: str) -> dict[tuple[str, str], str]:
    """(version's name, commit) -> state of its last build, of one design."""
    rows = session.exec(
        select(Revision.name, Revision.commit, Build.state)
        .join(Build, col(Build.revision_id) == col(Revision.id))
        .join(Design, col(Design.id) == col(Build.design_id))
        .where(Design.slug == slug)
        .order_by(col(Build.id))
    )
    return {(name, commit): state for name, commit, state in rows}


def has_materials(session: Session, build_id: int) -> bool:
    """Whether a build has a merged bill of materials."""
    build = session.get(Build, build_id)
    return build is not None and build.materials_digest != ""


def get_materials(stores: Stores, session: Session, build_id: int) -> Materials | None:
    """The merged bill of materials of a build, once it is there."""
    build = session.get(Build, build_id)
    if build is None or not build.materials_digest:
        return None
    return Materials.model_validate_json(stores.blobs.read(build.materials_digest))


def find_artifact(session: Session, key: str, path: str) -> Artifact:
    """A made file by its result and path. Raises: NotFound."""
    artifact = session.exec(select(Artifact).where(Artifact.result_key == key, Artifact.path == path)).first()
    if artifact is None:
        raise NotFound("There is no such file.", "Open it from the design's page, which knows where it is now.")
    return artifact


def find_bundle(stores: Stores, slug: str, label: str | None) -> tuple[Path, str, str, dt.datetime]:
    """(file, its sha256, a name to save it under, when it was made) of a version's bundle. Raises: NotFound."""
    with stores.db.reading() as session:
        design = find_design(session, slug)
        revision = find_revision(session, design, label)
        build = session.exec(
            select(Build)
            .where(Build.revision_id == revision.id, Build.bundle_digest != "")
            .order_by(col(Build.id).desc())
        ).first()
    if build is None:
        raise NotFound(
            f"{design.name} {revision.name} has no bundle yet.", "Wait until its build has ended, or ask for a build."
        )
    name = f"{design.slug}-{revision.label}.zip"
    return stores.blobs.path(build.bundle_digest), build.bundle_digest, name, build.finished_at or build.requested_at


def short(view: BuildView) -> BuildReport:
    """A build in the short form of the command line and the JSON interface: without its files."""
    return BuildReport(
        **view.model_dump(include={"id", "design", "version", "commit", "seconds", "message"}),
        status=view.state,
        targets=[
            TargetReport(
                **target.model_dump(include={"name", "builder", "cached", "seconds", "message"}),
                status=target.state,
                artifacts=len(target.artifacts),
            )
            for target in view.targets
        ],
        bundle=view.bundle,
    )


def report(session: Session, build_id: int) -> BuildReport:
    """A build by its id, in the short form. Raises: NotFound."""
    return short(get_build(session, build_id))
