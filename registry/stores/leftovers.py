"""Files in the making: held by a lock while their maker lives, swept away once it is gone.

The kernel lets go of a lock when a process ends, however it ends, so what nobody holds is left over.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_YOUNG_S = 2.0  # made, but perhaps not held yet


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold a file or folder while the block runs."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


def sweep(folder: Path, *, young_s: float = _YOUNG_S) -> int:
    """Remove what lies in a folder and nobody holds. Returns: how many entries."""
    gone = 0
    for entry in folder.iterdir() if folder.is_dir() else ():
        try:
            descriptor = os.open(entry, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            continue  # its maker has just put it away
        try:
            if time.time() - os.fstat(descriptor).st_ctime < young_s:
                continue
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            remove(entry)
            gone += 1
        except OSError:
            continue  # somebody works on it
        finally:
            os.close(descriptor)
    return gone


def remove(path: Path) -> None:
    """Remove a file, or a folder with all that tools left in it, closed folders included."""
    if path.is_symlink() or not path.is_dir():
        with suppress(FileNotFoundError):
            path.unlink()
        return
    try:
        shutil.rmtree(path)
    except FileNotFoundError:
        return
    except (
        OSError,
        RecursionError,
    ):  # closed folders, or nested deeper than Python walks: both programs go without paths
        for command in (["chmod", "-R", "u+rwX"], ["rm", "-rf"]):
            subprocess.run([*command, "--", str(path)], capture_output=True, check=False)
