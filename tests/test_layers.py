"""Which module may import which: only leftwards in the line below, and never a sibling."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

import pgagents
from pgagents.registry import names

ROOT = Path(pgagents.__file__).parent
# modules of one group stand side by side and do not import each other
ORDER = [
    {"collector"}, {"brief"}, {"nearest", "scalar", "source"}, {"read"}, {"origin"}, {"diagnostics"}, {"errors"}, {"registry"},
    {"resources"}, {"wire", "placeholders"},
    {"schema"}, {"growth", "members", "reckoning"}, {"expression"}, {"action"}, {"model"},
    {"catalogue"}, {"target"}, {"formerly"}, {"dialect", "dump", "patterns", "intersect"}, {"nullable", "wording"}, {"lower"},
    {"functions", "criteria"}, {"strict"}, {"openapi"}, {"apiplugin"}, {"targets"}, {"render"}, {"trace"}, {"files"}, {"build"}, {"lint"},
    {"icon"}, {"packages"},
    {"package"}, {"contract"}, {"report"}, {"client"}, {"verify", "sandbox", "mcp", "importer", "diff"}, {"park_graph"},
    {"cli"},
]  # fmt: skip
PLACE = {name: place for place, group in enumerate(ORDER) for name in group}
SIBLINGS = [
    "targets",
    "lint.rules",
    "packages",
    "verify.checks",
    "sandbox.faults",
    "sandbox.variations",
    "park_graph.faults",
    "park_graph.variations",
]
HEAVY = {
    "schemathesis",
    "hypothesis",
    "starlette",
    "uvicorn",
    "httpx",
    "rich",
    "jsonschema_rs",
    "jsonschema",
    "jinja2",
    "pydantic",
    "openapi_pydantic",
    "yaml",
    "cel",
    "authlib",
    "cryptography",
    "trustme",
    "mcp",
    "mcp_types",
    "anyio",
}


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), ast.parse(path.read_text(encoding="utf-8"))


def imported(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and dotted name (without `pgagents.`) of every import of ours, also inside functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are written in full"
            found = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from ((node.lineno, name.removeprefix("pgagents.")) for name in found if name.startswith("pgagents."))


def test_every_module_has_its_place_in_the_order() -> None:
    tops = {name.split(".")[0] for name, _ in modules()} - {"", "__main__"}
    assert tops == set(PLACE)


def test_imports_go_leftwards_only() -> None:
    wrong = []
    for name, tree in modules():
        top = name.split(".")[0]
        if not top:
            continue
        for line, other in imported(tree):
            first = other.split(".")[0]
            if first in PLACE and first != top and PLACE[first] >= PLACE.get(top, len(ORDER)):  # __main__ stands right of all
                wrong.append(f"{name}:{line} imports {other}")
    assert wrong == []


def test_targets_checks_faults_and_variations_import_no_sibling() -> None:
    wrong = [
        f"{name}:{line} imports {other}"
        for name, tree in modules()
        for room in SIBLINGS
        if name.startswith(f"{room}.")
        for line, other in imported(tree)
        if other.startswith(f"{room}.")
    ]
    assert wrong == []


def test_sandbox_and_verify_share_no_code_but_what_stands_left_of_both() -> None:
    both = {"sandbox": "verify", "verify": "sandbox"}
    wrong = [
        f"{n}:{line} imports {o}" for n, tree in modules() for line, o in imported(tree) if both.get(n.split(".")[0]) == o.split(".")[0]
    ]
    assert wrong == []


def test_package_files_hold_a_docstring_and_nothing_else() -> None:
    for path in ROOT.rglob("__init__.py"):
        body = ast.parse(path.read_text(encoding="utf-8")).body
        assert len(body) == 1, path
        assert isinstance(body[0], ast.Expr), path


def test_every_module_says_what_it_is() -> None:
    assert [name for name, tree in modules() if not ast.get_docstring(tree)] == []


def test_only_the_command_line_prints() -> None:
    wrong = [
        f"{name}:{node.lineno}"
        for name, tree in modules()
        if name.split(".")[0] != "cli"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("print", "input", "exit", "quit")
    ]
    assert wrong == []


PARKING = re.compile(r"parking|\bplates?\b|\blot_id\b|\bvehicles?\b|\bgarage|\bvail\b", re.I)


def test_engine_knows_nothing_of_parking() -> None:
    """Anyone's API must be expressible: the domain is in the catalogue and in the sandbox's own modules of that name."""
    engine = [p for p in ROOT.rglob("*.py") if not p.name.startswith("parking") and "park_graph" not in p.parts]
    templates = (ROOT.parents[1] / "templates").rglob("*.j2")
    wrong = [
        f"{path.relative_to(ROOT.parents[1])}:{number}: {line.strip()}"
        for path in chain(engine, templates)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if PARKING.search(line)
    ]
    assert wrong == []


def _loaded(code: str) -> set[str]:
    done = subprocess.run([sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules)"], capture_output=True, text=True, check=True)
    return {name.split(".")[0] for name in done.stdout.splitlines()[-1].split()}


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], []])
def test_help_loads_no_heavy_package(arguments: list[str]) -> None:
    loaded = _loaded(f"from pgagents.cli.main import main\nmain({arguments})")
    assert "click" in loaded
    assert loaded & HEAVY == set()


def test_no_command_loads_a_heavy_package_before_it_runs() -> None:
    commands = names("pgagents.cli")
    assert _loaded(f"import {', '.join(commands)}") & HEAVY == set()
