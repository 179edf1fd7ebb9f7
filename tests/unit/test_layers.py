"""Imports between modules obey the contracts in pyproject.toml, and rules that these cannot say."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path

import pytest

import pgagents
from pgagents.base.registry import names

pytestmark = pytest.mark.always  # they hold the whole source, whatever a change touches
ROOT = Path(pgagents.__file__).parent
SIBLINGS = [
    "generate.targets",
    "lint.rules",
    "lint.tools.judges",
    "generate.packages",
    "verify.checks",
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


@dataclass(frozen=True)
class Source:
    """A module's facts that the tests ask for, without its tree, which takes much memory."""

    name: str
    imports: tuple[tuple[int, str], ...]
    talks: tuple[int, ...]
    """Lines that print, read input or end the process."""


@cache
def modules() -> tuple[Source, ...]:
    found = []
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found.append(
            Source(
                ".".join(parts[:-1] if parts[-1] == "__init__" else parts),
                tuple(imported(tree)),
                tuple(talking(tree)),
            )
        )
    return tuple(found)


def talking(tree: ast.Module) -> Iterator[int]:
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("print", "input", "exit", "quit")
        ):
            yield node.lineno


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
        yield from (
            (node.lineno, name.removeprefix("pgagents.")) for name in found if name.startswith("pgagents.")
        )


def test_rooms_import_only_rooms_below_them() -> None:
    """The contracts stand in pyproject.toml under `tool.importlinter`; `.venv/bin/lint-imports` shows a
    broken one in full.
    """
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [linter, "--no-cache"], cwd=ROOT.parents[1], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, (
        f"{done.stdout}\nimport from a lower room, or change the order in pyproject.toml and ARCHITECTURE.md"
    )
    assert "5 kept, 0 broken" in done.stdout


def test_imports_are_written_in_full() -> None:
    assert sum(len(module.imports) for module in modules()) > 1_000


def test_targets_rules_and_checks_import_no_sibling() -> None:
    wrong = [
        f"{module.name}:{line} imports {other}"
        for module in modules()
        for room in SIBLINGS
        if module.name.startswith(f"{room}.")
        for line, other in module.imports
        if other.startswith(f"{room}.")
    ]
    assert wrong == [], (
        "move what both need into the lower of the two rooms that use it, or into the room's shared module"
    )


PUBLIC = ("client",)
"""Packages whose names programs of others import; each name is imported when it is first used."""


def test_package_files_hold_a_docstring_and_nothing_else() -> None:
    for path in ROOT.rglob("__init__.py"):
        body = ast.parse(path.read_text(encoding="utf-8")).body
        assert body, f"{path} is empty: say in it what the package holds, as generate/__init__.py does"
        assert len(body) == 1 or path.parent.name in PUBLIC, f"{path}: move the code into a module"
        assert isinstance(body[0], ast.Expr), f"{path}: begin with a docstring, as generate/__init__.py does"


@pytest.mark.parametrize("package", PUBLIC)
def test_public_package_imports_nothing_before_it_is_used(package: str) -> None:
    code = f"import sys, pgagents.{package}; print(sum(name.startswith('pgagents.') for name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"


def test_only_the_command_line_prints() -> None:
    wrong = [
        f"{module.name}:{line}"
        for module in modules()
        if module.name.split(".")[0] != "cli"
        for line in module.talks
    ]
    assert wrong == [], "return the text, or raise PgagentsError; a module of cli/ prints it"


PARKING = re.compile(r"parking|fleet|\bplates?\b|\blot_id\b|\bvehicles?\b|\bgarage|\bvail\b", re.I)
CARS = ("parking", "fleet", "plate", "lot_id", "vehicle", "garage", "vail")
"""Parts of words without which a text has none of them; quicker than the pattern."""
OF_FLEETS = ("fleet", "cli/fleet.py", "cli/doctor.py", "cli/inputs/options.py", "__init__.py")
"""Places that call many APIs a fleet, and no cars."""
NOT_CARS = re.compile("fleet", re.I)


def is_of_fleets(path: Path) -> bool:
    return any(path == ROOT / place or ROOT / place in path.parents for place in OF_FLEETS)


def test_engine_knows_nothing_of_parking() -> None:
    """Anyone's API must be expressible: the domain is in the catalogue and in `park_graph`."""
    engine = [p for p in ROOT.rglob("*.py") if "park_graph" not in p.relative_to(ROOT).parts]
    templates = (ROOT.parents[1] / "templates").rglob("*.j2")
    wrong = [
        f"{path.relative_to(ROOT.parents[1])}:{number}: {line.strip()}"
        for path in chain(engine, templates)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if any(part in line.lower() for part in CARS)
        if PARKING.search(NOT_CARS.sub("", line) if is_of_fleets(path) else line)
    ]
    assert wrong == [], "say it in the catalogue, or put it into park_graph/"


def _loaded(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return {name.split(".")[0] for name in done.stdout.splitlines()[-1].split()}


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], []])
def test_help_loads_no_heavy_package(arguments: list[str]) -> None:
    loaded = _loaded(f"from pgagents.cli.main import main\nmain({arguments})")
    assert "click" in loaded
    assert loaded & HEAVY == set()


def test_no_command_loads_a_heavy_package_before_it_runs() -> None:
    commands = names("pgagents.cli")
    assert _loaded(f"import {', '.join(commands)}") & HEAVY == set()
