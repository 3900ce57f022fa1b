"""Logs within their limits, and what a process tree uses."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from git_support import eventually

from registry.stores.watch import LogTail, clean_text, folder_bytes, tree_use


def test_the_first_and_last_of_a_long_log_stay() -> None:
    tail = LogTail(1000)
    for number in range(100_000):
        tail.add(f"line {number}\n".encode())
    text = tail.text()
    assert text.startswith("line 0\nline 1\n") and text.endswith("line 99999\n")
    assert "bytes left out" in text and len(text) < 1100


@pytest.mark.parametrize("size", [0, 1, 499, 500, 501, 999, 1000, 1001, 5000])
def test_nothing_is_lost_without_being_told(size: int) -> None:
    tail = LogTail(1000)
    raw = bytes(65 + n % 26 for n in range(size))
    for start in range(0, size, 7):
        tail.add(raw[start : start + 7])
    text = tail.text()
    if size <= 1000:
        assert text == raw.decode()
    else:
        head, rest = text.split("\n[... ")
        told, last = rest.split(" bytes left out ...]\n")
        assert (
            len(head) + int(told) + len(last) == size and raw.decode().startswith(head) and raw.decode().endswith(last)
        )


def test_a_stream_is_read_to_its_end() -> None:
    with subprocess.Popen(["head", "-c", "20000000", "/dev/zero"], stdout=subprocess.PIPE) as process:
        tail = LogTail(1000)
        assert process.stdout
        tail.drain(process.stdout)
    assert process.returncode == 0 and len(tail.text()) < 5000


def test_terminals_and_databases_are_safe_from_logs() -> None:
    raw = b"a\0b\x1b[31mred\x1b[0m\x1b]0;title\x07 \xff\r\nnext\rover\x07\x9b \xc2\x9b end"
    text = clean_text(raw)
    assert "\0" not in text and "\x1b" not in text and "\x07" not in text and "\x9b" not in text and "\r" not in text
    assert "red" in text and "title" not in text and text.endswith("end") and "\\x00" in text


def test_a_tree_of_processes_is_counted_with_its_children() -> None:
    code = "import subprocess, sys; x = bytearray(50_000_000); subprocess.run(['sleep', '30'])"
    process = subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
    try:
        assert eventually(lambda: tree_use(process.pid)[0] == 2, 20)
        assert tree_use(process.pid)[1] > 50_000_000
    finally:
        os.killpg(process.pid, 9)
        process.wait()
    assert tree_use(process.pid) == (0, 0)


def test_bytes_on_disk_without_following_links(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "file").write_bytes(b"x" * 100_000)
    (tmp_path / "sparse").touch()
    os.truncate(tmp_path / "sparse", 10**12)
    (tmp_path / "loop").symlink_to(tmp_path)
    assert 100_000 <= folder_bytes(tmp_path) < 200_000
    assert folder_bytes(tmp_path / "nowhere") == 0
