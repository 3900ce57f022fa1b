"""Pages, JSON, commands and papers of units and deliveries."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from batch_support import Market, begun, open_market
from flask import Flask
from flask.testing import FlaskClient
from unit_support import a_photo, enter
from web_support import bearer, form_token, make_token, send

from app import create_app
from registry.batches import labels, paper_list, service, steps, travellers, units
from registry.batches.batch_schemas import CountWish
from registry.batches.unit_schemas import NumberWish
from registry.errors import Conflict, Invalid
from registry.stores.stores import Stores

README = """# Thing
## Build it
1. Saw the *plank* to 300 mm.
2. Glue it with `PVA`.
   - not with epoxy
## Test
- Stands 24 hours
## Background
- unrelated
"""


@pytest.fixture
def site(sqlite_stores: Stores, tmp_path: Path) -> tuple[Flask, Market]:
    return create_app(stores=sqlite_stores), open_market(sqlite_stores, tmp_path / "thing")


def test_steps_and_checks_are_read_from_documents() -> None:
    found = steps.chapters(README + "| What | Value |\n|---|---|\n| Current at 5 V | below 20 mA |\n")
    assert [(chapter.title, chapter.steps) for chapter in found if not chapter.checks] == [
        ("Build it", ["Saw the plank to 300 mm.", "Glue it with PVA."])
    ]
    assert [chapter.steps for chapter in found if chapter.checks] == [["Stands 24 hours"]]
    table = steps.chapters("# Power\n| # | Measure | Expected |\n|---|---|---|\n| 1 | Current at 5 V | below 20 mA |\n")
    assert table[0].checks and table[0].steps == ["Current at 5 V: below 20 mA"]


def upload(client: FlaskClient, path: str, content: bytes, **values: str) -> object:
    data = {**values, "csrf_token": form_token(client, path), "photo": (io.BytesIO(content), "a.jpg")}
    return client.post(f"{path}/answers", data=data)


def test_from_numbers_to_an_answered_fault(site: tuple[Flask, Market]) -> None:
    app, market = site
    worker = enter(app, market, "wim", "north", "operator")
    looker = enter(app, market, "vio", "north", "viewer")
    buyer, stranger = enter(app, market, "bea"), enter(app, market, "eve")
    number = begun(market, 2, ("bea",))
    here = f"/batches/{number}/units"
    assert "Give them numbers" in worker.get(f"/batches/{number}").text
    assert send(looker, here, pattern="K{number}", units="2").status_code == 403
    refused = send(worker, here, pattern="K {x}", units="2")
    assert refused.status_code == 422 and "K {x}" in refused.text
    assert send(worker, here, pattern="K{year}-{number:03}", units="2").status_code == 303
    page = worker.get(here).text
    serials = re.findall(r'name="serials" value="([^"]+)"', page)
    assert len(serials) == 2 and 'name="serials"' not in app.test_client().get(here).text
    token = form_token(worker, here)
    for stage in ("made", "assembled", "tested"):
        data = {"csrf_token": token, "stage": stage, "what": "good", "serials": serials}
        assert worker.post(f"{here}/counts", data=data).status_code == 303
    assert f"{serials[0]} to {serials[1]}" in app.test_client().get(f"/batches/{number}").text
    data = {"csrf_token": token, "serials": serials, "reservation": "1", "carrier": "Post <b>", "tracking": "T 1"}
    sent = worker.post(f"/batches/{number}/deliveries", data=data)
    assert sent.status_code == 303
    again = worker.post(f"/batches/{number}/deliveries", data=data)
    assert again.status_code == 409 and "is shipped" in again.text and 'value="T 1"' in again.text
    assert stranger.get(sent.location).status_code == 404 and app.test_client().get(sent.location).status_code == 401
    assert "Post &lt;b&gt;" in buyer.get(sent.location).text and "Post &lt;b&gt;" in buyer.get("/deliveries").text
    fault = {"action": "report", "words": "It hums at 50 Hz", "serials": serials[0]}
    svg = upload(buyer, sent.location, b"<svg xmlns='http://www.w3.org/2000/svg'/>", **fault)
    assert svg.status_code == 422 and "is no photo" in svg.text and "It hums at 50 Hz" in svg.text  # type: ignore[attr-defined]
    large = upload(buyer, sent.location, b"\xff\xd8" + bytes(50_000_000), **fault)
    assert large.status_code == 413 and "the most is 12 MiB" in large.text  # type: ignore[attr-defined]
    assert "47.7 MiB" in large.text and "It hums at 50 Hz" in large.text, "words are kept"  # type: ignore[attr-defined]
    assert upload(buyer, sent.location, a_photo(), **fault).status_code == 303  # type: ignore[attr-defined]
    shown = buyer.get(sent.location).text
    photo = re.search(r'src="(/deliveries/[^"]+webp)"', shown)
    assert photo and buyer.get(photo[1]).status_code == 200 and stranger.get(photo[1]).status_code == 404
    assert send(worker, f"{sent.location}/answers", action="refuse", serials=serials[0]).status_code == 422
    assert send(worker, f"{sent.location}/answers", action="repair", serials=serials[0]).status_code == 303
    unit = f"{here}/{serials[0]}"
    assert "It hums" in buyer.get(unit).text and "It hums" not in stranger.get(unit).text
    assert send(buyer, f"{unit}/notes", text="Kept in the shed").status_code == 303
    assert "Kept in the shed" in worker.get(unit).text and "Kept in the shed" not in app.test_client().get(unit).text
    assert send(stranger, f"{unit}/notes", text="x").status_code in (400, 403)
    for address in (here, unit, sent.location, "/deliveries"):
        text = worker.get(address).text
        assert text.count("<h1") == 1 and "Undefined" not in text and not re.search(r"\son\w+=|\sstyle=", text)
    public = app.test_client().get(f"/api/v1{unit}").json
    assert public and public["state"] == "shipped" and public["notes"] == [] and public["side"] == ""
    assert buyer.get(f"/api/v1{sent.location}").json["units"][0]["state"] == "repairing"  # type: ignore[index]
    program, headers = app.test_client(), bearer(make_token(buyer))
    faults = f"/api/v1{sent.location}/faults?serials={serials[1]}"
    assert program.post(faults, headers=headers, data=a_photo()).get_json()["field"] == "words"
    text = program.post(f"{faults}&words=hums", headers=headers, data=b"<svg/>").get_json()["detail"]
    assert text == "That file is no photo that can be read."
    told = program.post(f"{faults}&words=hums", headers=headers, data=a_photo()).get_json()
    assert told["units"][1]["state"] == "faulty" and told["events"][-1]["photo"] != photo[1]
    seen = program.get(told["events"][-1]["photo"], headers=headers)
    assert seen.status_code == 200 and seen.mimetype == "image/webp", "a token opens the files that JSON names"
    assert program.get(told["events"][-1]["photo"]).status_code == 401
    works = bearer(make_token(worker))
    assert program.get(f"/batches/{number}/labels.pdf", headers=works).data.startswith(b"%PDF")
    assert program.get(f"/batches/{number}/labels.pdf", headers=headers).status_code == 403
    assert app.test_client().get(f"/batches/{number}/traveller.pdf").status_code == 401
    assert stranger.get(f"/batches/{number}/traveller.pdf").status_code == 403
    papers = f"/api/v1/batches/{number}/papers"
    assert app.test_client().get(papers).status_code == 401 and stranger.get(papers).status_code == 403
    told = worker.get(papers).json
    assert told and [one["serial"] for one in told["units"]] == serials
    assert told["units"][0]["url"].endswith(f"/batches/{number}/units/{serials[0]}")
    assert {one["kind"] for one in told["papers"]} == {"batch-traveller", "unit-traveller", "labels"}
    for paper in told["papers"]:
        assert stranger.get(paper["pdf"]).status_code == 403, "every address that is named is there, for makers alone"
    assert worker.get(f"/api/v1/batches/{number}/labels.pdf?form=a3").status_code == 422


def words_of(content: bytes) -> tuple[int, str]:
    """(pages, words) of a PDF, read by another program than wrote it."""
    told = subprocess.run(["pdftotext", "-layout", "-", "-"], input=content, capture_output=True, check=True).stdout
    text = told.decode()
    return text.count("\f"), " ".join(text.split())


@pytest.mark.skipif(not shutil.which("pdftotext"), reason="poppler is not on this machine")
def test_papers_tell_what_the_workshop_needs(sqlite_stores: Stores, tmp_path: Path) -> None:
    import build_support

    from registry.designs import service as designs
    from registry.designs.schemas import Submission

    market = open_market(sqlite_stores, tmp_path / "thing")
    source = build_support.make_design(tmp_path / "told", {"bom.csv": "Item,Qty\nPlank,4\n", "README.md": README})
    market.design = designs.submit(sqlite_stores, None, Submission(url=str(source))).slug
    number, olga = begun(market, 3), market.people["olga"]
    with pytest.raises(Conflict, match="no units with a number"):
        labels.labels(sqlite_stores, number)
    units.number(sqlite_stores, olga, number, NumberWish(pattern="Z{number:03}"))
    service.count(sqlite_stores, olga, number, CountWish(stage="made", good=2))
    service.count(sqlite_stores, olga, number, CountWish(stage="made", scrap=1, serials=["Z003"]))
    first = travellers.batch_traveller(sqlite_stores, number)
    pages, text = words_of(first)
    for words in ("Traveller of the batch", "Saw the plank to 300 mm.", "Stands 24 hours", "Z001", "Materials bought"):
        assert words in text, words
    assert pages <= 3 and "unrelated" not in text
    assert travellers.batch_traveller(sqlite_stores, number) == first, "the same state gives the same bytes"
    _, one = words_of(travellers.unit_traveller(sqlite_stores, number, "Z002"))
    assert "Traveller of one unit" in one and "Z002" in one and "Z001" not in one
    _, sheet = words_of(labels.labels(sqlite_stores, number))
    assert "Z001" in sheet and "Z003" not in sheet, "scrap gets no label"
    listed = paper_list.papers_of(sqlite_stores, number)
    assert [one.serial for one in listed.papers if one.kind == "unit-traveller"] == ["Z001", "Z002"]
    assert "Saw the plank to 300 mm." in [step for one in listed.chapters for step in one.steps]
    assert words_of(labels.labels(sqlite_stores, number, "roll"))[0] == 2
    with pytest.raises(Invalid, match="no labels of the form"):
        labels.labels(sqlite_stores, number, "a3")
