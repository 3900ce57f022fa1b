"""Texts that would keep a careless reader busy for ever: each is read in seconds, whatever it holds."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from memory_tree import MemoryTree

from builders import cad_python, openscad
from builders.kicad import preflight, sexpr
from registry import limits, safe_markdown
from registry.builds.workspace import list_plain, open_plain, read_plain
from registry.designs.reading import licence_texts, readme
from registry.stores import leftovers
from registry.stores.watch import folder_bytes

_SECONDS = 20.0  # of the process's own work, whatever else the machine does; most take far less, careless readers hours
_README = limits.README_BYTES


@contextmanager
def quick(seconds: float = _SECONDS) -> Iterator[None]:
    started = time.process_time()
    yield
    assert time.process_time() - started < seconds


def repeated(piece: str, size_bytes: int) -> str:
    return piece * (size_bytes // len(piece))


@pytest.mark.parametrize(
    "piece",
    [
        "\n",
        " ",
        "<p>",
        "<h1>",
        "<img ",
        "# a\n\n",
        "[",
        "![",
        "`",
        "`<",
        "*",
        "> ",
        "<div>",
        "\t",
        "|",
        "](",
        "&",
        "<a ",
        "<!--",
        "<?a",
        "- a\n",
    ],
)
@pytest.mark.parametrize("name", ["README.md", "README.rst"])
def test_a_readme_of_one_piece(piece: str, name: str) -> None:
    text = repeated(piece, _README)
    tree = MemoryTree({name: text.encode()})
    with quick(2 * limits.MARKDOWN_S):
        readme._parse(name, text)
    if name.endswith(".md"):
        with quick(2 * limits.MARKDOWN_S):
            safe_markdown.render(text, address=lambda path: path)
    assert name in tree.files


@pytest.mark.parametrize("text", ["`" + " " * 400_000 + "x", "<p " + " " * 400_000, "\n" + " " * 400_000 + "x"])
def test_a_readme_with_a_long_gap(text: str) -> None:
    with quick():
        readme._parse("README.rst", text)
        readme._parse("README.md", text)


@pytest.mark.parametrize("piece", ["](", "\n", "<", "*", "attribution ", "not "])
def test_a_licence_of_one_piece(piece: str) -> None:
    with quick():
        licence_texts.classify(repeated(piece, limits.SMALL_FILE_BYTES))


@pytest.mark.parametrize(
    "piece",
    ["/*", "\n", " ", "}", "import(", "module a(", "function a()=", "a\n", "use <", "{", "#\n", 'import("a'],
)
def test_an_openscad_file_of_one_piece(piece: str) -> None:
    tree = MemoryTree({"a.scad": repeated(piece, 1024 * 1024).encode()})
    with quick():
        openscad.sources_of(tree)


@pytest.mark.parametrize("piece", ["\n", " ", "import cadquery\n(", "-", "a.", "'a'/", "[", "f'{"])
def test_a_script_of_one_piece(piece: str) -> None:
    text = b"import cadquery\n" + repeated(piece, cad_python.SCRIPT_BYTES_MAX - 100).encode()
    with quick():
        from builders.cadquery_script import BUILDER

        BUILDER.detect(MemoryTree({"a.py": text}))


@pytest.mark.parametrize("piece", ['"\\', '\\"', "(", '"', '""', "a"])
def test_an_expression_of_one_piece(piece: str, tmp_path: Path) -> None:
    text = "(kicad_pcb " + repeated(piece, 4 * 1024 * 1024)
    with quick(), pytest.raises(sexpr.Unreadable):
        sexpr.read(text)
    board = tmp_path / "a.kicad_pcb"
    board.write_text(text)
    with quick():
        assert "ends early" in preflight.fault(board, board.name)[0]


def test_folders_nested_deeper_than_any_path(tmp_path: Path) -> None:
    """A tool may nest folders until no path reaches them: they are counted as too much, not looked at, and removed."""
    top = tmp_path / "out"
    top.mkdir()
    (top / "good.txt").write_text("good")
    here = os.open(top, os.O_RDONLY)
    for _ in range(3000):
        os.mkdir("deeper", dir_fd=here)
        inner = os.open("deeper", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(os.open("hidden", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)
    assert folder_bytes(top) > limits.TARGET_OUTPUT_BYTES
    assert list_plain(top) == {"good.txt": 4}
    leftovers.remove(top)
    assert not top.exists()


def test_many_empty_files_are_not_nothing(tmp_path: Path) -> None:
    for number in range(1000):
        (tmp_path / str(number)).touch()
    assert folder_bytes(tmp_path) >= 1000 * 512


@pytest.mark.parametrize("path", ["link", "folder/file", "../secret", "/etc/passwd", "", "pipe", "twice"])
def test_a_file_is_opened_without_following_anything(path: str, tmp_path: Path) -> None:
    """Also where a link takes a folder's place after the files were listed."""
    top, outside = tmp_path / "out", tmp_path / "outside"
    top.mkdir()
    outside.mkdir()
    (outside / "file").write_text("secret")
    (tmp_path / "secret").write_text("secret")
    (top / "link").symlink_to(outside / "file")
    (top / "folder").symlink_to(outside)
    (top / "good").write_text("good")
    os.link(tmp_path / "secret", top / "twice")
    os.mkfifo(top / "pipe")
    with pytest.raises(OSError):
        open_plain(top, path)
    assert read_plain(top, path, 100) is None
    assert read_plain(top, "good", 100) == b"good"
    assert read_plain(top, "good", 3) is None
