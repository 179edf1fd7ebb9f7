"""The wheel carries what it needs and works from any folder."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    words = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return next(folder.glob("*.whl"))


def test_wheel_carries_templates_schemas_and_catalogue(wheel: Path) -> None:
    held = {
        n.removeprefix("pgagents/_data/")
        for n in zipfile.ZipFile(wheel).namelist()
        if n.startswith("pgagents/_data/")
    }
    for folder in ("templates", "schemas", "catalogue"):
        files = (p.relative_to(ROOT) for p in (ROOT / folder).rglob("*") if p.is_file())
        assert {str(p) for p in files if "__pycache__" not in p.parts} <= held
    assert not any("__pycache__" in name for name in held)


def test_wheel_shows_a_report_as_a_page(wheel: Path, tmp_path: Path) -> None:
    from pgagents.report.formats import html, json
    from test_report import ALL, SOURCE, report

    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    (tmp_path / "r.json").write_bytes(json.render(report(ALL), SOURCE))
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path / 'site')!r}); from pgagents.cli.main import run; "
        "run()"
    )
    words = [sys.executable, "-c", code, "report", "show", "r.json", "--format", "html"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == html.render(report(ALL), SOURCE)


def test_wheel_builds_the_same_files_from_a_folder_of_its_own(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path / 'site')!r}); from pgagents.cli.main import run; "
        "run()"
    )
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", code, "build", "park-graph"],
        cwd=elsewhere,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    made = elsewhere / "generated"
    assert {str(p.relative_to(made)): p.read_bytes() for p in made.rglob("*") if p.is_file()} == {
        str(p.relative_to(ROOT / "generated")): p.read_bytes()
        for p in (ROOT / "generated").rglob("*")
        if p.is_file()
    }
