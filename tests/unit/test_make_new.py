"""`make new` writes the files of a rule, check, target or fault, and the tests of shape name what is TODO."""

from __future__ import annotations

import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAMES = {
    "rule": "gemini/quite_new",
    "check": "rest/quite_true",
    "effect": "rest/quite_unmoved",
    "target": "newvendor/tools",
    "fault": "lists/quite_wrong",
}
LACKING = {
    "rule": "test_rule_that_no_requirement_names_is_none",
    "check": "quite_true",
    "effect": "quite_unmoved",
    "target": "newvendor/tools: no requirement",
    "fault": "quite-wrong",
}


def run(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "docs/make_new.py", *words]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


def copy(root: Path, *folders: str, ignored: tuple[str, ...] = ("__pycache__", "node_modules")) -> Path:
    for folder in folders:
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns(*ignored))
    (root / "docs").mkdir(exist_ok=True)
    shutil.copy(ROOT / "docs/make_new.py", root / "docs")
    return root


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy with the folders that faults and checks stand in alone."""
    folders = ("tests/faults", "src/pgagents/verify/checks")
    return copy(tmp_path_factory.mktemp("small"), *folders)


@pytest.mark.parametrize("kind", NAMES)
def test_files_run_with_todos_and_are_written_once(small: Path, kind: str) -> None:
    done = run(small, kind, NAMES[kind])
    assert done.returncode == 0, done.stderr
    written = [small / line.split()[1] for line in done.stdout.splitlines() if line.startswith("wrote ")]
    for path in written:
        text = path.read_text(encoding="utf-8")
        assert "TODO" in text
        if path.suffix == ".py":
            runpy.run_path(str(path))  # every name that it imports is there
    modules = [str(path) for path in written if path.suffix == ".py"]
    checked = ["ruff", "check", "--no-cache", "--config", str(ROOT / "pyproject.toml"), *modules]
    ruff = subprocess.run(
        [sys.executable, "-m", *checked], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ruff.returncode == 0, ruff.stdout
    before = {path: path.read_bytes() for path in written}
    again = run(small, kind, NAMES[kind])
    assert again.returncode == 2
    assert again.stderr.startswith(f"NAME={NAMES[kind]} exists: ")
    assert {path: path.read_bytes() for path in written} == before


@pytest.mark.parametrize(
    ("kind", "name", "says"),
    [
        ("chek", "rest/a", "KIND=chek is none of rule, check, effect, target, fault"),
        ("", "", "KIND= is none of"),
        ("check", "a", "NAME=a is not a name of a check: AREA/NAME"),
        ("rule", "../a", "is not a name of a rule"),
        ("target", "vendor/Tools-List", "is not a name of a target"),
        ("fault", "lists/import", "is not a name of a fault"),
        ("check", "rest/request_id", "exists: src/pgagents/verify/checks/rest/request_id.py"),
        ("check", "other/request_id", "exists: src/pgagents/verify/checks/rest/request_id.py"),
        ("fault", "errors/create_field_lost", "exists: tests/faults/"),
    ],
)
def test_bad_name_is_refused_and_nothing_written(small: Path, kind: str, name: str, says: str) -> None:
    files = {path for path in small.rglob("*") if path.is_file()}
    done = run(small, kind, name)
    assert done.returncode == 2
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert {path for path in small.rglob("*") if path.is_file()} == files


@pytest.mark.matrix
def test_tests_of_shape_name_what_is_still_to_do(tmp_path: Path) -> None:
    """All kinds stand in one copy, with what was compiled of it: to compile it costs more than the tests."""
    folders = ("src", "templates", "schemas", "generated", "catalogue", "tests", "evaluation")
    root = copy(tmp_path, *folders, ignored=("node_modules",))
    for file in ("pyproject.toml", "CONTRIBUTING.md"):
        shutil.copy(ROOT / file, root)
    for kind, name in NAMES.items():
        assert run(root, kind, name).returncode == 0
    tests = ["tests/unit/test_rooms.py", "tests/vendors/test_rule_pages.py"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "-p", "no:cacheprovider", *tests],
        cwd=root,
        env={**os.environ, "PYTHONPATH": f"{root / 'src'}{os.pathsep}{root / 'tests'}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout[-2000:]
    assert [kind for kind, lacking in LACKING.items() if lacking not in done.stdout] == []
