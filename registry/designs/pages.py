"""HTML pages of designs: home, browsing, a design's overview, files and versions, submitting."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache
from urllib.parse import quote

from flask import Blueprint, Response, flash, redirect, render_template, request
from markupsafe import Markup
from werkzeug.wrappers import Response as Redirect

from registry import limits
from registry.designs import files as version_files
from registry.designs import queries, service
from registry.designs.schemas import DesignDetail, DesignQuery, FileView, Submission, VersionDetail
from registry.errors import RegistryError
from registry.recent import Recent
from registry.web import markdown, people
from registry.web.context import parse, stores
from registry.web.files import guard
from registry.web.paging import Pages
from registry.web.rates import submissions

blueprint = Blueprint("designs", __name__)
_laid_out: Recent[Markup] = Recent(limits.KEPT_TEXTS_CHARS, lambda html: len(html) + 1_000)

_OPENING = re.compile(r"\s*<(h2|p)\b[^>]*>(.*?)</\1>", re.DOTALL)


@blueprint.get("/")
def home() -> str:
    """One search field, then rows of cards."""
    with stores().db.reading() as session:
        return render_template("designs/home.html", rows=queries.home_rows(session))


@blueprint.get("/designs")
def list_designs() -> str:
    """Search and browse."""
    query = parse(DesignQuery, request.args.to_dict())
    with stores().db.reading() as session:
        found = queries.list_designs(session, query)
        facets = queries.find_facets(session, query)
    pages = Pages(query.page, query.per_page, found.total)
    return render_template("designs/list.html", query=query, found=found, facets=facets, pages=pages)


def read_version(slug: str, label: str | None) -> tuple[DesignDetail, VersionDetail]:
    """A design and one of its versions, for a page. Raises: NotFound."""
    with stores().db.reading() as session:
        return queries.get_design(session, slug), queries.get_version(session, slug, label)


def _readme(design: DesignDetail, version: VersionDetail, path: str) -> Markup:
    if not path:
        return Markup("")
    base = f"/designs/{design.slug}/{version.label}/files/"

    @cache
    def places() -> set[str]:
        return version_files.list_places(stores(), design.slug, version.label)

    def lay_out() -> Markup:
        text = version_files.read_text(stores(), design.slug, version.label, path)
        # a link that a README has, to what its repository has not, leads nowhere here either: its words stay
        html = markdown.render(text, base=path, address=lambda name: base + quote(name) if name in places() else "")
        return _without_repeats(
            html,
            (design.name, version.title, version.summary or design.summary),
            base + quote(version.picture_path) if version.picture else "",
        )

    try:
        return _laid_out.get((design.url, design.subdir, version.commit, path, base, version.picture), lay_out)
    except RegistryError:
        return Markup("")


def _without_repeats(html: Markup, told: tuple[str, ...], picture: str) -> Markup:
    """A README without what the page above it says already: name and summary where it begins so, and the picture
    before its first chapter."""
    known = {_plain(text) for text in told}

    def is_picture(inner: str) -> bool:
        shown = [Markup(address).unescape() for address in re.findall(r'<img [^>]*src="([^"]*)"', inner)]
        return shown == [picture] and not _plain(Markup(inner).striptags())

    begins = 0
    while first := _OPENING.match(html, begins):
        says_nothing_new = _plain(Markup(first[2]).striptags()) in known and "<img " not in first[2]
        if not says_nothing_new and not is_picture(first[2]):
            break
        begins = first.end()
    html = Markup(html[begins:])
    chapter = re.search(r"<h[2-6]\b", html)
    start = chapter.start() if chapter else len(html)
    opening = re.sub(
        r"<p\b[^>]*>.*?</p>|<a\b[^>]*>\s*<img [^>]*>\s*</a>|<img [^>]*>",
        lambda found: "" if is_picture(found[0]) else found[0],
        html[:start],
        flags=re.DOTALL,
    )
    return Markup(opening) + html[start:]


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


@blueprint.get("/designs/<slug>", defaults={"label": None})
@blueprint.get("/designs/<slug>/<label>")
def show_design(slug: str, label: str | None) -> str:
    """Overview: the object, the box people came for, README, facts."""
    design, version = read_version(slug, label)
    readme = _readme(design, version, version.readme_path)
    return render_template("designs/overview.html", design=design, version=version, readme=readme, tab="")


@blueprint.get("/designs/<slug>/versions")
def show_versions(slug: str) -> str | Redirect:
    """All versions; with `to`, go to that one (what the version field sends); with `old` and `new`, compare them."""
    if (old := request.args.get("old")) and (new := request.args.get("new")):
        return redirect(f"/designs/{quote(slug)}/compare/{quote(old, safe='~')}...{quote(new, safe='~')}")
    if chosen := request.args.get("to"):
        tab = request.args.get("tab", "")
        rest = f"/{tab}" if tab in ("boards", "parts", "materials", "book", "checks", "files") else ""
        return redirect(f"/designs/{quote(slug)}/{quote(chosen, safe='')}{rest}")
    design, version = read_version(slug, None)
    return render_template("designs/versions.html", design=design, version=version, tab="versions")


@blueprint.get("/designs/<slug>/<label>/files")
def list_files(slug: str, label: str) -> str:
    """The repository's own files, by folder."""
    design, version = read_version(slug, label)
    folders: dict[str, list[FileView]] = defaultdict(list)
    files = version_files.list_files(stores(), slug, label)
    for file in files[:5_000]:
        folders[file.path.rpartition("/")[0]].append(file)
    return render_template(
        "designs/files.html",
        design=design,
        version=version,
        folders=dict(sorted(folders.items())),
        files=files,
        tab="files",
    )


@blueprint.get("/designs/<slug>/<label>/files/<path:path>")
def show_file(slug: str, label: str, path: str) -> Response | Redirect:
    """A file as it lies in the repository, with nothing in it able to act; a folder leads to its place in the list."""
    content = version_files.open_file(stores(), slug, label, path)
    if content is None:
        return redirect(f"/designs/{quote(slug)}/{quote(label, safe='~')}/files#{quote(path.rstrip('/'))}")
    return guard(Response(content), path)


@blueprint.get("/submit")
def show_submit() -> str:
    """One field."""
    return render_template("designs/submit.html", values=request.args, preview=None, fault=None)


@blueprint.post("/submit")
@submissions
def submit_design() -> str | Redirect | tuple[str, int]:
    """Look first, then register; faults come back into the form."""
    person = people.required()
    template = "designs/_preview.html" if request.headers.get("HX-Request") else "designs/submit.html"
    try:
        submission = parse(Submission, request.form.to_dict())
        if request.form.get("do") != "submit":
            preview = service.look(stores(), submission)
            return render_template(template, values=submission.model_dump(), preview=preview, fault=None)
        done = service.submit(stores(), person.id, submission)
    except RegistryError as error:
        html = render_template(template, values=request.form, preview=None, fault=error)
        return html, 200 if request.headers.get("HX-Request") else error.status
    flash("Added to the registry." if done.created else "Brought up to date.", "moss")
    return redirect(f"/designs/{done.slug}/{quote(done.version.replace('/', '~'), safe='~')}/build")
