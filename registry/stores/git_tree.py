"""The files of one commit, read from a bare mirror without ever checking it out."""

from __future__ import annotations

import os
import re
import subprocess
import threading
import unicodedata
import weakref
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from types import MappingProxyType
from typing import IO, Literal, NamedTuple

from builders.contract import SourceFile
from registry import limits
from registry.errors import Invalid, NotFound, RegistryError, TooLarge, Unavailable
from registry.stores import git_run

_OBJECT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_LFS = b"version https://git-lfs.github.com/spec/v1\n"
_LFS_SIZE_BYTES = range(100, 1024)  # a pointer with extensions may be longer than the usual 130
# Invisible characters that some file systems drop: `.g<U+200C>it` would become .git there.
_IGNORED = re.compile("[\u200c-\u200f\u202a-\u202e\u2060-\u2069\u206a-\u206f\ufeff]")


class Refused(NamedTuple):
    """An entry of the repository that the registry does not take, and why, as the rest of a sentence."""

    path: str
    reason: str


def is_lfs_pointer(content: bytes) -> bool:
    """Whether this is what git-lfs leaves in the place of a large file."""
    return len(content) < _LFS_SIZE_BYTES.stop and content.startswith(_LFS) and b"\noid sha256:" in content


def path_fault(path: str) -> str:
    """Why a path is not taken, as the rest of a sentence, or "". Spaces, umlauts, quotes and braces are fine."""
    if len(path.encode("utf-8", "surrogatepass")) > limits.TREE_PATH_BYTES:
        return "its path is too long"
    if any(unicodedata.category(char) in ("Cc", "Cs") or char in "\u2028\u2029" for char in path):
        return "its name holds control characters"
    if path.startswith("/") or "\\" in path:
        return "its path begins with a slash or holds backslashes"
    for word in path.split("/"):
        if word in ("", ".", ".."):
            return "its path leads out of the repository"
        plain = _IGNORED.sub("", word).lower().rstrip(". ")
        if plain in (".git", "git~1") or plain.startswith(".git:"):
            return "its path looks like git's own files"
        if plain != _IGNORED.sub("", word).lower() and _IGNORED.search(word):
            return "its name holds invisible characters"
        if any("\u202a" <= char <= "\u202e" or "\u2066" <= char <= "\u2069" for char in word):
            return "its name holds characters that turn the direction of writing"
        if len(word.encode()) > 255:
            return "its name is too long"
    return ""


class GitTree:
    """The regular files of a commit, or of a folder of it; a `Tree` of the builders' contract.

    Symbolic links, submodules, git-lfs pointers and paths that can't be trusted are not among them but in `refused`.
    One git process stays open for reading: use it as a context manager, or call `close`. Safe in threads.
    Raises (on first use): NotFound if the commit or folder is not there, TooLarge past the limits.
    """

    def __init__(self, mirror: Path, commit: str, subdir: str = "") -> None:
        if not _OBJECT.fullmatch(commit):
            raise Invalid("This is not a full commit id.", "Ask for a version by its name.")
        subdir = subdir.strip("/")
        if subdir and (fault := path_fault(subdir)):
            raise Invalid(f"This folder can't be read: {fault}.", "Give a folder of the repository.", field="path")
        self.mirror, self.commit, self.subdir = mirror, commit, subdir
        self._lock = threading.RLock()
        self._listed: tuple[Mapping[str, SourceFile], list[Refused]] | None = None
        self._reader: _Reader | None = None

    def __enter__(self) -> GitTree:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the git process; a later read starts another."""
        with self._lock:
            if self._reader is not None:
                self._reader.close()
                self._reader = None

    @property
    def files(self) -> Mapping[str, SourceFile]:
        """Path -> file, sorted by path, relative to the folder."""
        return self._list()[0]

    @property
    def refused(self) -> list[Refused]:
        """What is in the repository but not taken, with reasons."""
        return self._list()[1]

    def read(self, path: str, limit_bytes: int = limits.MIB) -> bytes:
        """The first `limit_bytes` of a file. Raises: KeyError."""
        return self.read_file(self.files[path], limit_bytes)

    def read_file(self, file: SourceFile, limit_bytes: int = limits.MIB) -> bytes:
        """The first `limit_bytes` of a file that `files` or `look_up` gave."""
        with self._lock:
            return self._open().read(file.blob, limit_bytes)

    def look_up(self, path: str) -> SourceFile | Literal["folder"] | None:
        """What is at one path, asked for without listing the others; None for what is not taken, too."""
        if path_fault(path):
            return None
        for mode, kind, blob, size, raw in _entries(self.mirror, f"{self.commit}:{self.subdir}", path):
            if kind == "tree":
                return "folder"
            file = SourceFile(path, blob, size)
            if _judge(mode, kind, size, raw)[1]:
                return None
            if size in _LFS_SIZE_BYTES and is_lfs_pointer(self.read_file(file)):
                return None
            return file
        return None

    def copy_to(self, wanted: Mapping[str, str], folder: Path) -> int:
        """Write files into an own, empty folder: path there -> path here. Returns: bytes written.

        Raises: KeyError, Invalid for a path that leads out of the folder, TooLarge.
        """
        files = [(target, self.files[path]) for target, path in wanted.items()]
        for target, _ in files:
            if fault := path_fault(target):
                raise Invalid(f"A file can't be laid out: {fault}.", "Rename it in the repository.")
        total_bytes = sum(file.size_bytes for _, file in files)
        if total_bytes > limits.TREE_TOTAL_BYTES:
            raise TooLarge(f"These files take {total_bytes / limits.MIB:.0f} MB together.", "Make them smaller.")
        made: set[Path] = set()
        with self._lock:
            with closing(self._open().read_many([file.blob for _, file in files])) as blobs:
                for (target, _), content in zip(files, blobs, strict=True):
                    place = folder / target
                    if place.parent not in made:
                        place.parent.mkdir(parents=True, exist_ok=True)
                        made.add(place.parent)
                    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
                    with open(os.open(place, flags, 0o644), "wb") as out:
                        for chunk in content:
                            out.write(chunk)
        return total_bytes

    def _open(self) -> _Reader:
        if self._reader is None:
            self._reader = _Reader(self.mirror)
        return self._reader

    def _list(self) -> tuple[Mapping[str, SourceFile], list[Refused]]:
        with self._lock:
            if self._listed is None:
                self._listed = self._read_listing()
            return self._listed

    def _read_listing(self) -> tuple[Mapping[str, SourceFile], list[Refused]]:
        found: dict[str, SourceFile] = {}
        refused: list[Refused] = []
        total_bytes = 0
        for mode, kind, blob, size, raw in _entries(self.mirror, f"{self.commit}:{self.subdir}"):
            path, reason = _judge(mode, kind, size, raw)
            if reason:
                refused.append(Refused(path, reason))
                continue
            total_bytes += size
            found[path] = SourceFile(path, blob, size)
            if total_bytes > limits.TREE_TOTAL_BYTES:
                raise TooLarge(
                    f"The files of this version take more than {limits.TREE_TOTAL_BYTES / limits.GIB:.0f} GB.",
                    "Move large files out of the repository, or name the design's folder.",
                )
        for path in self._lfs_pointers(found):
            del found[path]
            refused.append(Refused(path, "only a git-lfs pointer is in the repository, not the file itself"))
        return MappingProxyType(dict(sorted(found.items()))), sorted(refused)

    def _lfs_pointers(self, files: Mapping[str, SourceFile]) -> list[str]:
        """Files that git-lfs keeps elsewhere; also without .gitattributes, as those are easily lost."""
        small = [file for file in files.values() if file.size_bytes in _LFS_SIZE_BYTES][: limits.LFS_CANDIDATES]
        contents = self._open().read_many([file.blob for file in small])
        return [file.path for file, content in zip(small, contents, strict=True) if is_lfs_pointer(b"".join(content))]


def _entries(mirror: Path, treeish: str, path: str = "") -> Iterator[tuple[str, str, str, int, bytes]]:
    """(mode, type, object, size, raw path) of everything below a tree, or of one path in it, as git prints it."""
    which = [treeish, "--", path] if path else ["-r", treeish]
    with git_run.opened(mirror, ["ls-tree", "-l", "-z", "--full-tree", *which]) as process:
        assert process.stdout is not None
        rest, count = b"", 0
        while chunk := process.stdout.read(1 << 20):
            *records, rest = (rest + chunk).split(b"\0")
            count += len(records)
            if count > limits.TREE_FILES:
                raise TooLarge(
                    f"This version has more than {limits.TREE_FILES} files.",
                    "Name the design's folder, or split the repository.",
                )
            for record in records:
                head, _, raw = record.partition(b"\t")
                mode, kind, name, size = head.decode("ascii").split()
                yield mode, kind, name, int(size) if size.isdigit() else 0, raw
        if process.wait(limits.REPOSITORY_LIST_S) != 0 and count == 0:
            folder = treeish.partition(":")[2]
            what = f"no folder {folder} at this commit" if folder else "no such commit"
            raise NotFound(f"The repository has {what}.", "Check its name.")


def _judge(mode: str, kind: str, size_bytes: int, raw: bytes) -> tuple[str, str]:
    try:
        path = raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("utf-8", "backslashreplace"), "its name is not UTF-8"
    if fault := path_fault(path):
        return path.encode("unicode_escape").decode("ascii") if not path.isprintable() else path, fault
    if mode == "120000":
        return path, "it is a symbolic link, which is not followed"
    if kind == "commit":
        return path, "it is a submodule, which is not read"
    if kind != "blob" or mode not in ("100644", "100755", "100664"):
        return path, "it is not a regular file"
    if size_bytes > limits.TREE_FILE_BYTES:
        return path, f"it is larger than {limits.TREE_FILE_BYTES // limits.MIB} MB"
    return path, ""


class _Reader:
    """A `git cat-file --batch`: many blobs from one process."""

    _LARGE_BYTES = 4 * limits.MIB
    _CHUNK_BYTES = 1 << 18

    def __init__(self, mirror: Path) -> None:
        self._mirror = mirror
        self._process: subprocess.Popen[bytes] | None = None
        self._stack = ExitStack()
        weakref.finalize(self, self._stack.close)

    def close(self) -> None:
        self._stack.close()
        self._process = None

    def read(self, blob: str, limit_bytes: int) -> bytes:
        """The first bytes of a blob; what follows is skipped, by a new process if it is much."""
        stdin, stdout = self._streams()
        try:
            stdin.write(blob.encode() + b"\n")
            stdin.flush()
            size_bytes = self._header(stdout, blob)
            content = stdout.read(min(size_bytes, max(limit_bytes, 0)))
            rest_bytes = size_bytes - len(content)
            if rest_bytes > self._LARGE_BYTES:
                self.close()
            else:
                stdout.read(rest_bytes + 1)
            return content
        except BaseException:
            self.close()
            raise

    def read_many(self, blobs: Sequence[str]) -> Generator[Iterator[bytes], None, None]:
        """The content of each blob in turn, in chunks: take each to its end before the next."""
        if not blobs:
            return
        stdin, stdout = self._streams()

        def feed() -> None:
            with suppress(OSError, ValueError):  # the reader gave up
                for start in range(0, len(blobs), 500):
                    stdin.write("".join(f"{blob}\n" for blob in blobs[start : start + 500]).encode())
                    stdin.flush()

        feeder = threading.Thread(target=feed, daemon=True)
        feeder.start()
        whole = False
        try:
            for blob in blobs:
                yield self._content(stdout, self._header(stdout, blob))
            whole = True
        finally:
            if not whole:
                self.close()
            feeder.join(timeout=10)

    def _content(self, stdout: IO[bytes], size_bytes: int) -> Iterator[bytes]:
        while size_bytes:
            chunk = stdout.read(min(size_bytes, self._CHUNK_BYTES))
            if not chunk:
                raise self._damaged()
            size_bytes -= len(chunk)
            yield chunk
        stdout.read(1)

    def _header(self, stdout: IO[bytes], blob: str) -> int:
        words = stdout.readline(200).split()
        if len(words) != 3 or words[0].decode("ascii", "replace") != blob or words[1] != b"blob":
            raise self._damaged()
        return int(words[2])

    def _damaged(self) -> RegistryError:
        return Unavailable(
            "The registry's copy of this repository is damaged.", "Ask the registry's steward to synchronise it again."
        )

    def _streams(self) -> tuple[IO[bytes], IO[bytes]]:
        if self._process is None or self._process.poll() is not None:
            self.close()
            self._process = self._stack.enter_context(git_run.opened(self._mirror, ["cat-file", "--batch"], stdin=True))
        assert self._process.stdin is not None and self._process.stdout is not None
        return self._process.stdin, self._process.stdout
