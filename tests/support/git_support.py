"""Repositories and git servers for tests: real git, made in temporary folders."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from registry.settings import Settings

DATE = "2025-03-01T12:00:00Z"


def settings(data: Path, *, local: bool = True, hosts: tuple[str, ...] = ()) -> Settings:
    """Settings of an instance that reads local paths."""
    return Settings(data=data, database_url="sqlite://", git_local=local, git_allow_hosts=hosts)


def git(folder: Path, *arguments: str, stdin: bytes | None = None, env: Mapping[str, str] | None = None) -> str:
    """Run git in a folder, with fixed people and dates."""
    people = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER")
              for what, value in (("NAME", "Ada Maker"), ("EMAIL", "ada@example.org"), ("DATE", DATE))}  # fmt: skip
    fixed = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C", **people}
    done = subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env={**fixed, **(env or {})},
        input=stdin,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
    return done.stdout.decode("utf-8", "replace").strip()


def make_repo(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """A repository with one commit on main."""
    folder.mkdir(parents=True)
    git(folder, "init", "-q", "-b", "main")
    commit(folder, files)
    return folder


def commit(folder: Path, files: Mapping[str, str | bytes], message: str = "change") -> str:
    """Write files and commit them. Returns: the commit."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    git(folder, "add", "-A", "-f")
    git(folder, "commit", "-q", "-m", message)
    return git(folder, "rev-parse", "HEAD")


def raw_commit(folder: Path, entries: Mapping[bytes, tuple[str, str]]) -> str:
    """A commit whose tree holds any names at all: raw name -> (mode, object). Becomes the head of main."""
    body = b"".join(
        mode.lstrip("0").encode() + b" " + name + b"\0" + bytes.fromhex(blob)
        for name, (mode, blob) in sorted(entries.items())
    )
    tree = git(folder, "hash-object", "-t", "tree", "-w", "--literally", "--stdin", stdin=body)
    made = git(folder, "commit-tree", tree, "-m", "raw")
    git(folder, "update-ref", "refs/heads/main", made)
    return made


def blob(folder: Path, content: bytes) -> str:
    return git(folder, "hash-object", "-w", "--stdin", stdin=content)


class GitServer:
    """A git server on loopback, over the real `git http-backend`. `rules` changes what a repository answers:

    name -> 401, 403, 404 (a status), "http://..." (a redirect), "slow" (never answers), "flood" (talks without end).
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.rules: dict[str, int | str] = {}
        self.requests: list[str] = []
        self.stop = threading.Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.0"

            def log_message(self, format: str, *args: object) -> None:
                pass

            def do_GET(self) -> None:
                server.answer(self)

            do_POST = do_GET

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.port = self._http.server_address[1]
        self.host = f"127.0.0.1:{self.port}"
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def url(self, name: str) -> str:
        return f"http://{self.host}/{name}"

    def close(self) -> None:
        self.stop.set()
        self._http.shutdown()
        self._http.server_close()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        self.requests.append(request.path)
        name = request.path.lstrip("/").split("/")[0].split("?")[0]
        rule = self.rules.get(name)
        if rule == "slow":
            self.stop.wait(30)
            return
        if rule == "flood":
            self._flood(request)
            return
        if isinstance(rule, int):
            request.send_response(rule)
            if rule == 401:
                request.send_header("WWW-Authenticate", 'Basic realm="private"')
            request.end_headers()
            return
        if isinstance(rule, str):
            request.send_response(301)
            request.send_header("Location", rule + request.path[len(name) + 1 :])
            request.end_headers()
            return
        self._backend(request)

    def _flood(self, request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Type", "application/x-git-upload-pack-advertisement")
        request.end_headers()
        line = b"%s refs/heads/b%09d\n"
        number = 0
        try:
            request.wfile.write(b"001e# service=git-upload-pack\n0000")
            while not self.stop.is_set():
                text = line % (b"1" * 40, number)
                request.wfile.write(b"%04x" % (len(text) + 4) + text)
                number += 1
        except OSError:
            pass

    def _backend(self, request: BaseHTTPRequestHandler) -> None:
        path, _, query = request.path.partition("?")
        length = int(request.headers.get("Content-Length") or 0)
        env = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
            "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": request.command,
            "CONTENT_TYPE": request.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(length),
            "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
            "REMOTE_ADDR": "127.0.0.1",
        }
        done = subprocess.run(
            ["git", "http-backend"], env=env, input=request.rfile.read(length), capture_output=True, check=False
        )
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        lines = [line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line]
        status = next((int(value.split()[0]) for key, value in lines if key == "Status"), 200)
        request.send_response(status)
        for key, value in lines:
            if key != "Status":
                request.send_header(key, value)
        request.end_headers()
        request.wfile.write(body)


@contextmanager
def served(root: Path) -> Iterator[GitServer]:
    """A GitServer for the repositories below a folder."""
    server = GitServer(root)
    try:
        yield server
    finally:
        server.close()


def processes(word: str) -> list[str]:
    """Command lines of running processes that hold a word."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            except OSError:
                continue
            if word in line and int(folder.name) != os.getpid():
                found.append(line)
    return found


def eventually(check: object, timeout_s: float = 5.0) -> bool:
    """Whether a condition becomes true in time."""
    assert callable(check)
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        if check():
            return True
        time.sleep(0.05)
    return bool(check())
