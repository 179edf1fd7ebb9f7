"""Every test is in exactly one of the selections of `make test`, `make matrix` and `make interop`, and CI
runs them all.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
SELECTING = ("test", "matrix", "interop")
CODE = """
import json, sys
import pytest

class Lister:
    def pytest_collection_modifyitems(self, items):
        found = [[item.nodeid, sorted({mark.name for mark in item.iter_markers()})] for item in items]
        with open(sys.argv[1], "w", encoding="utf-8") as file:
            json.dump(found, file)

sys.exit(pytest.main(["--collect-only", "-qq", "-p", "no:cacheprovider"], plugins=[Lister()]))
"""


def pytest_options(target: str) -> list[str]:
    """The arguments of pytest in a target's recipe, where `$(PYTEST)` is replaced by its definition."""
    recipe = re.search(rf"^{target}:.*##.*\n((?:\t.*\n)+)", MAKEFILE, re.M)
    definition = re.search(r"^PYTEST = (.*)$", MAKEFILE, re.M)
    assert recipe
    assert definition
    lines = [
        line for line in recipe[1].replace("$(PYTEST)", definition[1]).splitlines() if "$(BIN)/pytest" in line
    ]
    assert len(lines) == 1
    return shlex.split(lines[0].partition("$(BIN)/pytest")[2].replace("$(JOBS)", "2"))


def expression(target: str) -> str:
    """Return the expression that a target gives to `-m`."""
    options = pytest_options(target)
    return options[options.index("-m") + 1]


def test_targets_select_by_marker_alone() -> None:
    """Nothing else leaves a test out; interop's tests stand in one folder."""
    expected = ["--quiet", "--numprocesses", "2", "--dist", "worksteal", "-m"]
    assert [pytest_options(target)[:-1] for target in ("test", "matrix")] == [expected, expected]
    assert pytest_options("interop") == ["-m", "interop", "tests/interop"]


@pytest.mark.matrix
def test_every_test_is_in_exactly_one_selection(tmp_path: Path) -> None:
    """A marker expression is also an expression of Python, whose names are the markers."""
    listed = tmp_path / "listed.json"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(listed)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    markers = {
        test: dict.fromkeys(names, True) for test, names in json.loads(listed.read_text(encoding="utf-8"))
    }
    expressions = {target: compile(expression(target), target, "eval") for target in SELECTING}
    names = {name for code in expressions.values() for name in code.co_names}
    counts: Counter[str] = Counter()
    for test, marked in markers.items():
        selected = [
            target for target, code in expressions.items() if eval(code, dict.fromkeys(names, False) | marked)
        ]
        assert len(selected) == 1, (test, selected)
        assert selected != ["interop"] or test.startswith("tests/interop/"), test
        assert selected == ["matrix"] or not test.startswith("evaluation/"), test
        counts.update(selected)
    assert sum(counts.values()) == len(markers)
    assert all(counts[target] for target in SELECTING)


def test_ci_runs_every_selection_once() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert re.findall(r"^make (\w+)$", script, re.M) == [*SELECTING, "corpus"]
    assert script.splitlines()[-1].startswith("make ")
    assert "set -euo pipefail" in script
