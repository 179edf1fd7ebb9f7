"""axe-core (Deque, from npm) judges every page of the sandbox: light and dark, on a desk and on a phone."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from sandboxes import VAIL

HERE = Path(__file__).resolve().parent
AXE = HERE / "node_modules" / "axe-core"
RUN = """() => axe.run(document, {resultTypes: ["violations", "incomplete"]}).then((found) =>
    found.violations.map((rule) => [rule.id, rule.help, ...rule.nodes.map((node) =>
        node.target.join(" ") + ": " + node.any.concat(node.all).map((c) => c.message))]))"""
LOOKS = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {
        "color_scheme": "light",
        "viewport": {"width": 360, "height": 740},
        "is_mobile": True,
        "has_touch": True,
    },
    "dark phone": {
        "color_scheme": "dark",
        "viewport": {"width": 360, "height": 740},
        "is_mobile": True,
        "has_touch": True,
    },
}


@pytest.fixture(scope="module")
def axe() -> str:
    """The source of axe-core, installed from npm at the first use."""
    wanted = json.loads((HERE / "package.json").read_text())["dependencies"]["axe-core"]
    if (
        not (AXE / "package.json").is_file()
        or json.loads((AXE / "package.json").read_text())["version"] != wanted
    ):
        npm = shutil.which("npm")
        if npm is None:
            pytest.skip("needs npm, from which axe-core comes")
        words = [
            npm,
            "install",
            "--no-audit",
            "--no-fund",
            "--no-package-lock",
            "--ignore-scripts",
            "--loglevel=error",
        ]
        done = subprocess.run(words, cwd=HERE, capture_output=True, text=True, timeout=300, check=False)
        if done.returncode:
            pytest.skip(f"npm could not install axe-core: {done.stderr.strip()[-300:]}")
    return (AXE / "axe.min.js").read_text(encoding="utf-8")


def judged(page: Any, axe: str) -> list[Any]:
    """Return the problems that axe-core finds on the page as it stands."""
    page.evaluate(axe)
    found: list[Any] = page.evaluate(RUN)
    return found


def consent(facts: dict[str, Any], **given: str) -> str:
    """The address at which a user is asked."""
    client = facts["oauth"]["confidential"]
    query = {
        "response_type": "code",
        "client_id": client["client_id"],
        "redirect_uri": client["redirect_uris"][0],
        "scope": "read sessions:write",
        "state": "x",
        **given,
    }
    return f"{facts['url']}/oauth/authorize?{urlencode(query)}"


def receipt(facts: dict[str, Any]) -> str:
    """The address of a new session's receipt."""
    import httpx

    with httpx.Client(
        base_url=facts["url"], headers={"Authorization": f"Bearer {facts['keys']['unlimited']}"}
    ) as client:
        lot = client.get(VAIL).json()["lots"][0]["id"]
        return str(
            client.post("/api/v1/sessions", json={"lot_id": lot, "plate": "AXE"}).json()["session"][
                "receipt_url"
            ]
        )


@pytest.mark.parametrize("look", LOOKS)
def test_widget_has_nothing_that_axe_finds(
    sandbox: dict[str, Any], visit: Callable[..., Any], axe: str, look: str
) -> None:
    opened = visit(sandbox["url"] + "/widget", **LOOKS[look])
    assert judged(opened.page, axe) == []
    opened.page.click("#go")
    assert opened.page.inner_text("#err-token")
    assert judged(opened.page, axe) == [], "with a field that lacks"
    opened.search("pk_test_never_issued")
    assert judged(opened.page, axe) == [], "with a refusal"
    opened.search(sandbox["keys"]["unlimited"])
    for summary in opened.page.locator("summary").all():
        summary.click()
    assert judged(opened.page, axe) == [], "with results"


@pytest.mark.parametrize("look", LOOKS)
def test_pages_of_a_user_have_nothing_that_axe_finds(
    sandbox: dict[str, Any], visit: Callable[..., Any], axe: str, look: str
) -> None:
    for url in (consent(sandbox), consent(sandbox, client_id="nobody"), receipt(sandbox)):
        opened = visit(url, **LOOKS[look])
        assert judged(opened.page, axe) == [], url
    opened.page.get_by_role("button").first.click()
    opened.page.wait_for_load_state()
    assert judged(opened.page, axe) == [], "with a payment decided"


def test_axe_finds_what_is_wrong(sandbox: dict[str, Any], visit: Callable[..., Any], axe: str) -> None:
    opened = visit(sandbox["url"] + "/widget")
    opened.page.evaluate(
        "document.querySelector('label').remove(); "
        "document.querySelector('h1').style.color = 'var(--x, #bbb)'"
    )
    assert {"label", "color-contrast"} <= {found[0] for found in judged(opened.page, axe)}
