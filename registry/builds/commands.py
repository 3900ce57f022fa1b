"""Commands of the builds feature: submit, build, bundle, verify, demo."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import click

from registry.builds import demo as demo_designs
from registry.builds import queries, service, verifying
from registry.builds.schemas import BuildReport
from registry.console import columns_of, json_option, opened, print_json, progress_bar
from registry.designs import service as designs
from registry.designs.queries import get_version
from registry.designs.schemas import Submission
from registry.errors import NotFound
from registry.stores.stores import Stores

_wait = click.option("--wait", is_flag=True, help="Return when the build has ended; builds here if no worker is about.")


def register(group: click.Group) -> None:
    """Add this feature's commands to the command line."""
    for command in (submit, build, bundle, verify, demo):
        group.add_command(command)


def split_ref(text: str) -> tuple[str, str]:
    """SLUG, SLUG@TAG, SLUG@BRANCH or SLUG@COMMIT."""
    slug, _, ref = text.partition("@")
    return slug, ref


def wait_for(stores: Stores, build_id: int, title: str) -> BuildReport:
    """Wait with a progress bar, and report."""
    with progress_bar(title) as show:

        def look() -> None:
            with stores.db.reading() as session:
                targets = queries.report(session, build_id).targets
            running = ", ".join(target.name for target in targets if target.status == "running")
            show(running, sum(target.status in ("done", "failed") for target in targets), len(targets))

        service.wait(stores, build_id, on_look=look)
    with stores.db.reading() as session:
        return queries.report(session, build_id)


def print_report(report: BuildReport) -> None:
    """Print a build's targets as a table, on standard error."""
    rows = [("TARGET", "BUILDER", "STATE", "SECONDS", "FILES", "")]
    for target in report.targets:
        seconds = "cached" if target.cached else f"{target.seconds or 0:.1f}"
        rows.append((target.name, target.builder, target.status, seconds, str(target.artifacts), target.message[:100]))
    click.echo(columns_of(rows), err=True)
    if report.message:
        click.echo(report.message, err=True)


@click.command()
@click.argument("url")
@click.option("--path", default="", help="Folder of the design, if it is not the whole repository.")
@click.option("--ref", default="", help="Branch or tag to follow instead of the default branch.")
@_wait
@json_option
def submit(url: str, path: str, ref: str, wait: bool, as_json: bool) -> None:
    """Register the git repository at URL; submitting it again brings it up to date. The last line is its slug."""
    with opened() as stores:
        service.install(stores)
        submitted = designs.submit(stores, None, Submission(url=url, path=path, ref=ref))
        report = None
        if wait:
            build_id = service.request_build(stores, submitted.slug, "")
            report = wait_for(stores, build_id, submitted.slug)
            service.close_warm()
        if as_json:
            print_json(
                submitted.model_dump(mode="json") | {"build": report.model_dump(mode="json") if report else None}
            )
            return
        for finding in submitted.findings:
            click.echo(f"{finding.level}: {finding.sentence} {finding.remedy}".rstrip(), err=True)
        if report:
            print_report(report)
        click.echo(submitted.slug)


@click.command()
@click.argument("design", metavar="SLUG[@REF]")
@_wait
@click.option("--force", is_flag=True, help="Try failed targets again.")
@json_option
def build(design: str, wait: bool, force: bool, as_json: bool) -> None:
    """Build a version of a design: the newest, or a tag, branch or commit."""
    slug, ref = split_ref(design)
    with opened() as stores:
        service.install(stores)
        build_id = service.request_build(stores, slug, ref, force=force)
        if not (wait or as_json):
            click.echo(f"Build {build_id} is in the queue; see /builds/{build_id}.")
            return
        report = wait_for(stores, build_id, slug)
        service.close_warm()
    if as_json:
        print_json(report)
    else:
        print_report(report)
        click.echo(report.status)
    if report.status == "failed":
        sys.exit(1)


@click.command()
@click.argument("design", metavar="SLUG[@REF]")
@click.option("-o", "--output", type=click.Path(dir_okay=False, writable=True, path_type=Path), help="File to write.")
def bundle(design: str, output: Path | None) -> None:
    """Write the fabrication bundle of a version; it is built first if need be."""
    slug, ref = split_ref(design)
    with opened() as stores:
        try:
            path, _, name, _ = queries.find_bundle(stores, slug, ref or None)
        except NotFound:
            service.install(stores)
            build_id = service.request_build(stores, slug, ref)
            report = wait_for(stores, build_id, slug)
            service.close_warm()
            ref = report.commit
            path, _, name, _ = queries.find_bundle(stores, slug, ref)
        target = output or Path(name)
        shutil.copyfile(path, target)
        with stores.db.reading() as session:
            version = get_version(session, slug, ref or None)
    click.echo(str(target))
    click.echo(f"{slug} {version.name}: {version.standing}.", err=True)  # the same files may be proven later


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--rebuild", is_flag=True, help="Build again from the git address in the bundle, and compare.")
@json_option
def verify(file: Path, rebuild: bool, as_json: bool) -> None:
    """Check a bundle: every file's size and sha256; with --rebuild that the same sources give the same files."""
    checked = verifying.check(file)
    if rebuild and checked.ok:
        with progress_bar("Building again") as show:
            checked = verifying.rebuild(file, checked, lambda: show("", 0, 0))
    if as_json:
        print_json(checked)
    else:
        for problem in checked.problems:
            click.echo(problem, err=True)
        click.echo(checked.summary)
    if not checked.ok:
        sys.exit(1)


@click.command()
@json_option
@click.option("--wait/--no-wait", default=True, show_default=True, help="Build the examples now.")
def demo(as_json: bool, wait: bool) -> None:
    """Load the example designs that come with Brickyard; does nothing for those that are here already."""
    with opened() as stores:
        service.install(stores)
        slugs = demo_designs.load(stores)
        reports = []
        for slug in slugs:
            build_id = service.request_build(stores, slug, "")
            if wait:
                click.echo(f"Building {slug} ...", err=True)
                reports.append(wait_for(stores, build_id, slug))
        service.close_warm()
    if as_json:
        print_json({"items": [report.model_dump(mode="json") for report in reports], "total": len(slugs), "next": None})
    else:
        for report in reports:
            click.echo(f"{report.design}: {report.status}" + (f" ({report.message})" if report.message else ""))
        if not slugs:
            click.echo("The examples are here already.")
