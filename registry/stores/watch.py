"""Watching a sandboxed process from outside: what it uses, and the end of what it prints."""

from __future__ import annotations

import errno
import os
import re
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from builders.contract import Limits

_LOOK_EVERY_S = 0.1
_DISK_EVERY_S = 0.5
_ENTRY_BYTES = 512  # of a directory and of the file system's table: a million empty files are not nothing
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_ANSI = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-_])")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


class LogTail:
    """The first and the last part of a log, within a limit; escape sequences dropped, other control characters
    shown."""

    def __init__(self, limit_bytes: int) -> None:
        self._half = limit_bytes // 2
        self._head = bytearray()
        self._tail: deque[bytes] = deque()
        self._tail_bytes = 0
        self._cut_bytes = 0

    def drain(self, stream: IO[bytes]) -> None:
        """Read a stream to its end. A tool that prints without end is not slowed, only not kept."""
        while chunk := os.read(stream.fileno(), 65536):
            self.add(chunk)
        stream.close()

    def add(self, chunk: bytes) -> None:
        """Take more output, of which the beginning and the end are kept."""
        room = self._half - len(self._head)
        if room > 0:
            self._head += chunk[:room]
            chunk = chunk[room:]
        if not chunk:
            return
        self._tail.append(chunk)
        self._tail_bytes += len(chunk)
        while self._tail and self._tail_bytes - len(self._tail[0]) >= self._half:
            gone = self._tail.popleft()
            self._tail_bytes -= len(gone)
            self._cut_bytes += len(gone)

    def text(self) -> str:
        """The beginning and the end, and how much is missing between."""
        tail = b"".join(self._tail)
        cut_bytes = self._cut_bytes + max(0, len(tail) - self._half)
        middle = f"\n[... {cut_bytes} bytes left out ...]\n" if cut_bytes else ""
        return clean_text(bytes(self._head)) + middle + clean_text(tail[-self._half :])


def clean_text(raw: bytes) -> str:
    """Printable text of what a tool printed: both databases can hold it, and no terminal obeys it."""
    text = _ANSI.sub("", raw.decode("utf-8", errors="replace")).replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROL.sub(lambda match: f"\\x{ord(match.group()):02x}", text)


class Watch:
    """Looks at a process tree until it ends or goes past a limit; `stopped` names the limit."""

    def __init__(self, pid: int, limits: Limits, folders: Sequence[Path]) -> None:
        self._pid = pid
        self._limits = limits
        self._folders = folders
        self.stopped = ""
        self.memory_peak_bytes = 0

    def until(self, poll: Callable[[], int | None], started: float) -> int | None:
        """The exit status, or None if the process has to be ended. `started`: time.monotonic() of its start."""
        next_disk = started + _DISK_EVERY_S
        pause_s = 0.002
        while True:
            status = poll()
            if status is not None:
                if self._written_bytes() >= self._limits.output_bytes:
                    self.stopped = "output"
                return status
            now = time.monotonic()
            if now - started > self._limits.wall_s:
                self.stopped = "time"
            else:
                processes, memory_bytes = tree_use(self._pid)
                self.memory_peak_bytes = max(self.memory_peak_bytes, memory_bytes)
                if memory_bytes > self._limits.memory_bytes:
                    self.stopped = "memory"
                elif processes > self._limits.processes:
                    self.stopped = "processes"
                elif now > next_disk:
                    next_disk = now + _DISK_EVERY_S
                    if self._written_bytes() > self._limits.output_bytes:
                        self.stopped = "output"
            if self.stopped:
                return None
            time.sleep(pause_s)
            pause_s = min(pause_s * 1.5, _LOOK_EVERY_S)

    def _written_bytes(self) -> int:
        return sum(folder_bytes(folder) for folder in self._folders)


def tree_use(pid: int) -> tuple[int, int]:
    """How many processes live under `pid` (itself included), and the bytes of memory they hold."""
    count, memory_bytes, waiting = 0, 0, [pid]
    while waiting and count < 100_000:
        current = waiting.pop()
        try:
            with open(f"/proc/{current}/statm", "rb") as statm:
                fields = statm.read().split()
            # resident less shared file pages: what would have to be found somewhere else
            memory_bytes += max(0, int(fields[1]) - int(fields[2]) // 2) * _PAGE_BYTES
            count += 1
            for task in os.listdir(f"/proc/{current}/task"):
                with open(f"/proc/{current}/task/{task}/children", "rb") as children:
                    waiting += [int(child) for child in children.read().split()]
        except (OSError, IndexError, ValueError):
            continue  # it ended while we looked
    return count, memory_bytes


def folder_bytes(folder: Path) -> int:
    """Bytes on disk below a folder, and what its entries take up; links are not followed."""
    total, waiting = 0, [str(folder)]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    total += _ENTRY_BYTES
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    else:
                        total += entry.stat(follow_symlinks=False).st_blocks * 512
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                return sys.maxsize  # nested so deep that nobody could count what lies there: more than anybody may
    return total
