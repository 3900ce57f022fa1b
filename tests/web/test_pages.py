"""Pages answer, with the right headers, in every state that needs no build."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from build_support import make_design
from markupsafe import Markup
from site_support import Site

from registry.designs import service
from registry.designs.pages import _without_repeats
from registry.designs.schemas import Submission
from registry.errors import Forbidden, Unavailable


def test_every_page_answers(site: Site) -> None:
    for path in (
        *(
            "/",
            "/designs",
            "/designs?q=press",
            "/designs?q=zzzz&kind=board&sort=new&page=2",
            "/submit",
            "/login",
            "/signup",
        ),
        *(f"/designs/{site.slug}", f"/designs/{site.slug}/versions", site.here),
        *(f"{site.here}/{tab}" for tab in ("boards", "parts", "materials", "book", "checks", "files")),
    ):
        answer = site.client.get(path)
        assert answer.status_code == 200, path
        assert answer.text.count("<h1") == 1, path
        assert "<title>" in answer.text and "Undefined" not in answer.text, path


def test_titles_of_lists_name_what_was_chosen(site: Site) -> None:
    for path, title in (
        ("/designs", "Designs"),
        ("/designs?q=press", "press"),
        ("/designs?q=zzz&kind=board&tag=solar", "zzz, Board, solar"),
        ("/designs?kind=board", "Designs: Board"),
        ("/batches?state=open", "Batches: Filling"),
        ("/batches", "Batches"),
    ):
        assert f"<title>{title} · Brickyard</title>" in site.client.get(path).text, path


def test_a_design_has_its_kind_before_it_is_built(site: Site, tmp_path: Path) -> None:
    solid = make_design(tmp_path / "bracket", {"README.md": "# Bracket\n", "bracket.stl": "solid x\n"})
    service.submit(site.stores, None, Submission(url=str(solid)))
    found = site.client.get("/api/v1/designs?kind=part").get_json()
    assert [(item["name"], item["readiness"], item["parts"]) for item in found["items"]] == [("Bracket", "waiting", 1)]
    assert "Documents only" not in site.client.get("/designs?q=Bracket").text


def test_readme_is_shown_and_can_not_act(site: Site) -> None:
    html = site.client.get(site.here).text
    assert "Presses bricks." in html
    assert f'src="{site.here}/files/docs/shape.svg"' in html
    assert "<script>" not in html and 'href="javascript:' not in html


def test_a_readme_does_not_repeat_the_picture_above_it() -> None:
    """In its opening alone: what a chapter shows again, it shows on purpose. Without a picture above, it stays."""
    html = Markup('<h2>Press</h2>\n<p>Words.</p>\n<p><img src="/a.png"></p>\n<h3>Use</h3>\n<p><img src="/a.png"></p>')
    told = _without_repeats(html, ("Press",), "/a.png")
    assert told.split() == '<p>Words.</p> <h3>Use</h3> <p><img src="/a.png"></p>'.split()
    assert _without_repeats(html, ("Press",), "").count("<img") == 2


def test_a_wrong_filter_is_named_as_in_the_address(site: Site) -> None:
    answer = site.client.get("/designs?kind=thing")
    assert answer.status_code == 422 and "kind: one of 'board', 'part'," in Markup(answer.text).unescape()


def test_a_readme_links_only_to_what_its_version_has(site: Site) -> None:
    html = site.client.get(site.here).text
    assert f'href="{site.here}/files/docs"' in html and f'href="{site.here}/files/docs/sheet.pdf"' in html
    assert ">gone</a>" in html and "firmware/LICENSE" not in html and "#terms" not in html
    assert "lost" in html and "docs/lost.png" not in html


@pytest.mark.parametrize(
    ("path", "kind", "inline"),
    [
        ("docs/shape.svg", "image/svg+xml", True),
        ("docs/page.html", "application/octet-stream", False),
        ("docs/page.xhtml", "application/octet-stream", False),
        ("docs/data.bin", "application/octet-stream", False),
        ("docs/ümläut {{ 7*7 }}.txt", "text/plain", True),
        ("docs/sheet.pdf", "application/pdf", True),
        ("README.md", "text/plain", True),
        ("LICENSE", "text/plain", True),
    ],
)
def test_files_of_repositories_are_harmless(site: Site, path: str, kind: str, inline: bool) -> None:
    """Rows 21 and 23: nothing runs, nothing is sniffed, pages are attachments."""
    answer = site.client.get(f"{site.here}/files/{path}")
    assert answer.status_code == 200
    assert answer.content_type.startswith(kind)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "script" not in answer.headers["Content-Security-Policy"]
    if kind != "application/pdf":
        assert answer.headers["Content-Security-Policy"].startswith("sandbox;")
    assert answer.headers["Content-Disposition"].startswith("inline" if inline else "attachment")


def test_names_of_files_are_text(site: Site) -> None:
    html = site.client.get(f"{site.here}/files").text
    assert "ümläut {{ 7*7 }}.txt" in html and "49" not in re.sub(r"\d+ B", "", html.split("filelist")[1])


def test_own_pages_run_no_foreign_script(site: Site) -> None:
    answer = site.client.get("/")
    policy = answer.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
    for script in re.findall(r"<script[^>]*>", answer.text):
        assert 'src="/static/' in script
    assert not re.search(r"\son\w+=|\sstyle=", answer.text)


def test_html_has_an_etag_and_is_compressed(site: Site) -> None:
    first = site.client.get(site.here, headers={"Accept-Encoding": "gzip"})
    assert first.headers["Content-Encoding"] == "gzip"
    assert b"Presses bricks." in gzip.decompress(first.data)
    again = site.client.get(site.here, headers={"If-None-Match": first.headers["ETag"], "Accept-Encoding": "gzip"})
    assert again.status_code == 304 and again.data == b""


def test_assets_are_kept_for_ever_under_their_version(site: Site) -> None:
    html = site.client.get("/").text
    style = re.search(r'href="(/static/v-[0-9a-f]+/css/brickyard.css)"', html)
    assert style
    answer = site.client.get(style[1])
    assert "immutable" in answer.headers["Cache-Control"] and b"--brick: #b4472b" in answer.data
    for path in (
        "/static/vendor/../../../pyproject.toml",
        "/static/vendor/package.json",
        "/static/../registry/settings.py",
        "/static/js",
    ):
        assert site.client.get(path).status_code == 404


def test_first_page_is_light(site: Site) -> None:
    """Under 100 kB compressed with fonts, style and scripts, without viewers."""
    headers = {"Accept-Encoding": "gzip"}
    page = site.client.get("/", headers=headers)
    html = gzip.decompress(page.data).decode()
    needed = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', html))
    assert any("figtree" in path for path in needed)
    total = len(page.data) + sum(len(site.client.get(path, headers=headers).data) for path in needed)
    assert total < 100_000


def test_faults_are_pages_for_people_and_problems_for_programs(site: Site) -> None:
    page = site.client.get("/designs/nowhere", headers={"Accept": "text/html"})
    assert (
        page.status_code == 404
        and "There is no design called nowhere here." in page.text
        and "Search for it" in page.text
    )
    problem = site.client.get("/designs/nowhere", headers={"Accept": "application/json"})
    assert problem.content_type == "application/problem+json"
    assert problem.json is not None and problem.json["status"] == 404 and problem.json["remedy"]
    fragment = site.client.get("/builds/999999", headers={"HX-Request": "true"})
    assert fragment.status_code == 404 and "<html" not in fragment.text


def test_every_kind_of_fault_has_a_designed_page(site: Site) -> None:
    @site.client.application.get("/broken/<kind>")
    def broken(kind: str) -> str:
        raise {
            "forbidden": Forbidden("Not yours.", "Ask."),
            "down": Unavailable("Down.", "Wait."),
            "bug": ZeroDivisionError("secret-detail"),
        }[kind]

    for kind, status, said in (("forbidden", 403, "Not yours."), ("down", 503, "Wait."), ("bug", 500, "Reference")):
        answer = site.client.get(f"/broken/{kind}")
        assert answer.status_code == status and said in answer.text and "secret-detail" not in answer.text


def test_forms_want_their_own_secret(site: Site) -> None:
    answer = site.client.post("/submit", data={"url": "https://example.org/x"})
    assert answer.status_code == 400 and "nothing was changed" in answer.text


def test_bad_arguments_are_told(site: Site) -> None:
    for query in ("page=0", "page=x", "sort=cheapest", f"q={'x' * 500}"):
        answer = site.client.get(f"/designs?{query}")
        assert answer.status_code == 422, query


def test_a_link_to_a_folder_leads_to_its_files(site: Site) -> None:
    answer = site.client.get(f"{site.here}/files/docs/")
    assert answer.status_code == 302 and answer.headers["Location"].endswith("/files#docs")
    assert 'id="docs"' in site.client.get(f"{site.here}/files").text
