"""A running sandbox, a real Chromium, and the pages opened in it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sandboxes import ROOT
from starting import wait_for_ready

try:
    from playwright import sync_api
except ImportError:
    sync_api = None
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

COMMAND = [
    sys.executable,
    "-c",
    "from pgagents.cli.main import run; run()",
    "sandbox",
    str(ROOT / "catalogue" / "park_graph.yaml"),
]
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
    "--disable-quic",
]  # fmt: skip


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A sandbox in a process of its own: its address and keys."""
    ready = tmp_path_factory.mktemp("widget") / "ready.json"
    child = subprocess.Popen(
        [*COMMAND, "--port", "0", "--ready", str(ready)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield wait_for_ready(ready, child)
    finally:
        if child.poll() is None:
            child.terminate()
        child.wait(600)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if sync_api is None:
        pytest.skip("playwright is not installed; `make browser` installs it")
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine; `make browser` installs it")
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


class Visit:
    """A page that is open, with what it asked for and what went wrong in it."""

    def __init__(self, browser: Any, url: str, **options: Any) -> None:
        self.context = browser.new_context(**options)
        self.page = self.context.new_page()
        self.page.set_default_timeout(20_000)
        self.asked: list[str] = []
        self.wrong: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on(
            "console",
            lambda said: self.wrong.append(said.text) if "Content Security Policy" in said.text else None,
        )
        self.page.goto(url)

    def search(self, token: str, **values: str) -> None:
        """Fill in, press the button, wait for what comes of it."""
        for name, value in values.items():
            self.page.fill(f"#in-{name}", value)
        self.page.fill("#token", token)
        self.page.click("#go")
        self.page.wait_for_selector("#problem strong, #exchange:not([hidden]) summary")

    def status(self) -> str:
        return str(self.page.inner_text("#status"))

    def rows(self) -> list[list[str]]:
        return [row.locator("th, td").all_inner_texts() for row in self.page.locator("tbody tr").all()]

    def problem(self) -> str:
        return str(self.page.inner_text("#problem")).replace("\n\n", "\n")


@pytest.fixture
def visit(browser: Any) -> Iterator[Callable[..., Visit]]:
    """Opens pages and closes them; a page that broke its own policy or threw fails its test."""
    opened: list[Visit] = []

    def open_page(url: str, **options: Any) -> Visit:
        opened.append(Visit(browser, url, **options))
        return opened[-1]

    yield open_page
    wrong = [words for one in opened for words in one.wrong]
    for one in opened:
        one.context.close()
    assert wrong == []
