"""Pages, forms and JSON of fabricators, as people and programs use them."""

from __future__ import annotations

import io

from flask.testing import FlaskClient
from web_support import bearer, form_token, make_token, send, sign_up

from registry.fabricators import demo
from registry.stores.stores import Stores


def test_empty_and_filled_lists(client: FlaskClient, stores: Stores) -> None:
    assert "No fabricators yet" in client.get("/fabricators").text
    demo.load(stores)
    page = client.get("/fabricators?q=laser+cutter+that+takes+3+mm+aluminium+within+100+km+of+Kampala").text
    assert "Example Carpentry and Machine Shop Jinja" in page and "Example Fab Lab" not in page
    assert "within 100 km of Kampala" in page and '<svg class="map"' in page
    assert client.get("/fabricators?near=Nowhereville").status_code == 422
    for slug in ("example-boards-plauen", "example-fab-lab-riverside"):
        assert "There is no such workshop" in client.get(f"/fabricators/{slug}").text


def test_a_workshop_is_set_up_by_forms(client: FlaskClient) -> None:
    sign_up(client, "olga")
    answer = send(client, "/fabricators/new", "/fabricators/new", name="Olga's", country="Atlantis")
    assert answer.status_code == 422 and "is no country" in answer.text and "Olga&#39;s" in answer.text
    answer = send(client, "/fabricators/new", "/fabricators/new", name="Olga's", country="BE", town="Ghent")
    assert answer.headers["Location"] == "/fabricators/olgas/machines/new" or answer.status_code == 303
    slug = answer.headers["Location"].split("/")[2]
    here = f"/fabricators/{slug}/machines/new"
    assert "p-track_mm_min" in client.get(f"{here}?process=pcb_fabrication").text
    values = {"do": "save", "process": "pcb_fabrication", "name": "Line", "p-track_mm_min": "0,1", "hour": "12,50"}
    wrong = {"p-thickness_mm_min": "3", "p-thickness_mm_max": "2"}
    answer = send(client, here, here + "?process=pcb_fabrication", **values, **wrong)
    assert answer.status_code == 422 and "is more than" in answer.text
    assert send(client, here, here + "?process=pcb_fabrication", **values).status_code == 303
    page = client.get(f"/fabricators/{slug}").text
    assert "Line" in page and "12.50 EUR" in page
    stranger = client.application.test_client()
    sign_up(stranger, "eve")
    assert stranger.get(f"/fabricators/{slug}/edit").status_code == 403
    assert send(stranger, here, "/account", **values).status_code == 403


def test_photos_are_taken_and_large_ones_refused_with_a_sentence(client: FlaskClient) -> None:
    sign_up(client, "olga")
    slug = send(client, "/fabricators/new", "/fabricators/new", name="Shop").headers["Location"].split("/")[2]
    page = f"/fabricators/{slug}/edit"
    large = {"csrf_token": form_token(client, page), "words": "The <b>hall</b>"}
    large |= {"photo": (io.BytesIO(b"\xff\xd8" + b"0" * 50_000_000), "a.jpg")}
    answer = client.post(f"/fabricators/{slug}/pictures", data=large, headers={"Accept": "text/html"})
    assert answer.status_code == 413 and "the most is 12 MiB" in answer.text
    assert "The &lt;b&gt;hall" in answer.text, "the words stay in the form"
    huge = {"photo": (io.BytesIO(b"0" * 66_000_000), "a.jpg")}
    answer = client.post(f"/fabricators/{slug}/pictures", data=huge, headers={"Accept": "text/html"})
    assert answer.status_code == 413 and "the most is 12 MiB" in answer.text
    data = {"csrf_token": form_token(client, page), "photo": (io.BytesIO(b"<svg/>" * 900_000), "a.jpg")}
    answer = client.post(f"/fabricators/{slug}/pictures", data=data)
    assert answer.status_code == 422 and "is no photo" in answer.text


def test_a_file_is_looked_at_and_then_added(client: FlaskClient) -> None:
    sign_up(client, "olga")
    text = (demo.EXAMPLES / "pcb-house.okw.yaml").read_text(encoding="utf-8")
    page = send(client, "/fabricators/import", "/fabricators/import", text=text).text
    assert "Read as OKW: 5 machines" in page.replace("\u202f", " ")
    assert send(client, "/fabricators/import", "/fabricators/import", text=text, do="add").status_code == 303
    assert client.get("/fabricators/example-boards-plauen/export.okw").text.startswith("name: Example Boards")


def test_json_adds_and_finds(client: FlaskClient) -> None:
    sign_up(client, "olga")
    token = make_token(client)
    program = client.application.test_client()
    body = {"name": "By JSON", "town": "Ghent", "machines": [{"name": "L", "process": "LAS"}]}
    assert program.post("/api/v1/fabricators", json=body).status_code == 401
    made = program.post("/api/v1/fabricators", json=body, headers=bearer(token))
    assert made.status_code == 201 and made.json is not None and made.json["processes"] == ["laser_cutting"]
    assert made.json["machine_list"][0]["process_name"] == "Laser cutting" and "extra" not in made.json
    found = program.get("/api/v1/fabricators?q=laser+cutter+near+Ghent").json
    assert found is not None and found["total"] == 1 and found["understood"] == ["Laser cutting", "near Gent"]
    bad = program.post("/api/v1/fabricators", json={"name": "x", "currency": "ZZ"}, headers=bearer(token))
    assert bad.status_code == 422 and bad.json is not None and "is no currency" in bad.json["detail"]
