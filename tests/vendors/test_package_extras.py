"""Without extras every command runs that needs none; the others name the extra in one line."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import bare
from lengths import rarely
from pgagents.cli.inputs import options
from starting import wait_for_ready

ROOT = Path(__file__).parents[2]
SHOP = str(ROOT / "tests/catalogues/shop.yaml")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
MISSION = {
    "pydantic",
    "openapi-spec-validator",
    "jsonschema",
    "jinja2",
    "click",
    "schemathesis",
    "hypothesis",
    "pytest",
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bare")
    return bare.install(bare.build(folder / "dist", "wheel")[0], folder / "site")


def requirements(extra: str = "") -> set[str]:
    lines = PROJECT["optional-dependencies"][extra] if extra else PROJECT["dependencies"]
    return {Requirement(line).name for line in lines}


def test_core_keeps_what_it_must_and_extras_are_their_own() -> None:
    assert requirements() >= MISSION
    for extra in options.EXTRAS:
        assert requirements(extra) & requirements() == set()


@pytest.mark.parametrize("extra", list(options.EXTRAS))
def test_modules_of_an_extra_are_those_of_its_packages(extra: str) -> None:
    by_module = metadata.packages_distributions()
    assert {name.lower() for module in options.EXTRAS[extra] for name in by_module[module]} == requirements(
        extra
    )
    assert options.missing_modules(extra) == []


@pytest.mark.matrix
def test_no_module_of_an_extra_can_be_imported_here(site: Path) -> None:
    """Else the tests below would prove nothing."""
    for module in sorted({module for modules in options.EXTRAS.values() for module in modules}):
        words = [sys.executable, "-S", "-c", f"import {module}"]
        done = subprocess.run(
            words, env={"PYTHONPATH": str(site)}, capture_output=True, text=True, check=False
        )
        assert "ModuleNotFoundError" in done.stderr, module


REQUIRED = {
    "sandbox": {"authlib", "segno", "starlette", "uvicorn"},
    "mcp": {"mcp", "pyjwt", "starlette", "uvicorn"},
    "sandbox,mcp": {"authlib", "mcp", "pyjwt", "segno", "starlette", "uvicorn"},
}
"""The packages that a message tells to install, by name: pgagents itself is on no registry."""
LACKING = [
    ("sandbox", "sandbox"),
    (f"sandbox {SHOP} --port 0", "sandbox"),
    ("sandbox --list-faults", "sandbox"),
    ("demo", "sandbox"),
    ("explain search-unsorted", "sandbox"),
    (f"mcp {SHOP}", "mcp"),
    (f"mcp {SHOP} --http --port 0", "mcp"),
]
FIRST_OF_EACH = {extras: (words, extras) for words, extras in reversed(LACKING)}
"""The first command that lacks an extra, for each extra or several."""


@pytest.mark.parametrize(("words", "extras"), rarely(LACKING, *FIRST_OF_EACH.values()))
def test_missing_extra_is_one_message_with_its_step(
    site: Path, tmp_path: Path, words: str, extras: str
) -> None:
    done = bare.run(site, words.split(), tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    said, step = done.stderr.splitlines()
    assert said.startswith(f"error: `pgagents {words.split()[0]}")
    assert step.strip().startswith("help: ")
    _, _, packages = done.stderr.partition(": pip install ")
    named = {Requirement(line).name for line in shlex.split(packages)}
    assert named == REQUIRED[extras]
    assert list(tmp_path.iterdir()) == []


def test_verify_names_the_extra_that_our_own_mcp_server_lacks(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It does so before anything is sent, where the server is this very program; another program's
    packages are its own affair.
    """
    from pgagents.base.errors import PgagentsError
    from pgagents.catalogue.load import load_file
    from pgagents.cli.inputs import companions

    model = load_file(ROOT / "catalogue/park_graph.yaml")
    program = tmp_path / "pgagents"
    program.touch(0o755)
    monkeypatch.setattr(options, "missing_modules", lambda extra: [extra])
    companions.check(model, None, f"{program} mcp", discovery=False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    for other in (f"{program} call", f"npx {program} mcp"):
        companions.check(model, None, other, discovery=False)
    with pytest.raises(PgagentsError, match="needs the extra `mcp`"):
        companions.check(model, None, f"{program} mcp park-graph", discovery=False)


RUN_ALL = """
import json, sys
from pgagents.cli.main import main
print(json.dumps({words: main(words.split()) for words in sys.argv[1:]}), file=sys.stderr)
"""
"""Runs several commands in one process; the last line of its errors is their exit codes."""


@pytest.mark.matrix
def test_commands_run_without_extras(site: Path, tmp_path: Path) -> None:
    """One process for all: what one of them imports, another cannot make importable."""
    commands = [
        f"build {SHOP} --out made",
        f"lint {SHOP}",
        f"diff {SHOP} {SHOP}",
        f"contracts {SHOP}",
        f"import {ROOT / 'generated/openapi/openapi.json'} --out imported.yaml",
        f"lint {ROOT / 'generated/copilot/openapi-3.0.yaml'} {ROOT / 'generated/openai/openapi.yaml'}",
        "init mine.yaml",
        "explain",
        "explain law",
        f"verify {SHOP} --url https://127.0.0.1:9 --plan --receiver auto --profile deep",
    ]
    done = bare.run_python(site, ["-c", RUN_ALL, *commands], tmp_path, PGAGENTS_TOKEN="sk_test_x")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stderr.splitlines()[-1]) == dict.fromkeys(commands, 0), done.stderr


@pytest.mark.parametrize(
    "command", rarely(["demo", "build", "lint", "verify", "sandbox", "mcp"], "sandbox", "mcp")
)
def test_help_needs_no_extra(site: Path, tmp_path: Path, command: str) -> None:
    done = bare.run(site, [command, "--help"], tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Usage: pgagents" in done.stdout


def test_doctor_names_the_extras_that_are_not_there(site: Path, tmp_path: Path) -> None:
    done = bare.run(site, ["doctor"], tmp_path)
    assert "note  sandbox" in done.stdout
    assert "pip install 'mcp<3,>=2.3' " in done.stdout
    assert "pip install pgagents" not in done.stdout
    assert "Traceback" not in done.stderr


@pytest.fixture
def server(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A sandbox of the shop, which has its extra."""
    ready = tmp_path / "ready.json"
    words = [sys.executable, "-m", "pgagents", "sandbox", SHOP, "--tls", "--port", "0", "--ready", str(ready)]
    child = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        told = wait_for_ready(ready, child)
        yield {"url": told["url"], "ca": told["ca_file"], "key": told["keys"]["unlimited"]}
    finally:
        child.terminate()
        child.wait(600)


@pytest.mark.matrix
def test_verify_and_call_need_no_extra(site: Path, tmp_path: Path, server: dict[str, str]) -> None:
    where = ["--url", server["url"], "--cacert", server["ca"]]
    reports = [word for name in ("r.json", "r.xml", "r.html", "r.sarif") for word in ("--report", name)]
    done = bare.run(site, ["verify", SHOP, *where, *reports], tmp_path, PGAGENTS_TOKEN=server["key"])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no finding" in done.stdout
    done = bare.run(
        site,
        ["call", "search_products", "q=kettle", "--catalogue", SHOP, *where],
        tmp_path,
        PGAGENTS_TOKEN=server["key"],
    )
    assert done.returncode == 0, done.stderr
