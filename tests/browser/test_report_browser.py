"""The report as a page, in a real Chromium: it asks for nothing, runs nothing of the server's, and can be
used by keyboard.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pgagents.report.formats import html
from test_report import ALL, SOURCE, report
from test_report_forms import hostile
from verifying import model, run

try:
    from playwright import sync_api
except ImportError:
    sync_api = None
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
if sync_api is None:
    pytest.skip(
        "no test of this file is run: playwright is not installed; `make browser` installs it",
        allow_module_level=True,
    )
if CHROMIUM is None:
    pytest.skip(
        "no test of this file is run: no chromium on this machine; `make browser` installs it",
        allow_module_level=True,
    )

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
WIDTHS = {"desk": 1200, "phone": 360}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The page of a run with findings, of one without, and of one whose server was hostile."""
    folder = tmp_path_factory.mktemp("pages")
    of = model()
    made = {
        "findings": (
            run(of, faults=["search-unsorted", "error-leaks-trace", "money-rounded-down"]),
            of.source,
        ),
        "kept": (run(of), of.source),
        "hostile": (hostile(), SOURCE),
        "small": (report(ALL), SOURCE),
    }
    for name, (one, source) in made.items():
        (folder / f"{name}.html").write_bytes(html.render(one, source))
    return {name: folder / f"{name}.html" for name in made}


class Open:
    """An open page, with what it asked for and what went wrong in it."""

    def __init__(self, browser: Any, path: Path, **options: Any) -> None:
        self.context = browser.new_context(**options)
        self.page = self.context.new_page()
        self.page.set_default_timeout(20_000)
        self.asked: list[str] = []
        self.wrong: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("console", lambda said: self.wrong.append(said.text))
        self.page.on("dialog", lambda dialog: self.wrong.append(dialog.message))
        self.page.goto(path.as_uri())

    def __enter__(self) -> Open:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()

    def visible(self) -> int:
        """Return the number of findings that are shown."""
        return int(self.page.locator("article.finding:visible").count())


@pytest.mark.parametrize("name", ["findings", "kept", "hostile"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_page_asks_for_nothing_and_fits(
    name: str, scheme: str, width: str, browser: Any, pages: dict[str, Path]
) -> None:
    with Open(
        browser, pages[name], color_scheme=scheme, viewport={"width": WIDTHS[width], "height": 900}
    ) as opened:
        assert opened.asked == [pages[name].as_uri()]
        assert opened.wrong == []
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= WIDTHS[width]
        dark = opened.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 28)"
        assert dark is (scheme == "dark")


def test_hostile_server_runs_nothing_in_the_page(browser: Any, pages: dict[str, Path]) -> None:
    with Open(browser, pages["hostile"]) as opened:
        assert opened.page.evaluate("document.querySelectorAll('script').length") == 1
        assert opened.page.evaluate("document.querySelectorAll('img').length") == 0
        assert "<script src=//x>" in opened.page.inner_text("article.finding")
        with opened.page.expect_event(
            "requestfailed"
        ) as failed:  # what got in all the same would be stopped by the page's policy
            opened.page.evaluate(
                "document.body.insertAdjacentHTML('beforeend', '<img src=https://a.example/x "
                'onerror="document.title=1">\')'
            )
        assert "csp" in failed.value.failure
        assert opened.page.title() != "1"


def test_page_can_be_read_without_javascript(browser: Any, pages: dict[str, Path]) -> None:
    with Open(browser, pages["findings"], java_script_enabled=False) as opened:
        assert opened.visible() > 1
        assert not opened.page.is_visible("form.filters")
        assert "curl -sS" in opened.page.inner_text("article.finding >> nth=0")
        assert "nearest-first" in opened.page.inner_text("main")


def test_filters_find_what_was_asked_for(browser: Any, pages: dict[str, Path]) -> None:
    with Open(browser, pages["findings"]) as opened:
        every = opened.visible()
        opened.page.fill("input[name=words]", "nearest-first SEARCH_parking")
        assert opened.visible() == 1
        assert opened.page.inner_text("output") == f"1 of {every} shown"
        opened.page.fill("input[name=words]", "no such thing anywhere")
        assert opened.visible() == 0
        assert opened.page.is_visible(".none")
        opened.page.fill("input[name=words]", "")
        opened.page.select_option("select[name=surface]", "dispatcher")
        assert 0 < opened.visible() <= every


def test_page_is_used_by_keyboard_alone(browser: Any, pages: dict[str, Path]) -> None:
    with Open(browser, pages["findings"]) as opened:
        opened.page.keyboard.press("Tab")
        assert opened.page.evaluate("document.activeElement.textContent") == "Skip to the findings"
        assert opened.page.is_visible(".skip")
        opened.page.keyboard.press("Enter")
        assert opened.page.url.endswith("#findings")
        opened.page.keyboard.press("Tab")
        assert opened.page.evaluate("document.activeElement.name") == "words"
        summary = opened.page.locator("article.finding details.exchange summary").first
        summary.focus()
        before = summary.evaluate("one => one.parentElement.open")
        opened.page.keyboard.press("Enter")
        assert summary.evaluate("one => one.parentElement.open") is not before
        unreachable = opened.page.evaluate(
            "[...document.querySelectorAll('pre, .wide')].filter(one => one.scrollWidth > "
            "one.clientWidth && one.tabIndex < 0).length"
        )
        assert unreachable == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_contrast_enough(scheme: str, browser: Any, pages: dict[str, Path]) -> None:
    """Every text has at least 4.5:1 against what is behind it (WCAG 2.2, 1.4.3)."""
    with Open(browser, pages["findings"], color_scheme=scheme) as opened:
        assert opened.page.evaluate(CONTRAST) == []


CONTRAST = """() => {
  const parts = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((c) => c / 255)
      .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (one) => {
    for (let up = one; up; up = up.parentElement) {
      const back = parts(getComputedStyle(up).backgroundColor);
      if (back.length < 4 || back[3] > 0) return back;
    }
    return [255, 255, 255];
  };
  const poor = new Set();
  for (const one of document.querySelectorAll("body *")) {
    if (!one.checkVisibility()
      || ![...one.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim())) continue;
    const [a, b] = [light(parts(getComputedStyle(one).color)), light(behind(one))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) poor.add(`${one.tagName}.${one.className} ${ratio.toFixed(2)}`);
  }
  return [...poor];
}"""
