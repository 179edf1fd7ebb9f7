"""The figures of the house's shape are counted, not taken from anywhere."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest
from evaluation.shape import PACKAGE, ROWS, Source, format_table, list_complexities, measure_source

ROOT = Path(__file__).resolve().parents[2]
FUNCTION = '''
def choose(values, limit):
    """Complexity 8: one, for, if, and, a comprehension with a condition, a handler, a conditional."""
    try:
        for value in values:
            if value and value < limit:
                return [each for each in values if each]
    except TypeError:
        return None
    return 1 if limit else 0
'''
CLASS = "class Two:\n    def one(self): return 1\n    def two(self): return 1 if self else 2\n"


def write_checkout(root: Path, **modules: str) -> Source:
    folder = root / "src" / PACKAGE
    folder.mkdir(parents=True)
    for name, text in {"__init__": "", **modules}.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    return Source(root)


def test_complexity_counts_branches() -> None:
    assert list(list_complexities(ast.parse(FUNCTION).body)) == [8]
    assert list(list_complexities(ast.parse(CLASS).body)) == [1, 2, 2]
    assert list(list_complexities(ast.parse("def outer():\n    def inner(a): return a or 1\n").body)) == [1]


def test_modules_are_found_by_what_they_define(tmp_path: Path) -> None:
    source = write_checkout(tmp_path, a="class Thing: ...\nPLACE = 'x.y'\n", b="def other(): ...\n")
    assert source.find("Thing") == f"{PACKAGE}.a"
    assert source.find_text("PLACE") == "x.y"
    with pytest.raises(SystemExit, match="Gone is defined by no module"):
        source.find("Gone")
    twice = write_checkout(tmp_path / "twice", a="class Thing: ...\n", b="class Thing: ...\n")
    with pytest.raises(SystemExit, match=rf"Thing is defined by {PACKAGE}\.a, {PACKAGE}\.b; say in"):
        twice.find("Thing")


def test_folder_without_modules_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="has no modules; give --root a checkout"):
        Source(tmp_path)


def test_table_has_every_row_and_fits_100_columns() -> None:
    lines = format_table({"modules": 1217, "complexity": 5.14, "median_lines": 86.5}).splitlines()
    assert len(lines) == len(ROWS) + 1
    assert max(map(len, lines)) <= 100
    assert "1,217       1,217  <= 520" in lines[1]
    assert sum("by hand" in line for line in lines) == 2


@pytest.mark.matrix
def test_this_source_is_counted() -> None:
    figures = measure_source(Source(ROOT))
    assert figures["modules"] > 100
    assert figures["statements"] > 50 * figures["modules"]
    assert figures["check_lines"] > 5_000
    assert 2 < figures["complexity"] < 10


@pytest.mark.matrix
def test_one_command_measures_everything_that_needs_no_clock() -> None:
    command = [sys.executable, "evaluation/shape.py", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    unmeasured = {row.key for row in ROWS if row.command} | {"architecture_bytes"}
    assert figures.keys() | unmeasured == {row.key for row in ROWS}
    assert figures["files_an_exchange"] > 10
    assert figures["modules_of_plan"] > 100
