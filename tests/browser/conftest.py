"""A registry as people run it (`brickyard serve`, with its worker), and a browser in front of it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from registry.settings import PROJECT

_AXE = PROJECT / "node_modules" / "axe-core" / "axe.min.js"
_ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
]
START_S = 90


@dataclass(frozen=True)
class Served:
    """A running registry."""

    url: str
    data: Path


def _chromium() -> str:
    found = next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), ""
    )
    if not found:
        pytest.skip("no Chromium on this machine")
    return found


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    data = tmp_path_factory.mktemp("served")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    env = {**os.environ, "BRICKYARD_DATA": str(data), "BRICKYARD_GIT_LOCAL": "1", "BRICKYARD_PUBLIC_URL": url}
    env.pop("BRICKYARD_DATABASE_URL", None)
    with (data / "serve.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "registry.cli", "serve", "--port", str(port)],
            cwd=PROJECT,
            env=env,
            stdout=log,
            stderr=log,
        )
    try:
        _wait_until_up(url, process, data / "serve.log")
        yield Served(url, data)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()


def _wait_until_up(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        assert process.poll() is None, log.read_text(errors="replace")
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"the server did not answer within {START_S} s: {log.read_text(errors='replace')}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    # What a page shows in the end is asked for here; how soon, on a quiet machine, benchmarks tell.
    expect.set_options(timeout=30_000)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=_chromium(), args=_ARGUMENTS)
        yield running
        running.close()


class Visitor:
    """A page that keeps what the browser complained of, and can be asked what axe finds."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.page: Page = context.new_page()
        self.page.set_default_timeout(30_000)
        self.url = url
        self.complaints: list[str] = []
        self.page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def go(self, path: str) -> Page:
        self.page.goto(self.url + path, wait_until="load")
        return self.page

    def axe(self) -> list[str]:
        """What axe-core finds on the page as it is now."""
        session = self.page.context.new_cdp_session(self.page)  # the page's own policy forbids foreign scripts
        session.send("Runtime.evaluate", {"expression": _AXE.read_text(encoding="utf-8")})
        nodes = "v.nodes.map(n => n.html.slice(0, 160)).join(' | ')"
        asked = f"axe.run().then(r => r.violations.map(v => `${{v.id}}: ${{{nodes}}}`))"
        answer = session.send("Runtime.evaluate", {"expression": asked, "awaitPromise": True, "returnByValue": True})
        session.detach()
        found: list[str] = answer["result"]["value"]
        return found

    def overflow(self) -> int:
        """By how many pixels the page is wider than its window."""
        wide: int = self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        return max(0, wide)


@pytest.fixture
def visit(browser: Browser, served: Served) -> Iterator[Callable[..., Visitor]]:
    """Open a browser window: `visit(width=390, dark=True, scripts=False)`."""
    contexts: list[BrowserContext] = []

    def open_window(*, width: int = 1280, dark: bool = False, scripts: bool = True) -> Visitor:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            java_script_enabled=scripts,
        )
        contexts.append(context)
        return Visitor(context, served.url)

    yield open_window
    for context in contexts:
        context.close()
