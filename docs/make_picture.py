"""Makes the pictures of a report on the first page, docs/pictures/: `python docs/make_picture.py`.

It verifies the app of `make compare` with two planted bugs. It photographs the HTML report, light and dark,
in Chromium (`make browser` installs it). `--report FILE` photographs a report that is there already.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs/pictures"
BUGS, KEY = "crash,reset", "nk_test_main"
SIZE = {"width": 1000, "height": 720}
FLAGS = ["--no-sandbox", "--disable-gpu"]
RUN_S = 1800


def verify(folder: Path) -> Path:
    """Verify the app with the planted bugs; return the file of the HTML report."""
    report = folder / "report.html"
    start = shlex.join(
        [
            sys.executable,
            "-m",
            "uvicorn",
            "evaluation.compare.notes_app:app",
            "--app-dir",
            str(ROOT),
            "--port",
            "{port}",
        ]
    )
    words = ["--openapi", "/openapi.json", "--start", start, "--allow-writes", "--report", str(report)]
    done = subprocess.run(
        [sys.executable, "-m", "pgagents", "verify", *words],
        cwd=folder,  # what is built here would count as asked for, and its vendors as not tried
        env={**os.environ, "NOTES_BUGS": BUGS, "PGAGENTS_TOKEN": KEY},
        capture_output=True,
        text=True,
        timeout=RUN_S,
        check=False,
    )
    if done.returncode != 1:
        raise SystemExit(f"verify found nothing (exit code {done.returncode}): {done.stderr[-500:]}")
    return report


def photograph(report: Path) -> None:
    """Write the top of a report as two pictures, light and dark."""
    from playwright.sync_api import sync_playwright  # an extra, which only this needs

    PICTURES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        for scheme in ("light", "dark"):
            page = browser.new_page(viewport=SIZE, color_scheme=scheme)
            page.goto(report.resolve().as_uri())
            page.screenshot(path=PICTURES / f"report-{scheme}.png")
        browser.close()


@click.command()
@click.option("--report", type=click.Path(path_type=Path, exists=True), help="Photograph this report.")
def main(report: Path | None) -> None:
    """Verify the app of `make compare` with two planted bugs, and photograph the report."""
    with tempfile.TemporaryDirectory() as name:
        photograph(report or verify(Path(name)))


if __name__ == "__main__":
    main()
