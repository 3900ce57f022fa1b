"""Submitting and reading designs as JSON, on both databases."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from git_support import commit, git, make_repo
from web_support import counted, form_token, log_in, make_design, send
from werkzeug.test import TestResponse

from registry import limits
from registry.builds import service as builds
from registry.designs.schemas import DesignDetail
from registry.stores.stores import Stores


def submit(client: FlaskClient, headers: dict[str, str], repo: Path, **more: str) -> TestResponse:
    return client.post("/api/v1/designs", json={"url": str(repo), **more}, headers=headers)


def problem(response: TestResponse, status: int) -> dict[str, str]:
    """A fault as RFC 9457 wants it."""
    assert response.status_code == status, response.get_data(as_text=True)
    assert response.content_type == "application/problem+json"
    told = response.get_json()
    assert told["status"] == status and told["type"] and told["title"] and told["detail"].strip().endswith((".", "'"))
    return told


def test_submit_read_and_build(client: FlaskClient, headers: dict[str, str], stores: Stores, tmp_path: Path) -> None:
    repo = make_design(tmp_path / "bench")
    git(repo, "tag", "v1.0")
    created = submit(client, headers, repo)
    assert created.status_code == 201
    told = created.get_json()
    assert (told["slug"], told["url"], told["created"], told["version"]) == ("bench", "/designs/bench", True, "v1.0")
    assert told["build"]["status"] == "queued" and created.headers["Location"] == "/api/v1/designs/bench"

    again = submit(client, headers, repo)
    assert again.status_code == 200 and again.get_json()["created"] is False
    assert again.get_json()["build"]["id"] == told["build"]["id"]

    design = client.get("/api/v1/designs/bench").get_json()
    assert DesignDetail.model_validate(design).owner == "ada" and design["name"] == "Garden bench"
    assert [item["build_state"] for item in design["versions"]] == ["queued", "queued"]
    assert client.get("/api/v1/designs/bench/versions/v1.0").get_json()["materials"] is None
    problem(client.get("/api/v1/designs/bench/versions/v1.0/materials"), 404)

    builds.run_build(stores, told["build"]["id"])
    build = client.get(f"/api/v1/builds/{told['build']['id']}").get_json()
    assert (build["status"], build["design"], build["version"]) == ("done", "bench", "v1.0")
    assert {target["status"] for target in build["targets"]} == {"done"}
    assert sum(target["artifacts"] for target in build["targets"]) == len(build["files"]) > 0
    for file in build["files"]:
        content = client.get(file["url"])
        assert (content.status_code, len(content.get_data())) == (200, file["size_bytes"]), file
    version = client.get("/api/v1/designs/bench/versions/v1.0").get_json()
    assert version["build_state"] == "done" and version["build"]["bundle"]["url"] == "/designs/bench/v1.0/bundle.zip"
    assert "artifacts" in version["build"]["targets"][0]
    materials = client.get(version["materials"]).get_json()
    assert {line["mpn"] for line in materials["lines"]} >= {"PLK-200", "M6X60-A2"}
    files = client.get("/api/v1/designs/bench/versions/v1.0/files?per_page=2").get_json()
    assert files["total"] == 3 and len(files["items"]) == 2
    assert [item["path"] for item in client.get(files["next"]).get_json()["items"]] == ["bom.csv"] or files["next"]


def test_lists_are_walked_by_next(client: FlaskClient, headers: dict[str, str], tmp_path: Path) -> None:
    for name in ("Oak bench", "Ash bench", "Elm table"):
        assert submit(client, headers, make_design(tmp_path / name.replace(" ", "-"), name)).status_code == 201
    seen, address = [], "/api/v1/designs?sort=name&per_page=1&q=bench"
    while address:
        assert urlsplit(address).path == "/api/v1/designs" and not urlsplit(address).netloc
        page = client.get(address).get_json()
        assert set(page) == {"items", "total", "next"} and page["total"] == 2
        seen += [item["name"] for item in page["items"]]
        address = page["next"]
    assert seen == ["Ash bench", "Oak bench"]
    assert client.get("/api/v1/designs?owner=ada").get_json()["total"] == 3
    assert client.get("/api/v1/designs?owner=grace").get_json()["total"] == 0


def test_versions_and_refs(client: FlaskClient, headers: dict[str, str], tmp_path: Path) -> None:
    repo = make_design(tmp_path / "bench")
    first = git(repo, "rev-parse", "HEAD")
    git(repo, "tag", "release/1.0")
    commit(repo, {"README.md": "# Garden bench\n\nNow with a back.\n"})
    git(repo, "branch", "try/arms")
    submit(client, headers, repo)
    page = client.get("/api/v1/designs/bench/versions?per_page=1").get_json()
    assert page["total"] == 2 and len(page["items"]) == 1
    assert urlsplit(page["next"]).path == "/api/v1/designs/bench/versions"
    rest = client.get(page["next"]).get_json()
    assert rest["next"] is None
    assert {item["name"] for item in page["items"] + rest["items"]} == {"release/1.0", "main"}
    for ref in ("release~1.0", first, first[:10]):
        assert client.get(f"/api/v1/designs/bench/versions/{ref}").get_json()["commit"] == first
    problem(client.get("/api/v1/designs/bench/versions/v9"), 404)
    asked = client.post("/api/v1/designs/bench/versions/try~arms/builds", headers=headers)
    assert asked.status_code == 202 and asked.get_json()["version"] == "try/arms"
    joined = client.post("/api/v1/designs/bench/versions/try~arms/builds", json={"force": False}, headers=headers)
    assert joined.headers["Location"] == asked.headers["Location"] == f"/api/v1/builds/{asked.get_json()['id']}"
    problem(client.post("/api/v1/designs/bench/versions/no-such-ref/builds", headers=headers), 404)


def test_reading_needs_no_account_and_writing_does(
    client: FlaskClient, headers: dict[str, str], tmp_path: Path
) -> None:
    repo = make_design(tmp_path / "bench")
    for response in (
        client.post("/api/v1/designs", json={"url": str(repo)}),
        client.post("/api/v1/designs/bench/versions/main/builds"),
        client.get("/api/v1/account"),
        client.get("/api/v1/designs", headers={"Authorization": "Bearer brickyard_wrong"}),
        client.post("/api/v1/designs", json={"url": str(repo)}, headers={"Authorization": "Bearer "}),
    ):
        told = problem(response, 401)
        assert told["remedy"] and response.headers["WWW-Authenticate"] == "Bearer"
    assert client.get("/api/v1/designs").get_json() == {"items": [], "total": 0, "next": None}


def test_a_cookie_needs_the_token_of_forms(client: FlaskClient, headers: dict[str, str], tmp_path: Path) -> None:
    repo = make_design(tmp_path / "bench")
    log_in(client, "ada")
    problem(client.post("/api/v1/designs", json={"url": str(repo)}), 400)
    assert client.get("/api/v1/designs").get_json()["total"] == 0
    done = client.post(
        "/api/v1/designs", json={"url": str(repo)}, headers={"X-CSRFToken": form_token(client, "/account")}
    )
    assert done.status_code == 201


@pytest.mark.parametrize(
    ("body", "content_type", "status", "field"),
    [
        (b"", "application/json", 422, "body"),
        (b"{", "application/json", 422, "body"),
        (b"[]", "application/json", 422, "body"),
        (b"null", "application/json", 422, "body"),
        (b"{}", "application/json", 422, "url"),
        (b'{"url": 7}', "application/json", 422, "url"),
        (b'{"url": "https://example.org/x", "licence": "MIT"}', "application/json", 422, "licence"),
        (b'{"url": "https://example.org/\\u0000x"}', "application/json", 422, "url"),
        (b'{"url": "file:///etc"}', "application/json", 422, None),
        (b'{"url": "https://example.org/x", "ref": "' + b"x" * 300 + b'"}', "application/json", 422, "ref"),
        (b"[" * 50_000, "application/json", 422, "body"),
        (b"\xff\xfe{", "application/json", 422, "body"),
        (b"url=https://example.org", "application/x-www-form-urlencoded", 415, None),
        (b'{"url": "https://example.org/x"}', "", 415, None),
        (b'{"url": "' + b"x" * limits.API_BODY_BYTES + b'"}', "application/json", 413, "body"),
    ],
)
def test_bodies_that_are_refused_with_a_sentence(
    client: FlaskClient, headers: dict[str, str], body: bytes, content_type: str, status: int, field: str | None
) -> None:
    told = problem(client.post("/api/v1/designs", data=body, content_type=content_type, headers=headers), status)
    assert field is None or told["field"] == field


def test_a_closed_licence_is_refused_with_the_way_out(
    client: FlaskClient, headers: dict[str, str], tmp_path: Path
) -> None:
    repo = make_repo(tmp_path / "closed", {"README.md": "# Closed\n\nAll rights reserved.\n"})
    told = problem(submit(client, headers, repo), 422)
    assert told["remedy"] and "icen" in told["detail"]
    assert client.get("/api/v1/designs").get_json()["total"] == 0


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/api/v1/designs?page=0", 422), ("/api/v1/designs?per_page=1000000", 422), ("/api/v1/designs?sort=magic", 422),
        ("/api/v1/designs?page=x", 422), ("/api/v1/designs/none", 404), ("/api/v1/designs/none/versions", 404),
        ("/api/v1/designs/none/versions/v1", 404), ("/api/v1/designs/none/versions/v1/files", 404),
        ("/api/v1/designs/%00", 404), ("/api/v1/builds/999999999999999999999999", 404), ("/api/v1/builds/77", 404),
        ("/api/v1/builds/x", 404), ("/api/v1/nothing", 404),
    ],
)  # fmt: skip
def test_addresses_that_lead_nowhere(client: FlaskClient, address: str, status: int) -> None:
    problem(client.get(address), status)


def test_words_that_databases_stumble_over(client: FlaskClient) -> None:
    for words in ("\x00", "'; DROP TABLE design;--", '"', "a AND", "*", "(", "x" * limits.SEARCH_CHARS):
        response = client.get("/api/v1/designs", query_string={"q": words})
        assert response.status_code in (200, 422), (words, response.get_data(as_text=True))
    for field in ("kind", "licence", "tool", "readiness", "tag", "owner"):
        response = client.get("/api/v1/designs", query_string={field: "a\x00'b"})
        assert response.status_code in (200, 422), (field, response.get_data(as_text=True))


def test_submissions_are_counted_by_account(stores: Stores, headers: dict[str, str]) -> None:
    with counted(stores) as app:
        client = app.test_client()
        bad = {"url": "file:///etc/none"}
        for _ in range(limits.SUBMISSIONS_PER_HOUR):
            assert client.post("/api/v1/designs", json=bad, headers=headers).status_code == 422
        refused = client.post("/api/v1/designs", json=bad, headers=headers)
        assert problem(refused, 429)["remedy"] and int(refused.headers["Retry-After"]) > 0
        assert client.get("/api/v1/designs").status_code == 200
        log_in(client, "ada")
        assert send(client, "/submit", "/account", url="file:///etc/none").status_code == 429, "the form counts with it"


def test_an_unchanged_answer_is_not_sent_again(client: FlaskClient) -> None:
    first = client.get("/api/v1/designs")
    again = client.get("/api/v1/designs", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.get_data()) == (304, b"")


@pytest.mark.parametrize("path", ["../..", "a/../../b", ".git", "a//b", "x\\y"])
def test_a_folder_outside_the_repository_is_refused(
    path: str, client: FlaskClient, headers: dict[str, str], tmp_path: Path
) -> None:
    repo = make_design(tmp_path / "bench")
    told = problem(submit(client, headers, repo, path=path), 422)
    assert "This folder can't be used" in told["detail"] or "path" in str(told)
    problem(submit(client, headers, repo, path=":(top)nowhere"), 404)


def test_a_facet_that_is_none_is_refused(client: FlaskClient) -> None:
    problem(client.get("/api/v1/designs?kind=banana"), 422)
