"""Real designs from their git repositories to their bundles, through the command line."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from board_count import disagreements, footprints, pieces, symbols
from bundle_check import problems
from instance_support import Instance

from app import create_app
from builders.kicad import BUILDER as KICAD
from registry.settings import PROJECT, read_settings
from registry.stores import sandbox

pytestmark = [
    pytest.mark.skipif(bool(sandbox.why_not()), reason="bubblewrap does not work on this machine"),
    pytest.mark.skipif(bool(KICAD.available()), reason="KiCad is not on this machine"),
]
ROTARY = "rotary-encoder-protection"


def commit_of(repository: Path, ref: str) -> str:
    return subprocess.run(
        ["git", "rev-parse", f"{ref}^{{commit}}"], cwd=repository, capture_output=True, text=True, check=True
    ).stdout.strip()


@pytest.fixture(scope="module")
def built(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Instance, subprocess.CompletedProcess[str]]:
    """An instance that has built one board with its table and book, as a person would ask for it."""
    instance = Instance(tmp_path_factory.mktemp("instance") / "data")
    done = subprocess.run(
        [sys.executable, "-m", "registry.cli", "submit", str(corpus / ROTARY), "--wait"],
        cwd=PROJECT, env={**os.environ, **instance.env}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return instance, done


@pytest.fixture(scope="module")
def instance(built: tuple[Instance, subprocess.CompletedProcess[str]]) -> Instance:
    return built[0]


@pytest.fixture(scope="module")
def bundle(instance: Instance, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bundle") / "rotary.zip"
    done = instance.call("bundle", f"{ROTARY}@v1.0.0", "-o", str(path))
    assert done.exit_code == 0 and done.stdout.strip() == str(path), done.output
    return path


@pytest.fixture
def unpacked(bundle: Path, tmp_path: Path) -> Iterator[Path]:
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(tmp_path / "u")
    yield tmp_path / "u"


def test_submit_and_wait(built: tuple[Instance, subprocess.CompletedProcess[str]]) -> None:
    instance, done = built
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == ROTARY
    assert "BOM.csv" in done.stderr and "Traceback" not in done.stderr
    listed = instance.json("designs", "--json")
    assert listed["total"] == 1 and listed["next"] is None and listed["items"][0]["slug"] == ROTARY
    assert list((instance.data / "work").iterdir()) == [] and list((instance.data / "blobs/incoming").iterdir()) == []


def test_an_unchanged_rebuild_starts_no_tool_and_tells_it_in_json(instance: Instance, corpus: Path) -> None:
    report = instance.json("build", ROTARY, "--json")
    assert {"design", "version", "commit", "status", "seconds", "targets"} <= report.keys()
    assert (report["design"], report["version"], report["status"]) == (ROTARY, "v1.0.0", "done")
    assert report["commit"] == commit_of(corpus / ROTARY, "v1.0.0") and report["seconds"] > 0
    for target in report["targets"]:
        assert target.keys() == {"name", "builder", "status", "cached", "seconds", "artifacts", "message"}
        assert target["cached"] and target["status"] == "done" and target["artifacts"] > 0 and target["message"] == ""
    assert [(target["name"], target["builder"]) for target in report["targets"]] == [
        ("RotaryEncoderProtection", "kicad"), ("BOM", "bom_table"), ("book", "book"),
    ]  # fmt: skip


def test_a_commit_that_changes_words_alone_starts_no_tool_but_the_books(instance: Instance, corpus: Path) -> None:
    report = instance.json("build", f"{ROTARY}@main", "--json")
    assert report["version"] == "main" and report["commit"] == commit_of(corpus / ROTARY, "main")
    assert report["status"] == "done"
    assert {target["name"]: target["cached"] for target in report["targets"]} == {
        "RotaryEncoderProtection": True, "BOM": True, "book": False,
    }  # fmt: skip


def test_a_build_by_commit_and_by_part_of_one(instance: Instance, corpus: Path) -> None:
    commit = commit_of(corpus / ROTARY, "v1.0.0")
    for ref in (commit, commit[:10]):
        report = instance.json("build", f"{ROTARY}@{ref}", "--json")
        assert report["commit"] == commit and all(target["cached"] for target in report["targets"])
    for ref in ("v9.9.9", "0" * 40, "--upload-pack=x"):
        done = instance.call("build", f"{ROTARY}@{ref}")
        assert done.exit_code in (1, 2) and done.stderr.count("\n") == 1 and "Traceback" not in done.output


def test_the_bundle_holds_what_it_lists(bundle: Path, unpacked: Path) -> None:
    subprocess.run(["unzip", "-tqq", str(bundle)], check=True)
    subprocess.run(["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=unpacked, check=True)
    told = json.loads((unpacked / "bundle.json").read_text())
    found = {str(path.relative_to(unpacked)): path for path in unpacked.rglob("*") if path.is_file()}
    assert {entry["path"] for entry in told["files"]} == found.keys() - {"bundle.json", "SHA256SUMS"}
    for entry in told["files"]:
        content = found[entry["path"]].read_bytes()
        assert entry["sha256"] == hashlib.sha256(content).hexdigest() and entry["size_bytes"] == len(content)
        assert entry["role"]
    assert told["design"]["slug"] == ROTARY and told["version"] == "v1.0.0" and told["recipe"]
    assert any("kicad" in name.lower() for name in told["tools"])
    board = "boards/RotaryEncoderProtection"
    for path in (
        "okh.toml", "README.md", "docs/build-book.pdf", "bom/bom.csv", "bom/bom.json", "bom/cyclonedx.json",
        "bom/1-click-bom.tsv", "bom/jlcpcb-RotaryEncoderProtection-bom.csv", "bom/jlcpcb-RotaryEncoderProtection-cpl.csv",  # noqa: E501
        "bom/pcbway-RotaryEncoderProtection-bom.csv", f"{board}/positions.csv", f"{board}/schematic.pdf",
        f"{board}/board.step", f"{board}/board.glb", f"{board}/top.png", f"{board}/bottom.png", f"{board}/ibom.html",
        f"{board}/ipc2581.xml", f"{board}/drc.json", f"{board}/erc.json", f"{board}/facts.json",
    ):  # fmt: skip
        assert path in found and found[path].stat().st_size > 0, path
    assert any(path.startswith(f"{board}/gerbers/") for path in found)
    assert any(path.startswith("LICENSES/") for path in found)


def test_other_readers_open_every_file_of_the_bundle(bundle: Path, tmp_path: Path) -> None:
    assert problems(bundle) == []
    with zipfile.ZipFile(bundle) as archive, zipfile.ZipFile(tmp_path / "b.zip", "w") as broken:
        for name in archive.namelist():
            broken.writestr(name, archive.read(name)[: 2000 if name.endswith("board.step") else None])
    assert "board.step" in problems(tmp_path / "b.zip")[0], "the sums tell it"


def test_other_readers_notice_what_is_wrong(unpacked: Path, tmp_path: Path) -> None:
    """Files that are damaged, swapped or left out, with sums that fit them."""
    board = unpacked / "boards/RotaryEncoderProtection"
    (board / "board.step").write_bytes((board / "board.step").read_bytes()[:3000])
    next((board / "gerbers").glob("*.gbl")).unlink()
    next((board / "gerbers").glob("*-PTH.drl")).write_text("M48\nMETRIC\nT1C0.300\n%\nG90\nG05\nT1\nX1.0Y-1.0\nM30\n")
    (board / "top.png").write_bytes(b"none")
    shutil.copy(board / "schematic.pdf", unpacked / "docs/build-book.pdf")
    (board / "ibom.html").unlink()
    okh = (unpacked / "okh.toml").read_text()
    (unpacked / "okh.toml").write_text(okh.replace("function =", "funktion =").replace("CERN-OHL-S-2.0", "CERN-OHL-X"))
    seal(unpacked, tmp_path / "b.zip")
    found = "\n".join(problems(tmp_path / "b.zip"))
    for words in (
        "board.step: it can't be read again", "no gerber for [('bottom', 'copper')]", "1 copper layers in the gerbers",
        "1 plated holes in the drill files", "the job file names", "top.png: it can't be read",
        "ibom.html: it is missing",
        "its QR codes say []", "function is missing", "the form has no ['funktion']", "license: ",
    ):  # fmt: skip
        assert words in found, f"{words}:\n{found}"


def seal(folder: Path, bundle: Path) -> None:
    """Write bundle.json and SHA256SUMS anew for what is in a folder, and zip it."""
    told = json.loads((folder / "bundle.json").read_text())
    kept = []
    for entry in told["files"]:
        path = folder / entry["path"]
        if path.is_file():
            content = path.read_bytes()
            kept.append({**entry, "size_bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()})
    (folder / "bundle.json").write_text(json.dumps({**told, "files": kept}))
    sums = [(entry["sha256"], entry["path"]) for entry in kept]
    sums.append((hashlib.sha256((folder / "bundle.json").read_bytes()).hexdigest(), "bundle.json"))
    (folder / "SHA256SUMS").write_text("".join(f"{digest}  {path}\n" for digest, path in sums))
    with zipfile.ZipFile(bundle, "w") as archive:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            archive.write(path, str(path.relative_to(folder)))


def test_the_zip_itself_has_no_clock_and_no_machine_in_it(bundle: Path) -> None:
    with zipfile.ZipFile(bundle) as archive:
        infos = archive.infolist()
    assert {info.date_time for info in infos} == {(1980, 1, 1, 0, 0, 0)}
    assert {info.external_attr for info in infos} == {0o100644 << 16} and {info.create_system for info in infos} == {3}
    names = [info.filename for info in infos]
    assert names[:2] == ["bundle.json", "SHA256SUMS"] and names[2:] == sorted(names[2:])


def test_the_manifest_is_valid_and_points_at_what_is_there(unpacked: Path) -> None:
    import tomllib

    told = tomllib.loads((unpacked / "okh.toml").read_text())
    assert told["okhv"] == "2.4" and told["license"] == "CERN-OHL-S-2.0" and told["licensor"]
    for path in (told["readme"], told["bom"], told["manufacturing-instructions"], *told.get("export", [])):
        assert (unpacked / path).is_file(), path


def test_the_bill_of_materials_agrees_with_the_repository_and_the_board(unpacked: Path, corpus: Path) -> None:
    """Counted independently: from BOM.csv itself, and from KiCad's own positions."""
    name = "RotaryEncoderProtection"

    def rows(path: Path) -> list[dict[str, str]]:
        return list(csv.DictReader(path.open(encoding="utf-8")))

    table = rows(corpus / ROTARY / "BOM.csv")
    wanted = {reference: row["Reichelt.de"] for row in table for reference in row["Reference"].split(",")}
    lines = json.loads((unpacked / "bom/bom.json").read_text())["lines"]
    told = {
        designator: {line["suppliers"].get("Reichelt", "")} | {alternate["sku"] for alternate in line["alternates"]}
        for line in lines for use in line["uses"] for designator in use["designators"]
    }  # fmt: skip
    assert told.keys() == wanted.keys()
    # the schematic orders another J1 than the table: its number holds, and the table's is told as an alternate
    assert told["J1"] == {"D-SUB ST 09EU", "D-SUB ST 09US"}
    assert {name: skus for name, skus in told.items() if name != "J1"} == {
        name: {sku} for name, sku in wanted.items() if name != "J1"
    }
    assert sum(line["quantity"] for line in lines if line["kind"] == "electronic") == sum(
        int(row["Qty"]) for row in table
    )
    positions = {row["Ref"]: row for row in rows(unpacked / f"boards/{name}/positions.csv")}
    placed = rows(unpacked / f"bom/jlcpcb-{name}-cpl.csv")
    ordered = {n for row in rows(unpacked / f"bom/jlcpcb-{name}-bom.csv") for n in row["Designator"].split(",")}
    assert ordered == set(wanted) and {row["Designator"] for row in placed} == ordered & positions.keys()
    for row in placed:
        place = positions[row["Designator"]]
        assert float(row["Mid X"].removesuffix("mm")) == pytest.approx(float(place["PosX"]), abs=1e-4)
        assert float(row["Mid Y"].removesuffix("mm")) == pytest.approx(float(place["PosY"]), abs=1e-4)
        assert (
            float(row["Rotation"]) == pytest.approx(float(place["Rot"]) % 360) and row["Layer"].lower() == place["Side"]
        )


def test_the_bill_of_materials_is_what_a_count_of_the_board_gives(unpacked: Path, corpus: Path) -> None:
    name, folder = "RotaryEncoderProtection", corpus / ROTARY / "src/elec"
    counted = pieces(
        footprints((folder / f"{name}.kicad_pcb").read_text()),
        symbols({f"{name}.kicad_sch": (folder / f"{name}.kicad_sch").read_text()}, f"{name}.kicad_sch"),
    )
    files = {path.name: path.read_bytes() for path in (unpacked / "bom").iterdir()}
    assert list(disagreements(files, name, counted)) == []
    assert sum(piece.wanted for piece in counted.values()) > 5
    one_less = {n: piece for n, piece in counted.items() if n != "J1"}
    assert any("J1" in sentence for sentence in disagreements(files, name, one_less)), "the comparison can fail"


def test_the_book_can_be_read(unpacked: Path) -> None:
    text = subprocess.run(
        ["pdftotext", "-layout", "docs/build-book.pdf", "-"], cwd=unpacked, capture_output=True, text=True, check=True
    ).stdout
    assert "CERN-OHL-S-2.0" in text and "v1.0.0" in text and "Materials" in text
    lines = json.loads((unpacked / "bom/bom.json").read_text())["lines"]
    plain = " ".join(text.split())
    named = [line["mpn"] for line in lines if line["mpn"] and len(line["mpn"]) < 16]
    assert all(mpn in plain for mpn in named)
    for line in lines:
        for designator in [name for use in line["uses"] for name in use["designators"]]:
            assert designator in plain


def test_it_verifies_and_a_changed_one_does_not(instance: Instance, bundle: Path, tmp_path: Path) -> None:
    assert instance.call("verify", str(bundle)).exit_code == 0
    with zipfile.ZipFile(bundle) as archive, zipfile.ZipFile(tmp_path / "b.zip", "w") as changed:
        for name in archive.namelist():
            content = archive.read(name)
            changed.writestr(name, content + b" " if "/gerbers/" in name else content)
    done = instance.call("verify", str(tmp_path / "b.zip"))
    assert done.exit_code == 1 and "is not the one in SHA256SUMS" in done.stderr


def test_another_data_folder_makes_the_same_bytes(
    bundle: Path, corpus: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = Instance(tmp_path_factory.mktemp("other") / "elsewhere")
    assert other.call("submit", str(corpus / ROTARY)).exit_code == 0
    path = other.data.parent / "b.zip"
    done = other.call("bundle", ROTARY, "-o", str(path))
    assert done.exit_code == 0, done.output
    with zipfile.ZipFile(bundle) as ours, zipfile.ZipFile(path) as theirs:
        differing = [name for name in ours.namelist() if ours.read(name) != theirs.read(name)]
        assert differing == [] and ours.namelist() == theirs.namelist()
    assert path.read_bytes() == bundle.read_bytes()


def test_building_again_from_the_git_address_gives_the_same_files(instance: Instance, bundle: Path) -> None:
    report = instance.json("verify", str(bundle), "--rebuild", "--json")
    assert report["rebuilt"] and report["problems"] == []


def test_a_design_without_targets_still_has_a_bundle(instance: Instance, corpus: Path, tmp_path: Path) -> None:
    done = instance.call("submit", str(corpus / "BoxFarm"), "--wait")
    assert done.exit_code == 0 and done.stdout.splitlines()[-1] == "boxfarm", done.output
    path = tmp_path / "boxfarm.zip"
    assert instance.call("bundle", "boxfarm", "-o", str(path)).exit_code == 0
    assert problems(path) == []
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        assert {"README.md", "okh.toml", "docs/build-book.pdf", "bundle.json", "SHA256SUMS"} <= names
        assert archive.read("docs/build-book.pdf").startswith(b"%PDF-")
    done = instance.call("verify", str(path), "--rebuild")
    assert done.exit_code == 0 and "the same bytes when built again" in done.stdout, done.output


def test_bundle_and_vendor_forms_come_by_web_in_ranges_and_with_etags(instance: Instance, bundle: Path) -> None:
    settings = read_settings(instance.env | {"BRICKYARD_SECRET_KEY": "tests"})
    client = create_app(settings).test_client()
    address = f"/designs/{ROTARY}/v1.0.0"
    whole = client.get(f"{address}/bundle.zip")
    assert whole.status_code == 200 and whole.data == bundle.read_bytes()
    assert whole.headers["ETag"].strip('"') == hashlib.sha256(whole.data).hexdigest()
    part = client.get(f"{address}/bundle.zip", headers={"Range": "bytes=100-199"})
    assert part.status_code == 206 and part.data == whole.data[100:200]
    assert client.get(f"{address}/bundle.zip", headers={"If-None-Match": whole.headers["ETag"]}).status_code == 304
    with zipfile.ZipFile(bundle) as archive:
        for name in [name for name in archive.namelist() if name.startswith("bom/")]:
            answer = client.get(f"{address}/{name}")
            assert answer.data == archive.read(name), name
            assert answer.headers["Content-Disposition"].startswith("attachment")
            assert name.removeprefix("bom/") in client.get(f"{address}/materials").text
    assert client.get(f"{address}/bom/../../secret_key").status_code == 404
