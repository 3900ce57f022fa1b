"""Reports and official fabricators on pages, in forms, JSON, headers and commands."""

from __future__ import annotations

import io
import os
import subprocess
import sys

from flask.testing import FlaskClient
from reports_support import Bench, a_photo
from web_support import bearer, form_token, make_token, send, sign_up

from registry.settings import PROJECT


def _values(client: FlaskClient, page: str, **more: object) -> dict[str, object]:
    told = {"outcome": "works", "country": "Belgium", "town": "Ghent", "words": "Six evenings of joy", "units": "2"}
    return {"csrf_token": form_token(client, page), **told, **more}


def test_a_build_is_reported_and_the_standing_changes_everywhere(bench: Bench, client: FlaskClient) -> None:
    here = f"/designs/{bench.slug}/{bench.version().label}"
    page = client.get(here).text
    assert "nobody has told yet" in page and f'href="{here}/reports/new"' in page
    assert client.get(f"{here}/reports/new").status_code in (302, 303, 401)
    sign_up(client, "ben")
    form = f"{here}/reports/new"
    assert "Plank" in client.get(form).text or 'list="lines"' in client.get(form).text
    more = {
        "cost": "12,50", "currency": "eur", "hours": "2.5", "t-0": "Load", "t-0-expected": "100", "t-0-ok": "yes",
        "t-0-measured": "120", "t-0-unit": "kg", "c-0": "Plank", "c-0-instead": "Oak board",
        "photo": (io.BytesIO(a_photo()), "bench.jpg"), "photo_words": "In the garden",
    }  # fmt: skip
    answer = client.post(f"{here}/reports", data=_values(client, form, **more))
    assert answer.status_code == 303, answer.text
    shown = client.get(answer.headers["Location"]).text
    for words in ("Six evenings of joy", "12.50\u00a0EUR", "2.5 h", "120 kg", "Oak board", "In the garden", "Belgium"):
        assert words in shown, words
    assert "Ghent" not in shown
    listed = client.get(f"{here}/reports").text
    assert "Built by 1 other" in listed and "1 of 1 test passed" in listed
    assert "Built by 1 other" in client.get("/designs?proven=others").text
    assert "Lately proven" in client.get("/").text
    version = client.get(f"/api/v1/designs/{bench.slug}/versions/{bench.version().label}").json
    assert version is not None and version["standing"] == "built by 1 other"
    assert client.get(f"/reports/1/photos/{'0' * 64}-800.webp").status_code == 404
    wording = {"why": "Say where", "precision": "town"}
    revised = client.post("/reports/1/revise", data=_values(client, "/reports/1/revise", **wording))
    assert revised.status_code == 303 and "Ghent, Belgium" in client.get("/reports/1").text
    assert "Older wording" in client.get("/reports/1?wording=1").text
    assert send(client, "/reports/1/state", "/reports/1", action="withdraw", why="Wrong").status_code == 303
    assert "Untried" in client.get(f"{here}/reports").text


def test_wrong_photos_are_refused_with_a_sentence_and_the_words_are_kept(bench: Bench, client: FlaskClient) -> None:
    here = f"/designs/{bench.slug}/{bench.version().label}"
    sign_up(client, "ben")
    token = form_token(client, f"{here}/reports/new")
    for content, status, sentence in (
        (b"\xff\xd8" + b"0" * 50_000_000, 413, "the most is 12 MiB"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 422, "is no photo"),
    ):
        told = {"csrf_token": token, "outcome": "works", "country": "BE", "words": "Kept words"}
        answer = client.post(f"{here}/reports", data={**told, "photo": (io.BytesIO(content), "a.jpg")})
        assert answer.status_code == status and sentence in answer.text and "Kept words" in answer.text
    huge = {"photo": (io.BytesIO(b"0" * 66_000_000), "a.jpg")}
    assert client.post(f"{here}/reports", data=huge, headers={"Accept": "text/html"}).status_code == 413
    assert bench.version().standing == "untried"


def test_json_tells_lists_and_judges(bench: Bench, client: FlaskClient) -> None:
    sign_up(client, "ben")
    token = make_token(client)
    program = client.application.test_client()
    address = f"/api/v1/designs/{bench.slug}/versions/{bench.version().label}/reports"
    body = {"outcome": "works", "country": "Belgium", "minutes": 90}
    assert program.post(address, json=body).status_code == 401
    made = program.post(address, json=body, headers=bearer(token))
    assert made.status_code == 201 and made.json is not None and made.json["place"] == "Belgium"
    assert program.post(address, json={**body, "outcome": "fine"}, headers=bearer(token)).status_code == 422
    found = program.get(address).json
    assert found is not None and found["standing"]["words"] == "built by 1 other" and found["total"] == 1
    gone = program.post(f"/api/v1/reports/{made.json['id']}/state", json={"action": "withdraw"}, headers=bearer(token))
    assert gone.status_code == 200 and gone.json is not None and gone.json["state"] == "withdrawn"
    assert program.get(f"/api/v1/reports/{made.json['id']}").status_code == 404


def test_the_command_says_how_a_version_stands(bench: Bench) -> None:
    bench.report("ben", outcome="failed", failed_step="Sawing")
    settings = bench.stores.settings
    env = {**os.environ, "BRICKYARD_DATA": str(settings.data), "BRICKYARD_DATABASE_URL": settings.database_url}
    run = [sys.executable, "-m", "registry.cli", "reports", bench.slug]
    said = subprocess.run(run, cwd=PROJECT, env=env, capture_output=True, text=True, check=True).stdout
    assert said.startswith("Failed for 1.") and "Failed at: Sawing" in said and "Belgium" in said


def test_photos_are_added_by_json_without_what_the_camera_wrote(bench: Bench, client: FlaskClient) -> None:
    here = f"/designs/{bench.slug}/versions/{bench.version().label}/reports"
    sign_up(client, "ben")
    token = bearer(make_token(client))
    wish = {"outcome": "works", "country": "BE"}
    number = client.post(f"/api/v1{here}", json=wish, headers=token).get_json()["id"]
    photos = f"/api/v1/reports/{number}/photos"
    added = client.post(f"{photos}?words=The+bench", data=a_photo(), headers=token)
    assert added.status_code == 201 and added.get_json()["photos"][0]["words"] == "The bench"
    assert client.post(photos, data=b"<svg/>", headers=token).status_code == 422
    large = client.post(photos, data=b"\xff\xd8" + b"0" * 50_000_000, headers=token)
    assert large.status_code == 413 and "the most is 12 MiB" in large.get_json()["detail"]
    other = bench.stores.settings.data
    assert not any(b"Tell-tale" in path.read_bytes() for path in other.rglob("*") if path.is_file())
    assert len(client.get(f"/api/v1/reports/{number}").get_json()["photos"]) == 1
