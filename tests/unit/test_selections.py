"""`make test` and `make matrix` run every test between them, a change's own tests at once; CI runs them."""

from __future__ import annotations

import inspect
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

import gate
from gate import Case, Reach, choose, choose_left, choose_part, find_reach
from lengths import MATRIX
from pgagents.base.errors import PgagentsError
from pgagents.base.registry import names

ROOT = Path(__file__).resolve().parents[2]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
CODE = """
import json, sys
import pytest
from gate import read_cases, without_interop

class Lister:
    def pytest_collection_modifyitems(self, items):
        interop = [item.nodeid for item in items if item.get_closest_marker("interop") is not None]
        cases = read_cases(without_interop(items))
        cases = [[case.id, case.costs, case.matrix, case.shared] for case in cases]
        with open(sys.argv[1], "w", encoding="utf-8") as file:
            json.dump([interop, cases], file)

sys.exit(pytest.main(["--collect-only", "-qq", "-p", "no:cacheprovider"], plugins=[Lister()]))
"""


def recipe(target: str) -> str:
    found = re.search(rf"^{target}:.*##.*\n((?:\t.*\n)+)", MAKEFILE, re.M)
    assert found, f"Makefile has no target {target}"
    return found[1]


def test_make_chooses_by_the_gate_and_ci_runs_every_selection() -> None:
    assert '$(PYTEST) --gate --since "$(SINCE)"\n' in recipe("test")
    assert "$(PYTEST) --matrix $(MATRIX)\n" in recipe("matrix")
    assert "$(PYTEST) --dist loadfile -m interop tests/interop\n" in recipe("interop")
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert re.findall(r"^make (.+)$", script, re.M) == ["test", "matrix MATRIX=turn/2", "interop", "corpus"]
    assert "set -euo pipefail" in script


@pytest.mark.matrix
def test_every_test_is_in_the_gate_or_in_one_sixteenth_of_the_matrix(tmp_path: Path) -> None:
    listed = tmp_path / "listed.json"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(listed)],
        cwd=ROOT,
        env=environment | {"PYTHONPATH": str(ROOT / "tests")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    interop, rows = json.loads(listed.read_text(encoding="utf-8"))
    assert all(test.startswith("tests/interop/") for test in interop)
    cases = [Case(id, costs, matrix, tuple(shared)) for id, costs, matrix, shared in rows]
    stems, files = gate.list_costly_stems(), {case.id.partition("::")[0] for case in cases}
    cheap = {file for file in files if not gate.may_be_costly(ROOT / file, stems)}
    assert cheap
    assert not [case.id for case in cases if case.costly and case.id.partition("::")[0] in cheap]
    always = choose(cases, Reach(), 0).ids & choose(cases, Reach(), 1).ids
    parts = [choose_part(cases, part, 16) for part in range(1, 17)]
    counts = Counter(id for ids in (always, *parts) for id in ids)
    assert set(counts.values()) == {1}
    assert counts.keys() == {case.id for case in cases}
    assert not any(id.startswith("evaluation/") for id in always), "others' servers are no cheap tests"
    costs = [sum(case.costs for case in cases if case.id in part) for part in parts]
    assert max(costs) < 1.5 * min(costs), "the parts differ much; raise or lower what shares a run"
    known = {re.sub(r".*/|\.py", "", id.partition("[")[0]) for id in counts}
    recorded = json.loads(gate.COSTS.read_text(encoding="utf-8"))
    functions = {name for name in recorded if name.partition("::")[2].startswith("test_")}
    assert len(functions - known) < len(functions) / 4, "many tests have other names now: run `make costs`"


CHEAP = [Case(f"tests/test_a.py::test_{n}", 0.01) for n in range(5)]
COSTLY = [Case(f"tests/test_b.py::test_b[{n}]", 5.0) for n in range(200)]


def test_cheap_tests_are_always_chosen_and_each_costly_one_when_its_turn_comes() -> None:
    choices = [choose([*CHEAP, *COSTLY], Reach(), number) for number in range(gate.SHARE)]
    counts = Counter(id for choice in choices for id in choice.ids)
    assert all(counts[case.id] == gate.SHARE for case in CHEAP)
    assert all(counts[case.id] == 1 for case in COSTLY)
    assert all(choice.left == len(CHEAP) + len(COSTLY) - len(choice.ids) > 0 for choice in choices)


def test_what_a_change_touches_is_chosen_the_nearest_first_and_within_bounds() -> None:
    reach = Reach(ids={"17": 0}, files={"tests/test_b.py": 3})
    choice = choose(COSTLY, reach, 0)
    assert COSTLY[17].id in choice.ids
    assert choice.touched == int(gate.TOUCHED_S / 5)
    assert choose(COSTLY, Reach(ids={"170": 0}), 0).touched == 1
    assert choose(COSTLY, Reach(), 0).touched == 0


def test_the_half_by_turn_is_what_the_gate_has_left_of_it() -> None:
    cases = [*COSTLY, *(Case(f"tests/test_c.py::test_c[{n}]", 2.0, matrix=True) for n in range(200))]
    for number in range(gate.SHARE):
        share, left = choose(cases, Reach(), number).ids, choose_left(cases, number, 2)
        assert share
        assert share.isdisjoint(left)
        assert share | left == choose_part(cases, number, 2)


def test_tests_of_the_matrix_run_for_a_change_of_what_they_are_named_after() -> None:
    matrix = [Case("tests/test_c.py::test_c[lost-update]", 2.0, matrix=True), *COSTLY]
    named = Reach(ids={"lost-update": 0}, matrix_ids=["lost-update"])
    assert matrix[0].id in choose(matrix, named, 0).ids
    assert matrix[0].id not in choose(matrix, Reach(ids={"lost-update": 1}), 0).ids
    assert not any(matrix[0].id in choose(matrix, Reach(), number).ids for number in range(gate.SHARE))


def test_tests_that_share_a_run_are_chosen_together() -> None:
    shared = [Case(f"tests/test_d.py::test_{n}", 5.0, shared=("test_d::run",)) for n in range(3)]
    for number in range(gate.SHARE):
        assert len(choose(shared, Reach(), number).ids) in (0, 3)
    assert sorted(len(choose_part(shared, part, 4)) for part in range(4)) == [0, 0, 0, 3]


def git(folder: Path, *words: str) -> str:
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *who, *words], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_a_change_is_what_differs_from_the_last_green_commit(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    commits = []
    for name in ("first", "second", "third"):
        (tmp_path / name).write_text("1\n2\n3\n", encoding="utf-8")
        git(tmp_path, "add", ".")
        git(tmp_path, "commit", "--quiet", "--message", name)
        commits.append(git(tmp_path, "rev-parse", "HEAD"))
    (tmp_path / "first").write_text("1\n2\nthree\n", encoding="utf-8")
    (tmp_path / "new").write_text("", encoding="utf-8")
    assert gate.find_base(tmp_path, "") == commits[1]
    assert gate.find_base(tmp_path, commits[0]) == commits[0]
    assert gate.find_base(tmp_path, "0" * 40) == commits[1], "a commit that is not here counts as none"
    assert gate.list_changed(tmp_path, commits[1]) == {"first", "third", "new"}
    assert gate.list_changed(tmp_path, commits[0]) == {"first", "second", "third", "new"}
    assert gate.list_changed_lines(tmp_path, commits[1], "first") == {3}
    assert gate.turn(tmp_path) == 3
    shutil.rmtree(tmp_path / ".git")
    assert gate.find_base(tmp_path, commits[0]) is None
    assert gate.list_changed(tmp_path, None) == set()


def file_of(package: str, name: str) -> str:
    """Return the file of a module that a registry finds, wherever its folder stands."""
    (module,) = [each for each in names(package) if each.rpartition(".")[2] == name]
    return f"src/{module.replace('.', '/')}.py"


def test_a_module_that_registries_find_touches_what_carries_its_id() -> None:
    check = find_reach(ROOT, [file_of("pgagents.verify.checks", "absent_id")], None)
    assert check.ids["absent-id"] == 0
    contracts = json.loads((ROOT / "tests/data/fault_contracts.json").read_text(encoding="utf-8"))["faults"]
    breaking = [fault for fault, ids in contracts.items() if any(id.startswith("absent_id/") for id in ids)]
    assert breaking
    assert all(check.ids[fault] == 1 for fault in breaking), "faults that break it are near"
    family = find_reach(ROOT, ["tests/faults/lists.py"], None)
    assert family.ids["search-duplicates"] == 0
    template = find_reach(ROOT, ["templates/gemini_cli/context.j2"], None)
    assert template.ids["gemini-cli/context"] == 0
    assert template.ids["gemini-cli"] == 1
    gone = find_reach(
        ROOT, [file_of("pgagents.verify.checks", "absent_id").replace("absent_id", "gone")], None
    )
    assert gone.ids["gone"] == 0, "a module that was removed has its tests, too"


def test_a_module_touches_the_test_files_that_import_it_directly_or_not() -> None:
    below_all = Path(inspect.getfile(PgagentsError)).relative_to(ROOT)
    reach = find_reach(ROOT, [str(below_all)], None)
    assert reach.files["tests/unit/test_cli.py"] > gate.FAR - 1
    own = find_reach(ROOT, ["tests/lengths.py"], None)
    assert own.files["tests/lengths.py"] == 0
    assert own.files["tests/unit/test_selections.py"] == 1
    assert (
        find_reach(ROOT, [f"docs/{'of'}-nobody.txt"], None).files.get("tests/unit/test_selections.py") is None
    )


CHOSEN = ("-p", "no:cacheprovider", "--gate", "--changed")
BLIND = "\nfrom dataclasses import replace\n{0} = replace({0}, {1}=lambda *_, **__: iter(()))\n"
MUTANTS = {
    "check": ("pgagents.verify.checks", "absent_id", BLIND.format("CHECK", "probes"), "run/test_faults"),
    "rule": ("pgagents.lint.rules", "long_name", BLIND.format("RULE", "find"), "vendors/test_rule_pages"),
}


@pytest.mark.parametrize(
    "kind", ["check", *(pytest.param(k, marks=MATRIX) for k in ("rule", "template", "table"))]
)
def test_the_gate_chooses_a_test_that_a_mutant_fails(kind: str, tmp_path: Path) -> None:
    """A copy of the project gets a mutant, and pytest runs what the gate chooses of the tests for it."""
    for folder in ("src", "tests", "templates", "schemas", "generated", "catalogue", "docs"):
        ignored = shutil.ignore_patterns("node_modules", "__pycache__", ".venv")
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=ignored)
    for file in ("pyproject.toml", "README.md", "CONTRIBUTING.md"):
        shutil.copy(ROOT / file, tmp_path)
    changed, tests = plant(kind, tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:xdist", *CHOSEN, changed, f"tests/{tests}.py"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert re.search(r"^1 failed", done.stdout, re.M), done.stdout


def plant(kind: str, project: Path) -> tuple[str, str]:
    """Plant a mutant, and return its file and the stem of the tests that hold what it breaks."""
    if kind in MUTANTS:
        package, name, code, tests = MUTANTS[kind]
        changed = next(
            f"src/{module.replace('.', '/')}.py"
            for module in names(package)
            if module.rpartition(".")[2] == name
        )
        text = (project / changed).read_text(encoding="utf-8") + code
    elif kind == "template":
        changed, tests = "templates/gemini_cli/extension.j2", "vendors/test_targets_gemini_cli"
        text = (project / changed).read_text(encoding="utf-8").replace("mcpServers", "servers")
    else:
        changed, tests = "schemas/requirements/google.yaml", "unit/test_rooms"
        text = (project / changed).read_text(encoding="utf-8").replace("level: MUST", "level: MIGHT", 1)
    assert text != (ROOT / changed).read_text(encoding="utf-8")
    (project / changed).write_text(text, encoding="utf-8")
    return changed, tests
