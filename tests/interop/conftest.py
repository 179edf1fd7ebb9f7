"""Vendors' own packages from npm, installed once beside the judge scripts, and the generated files they
judge.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from evaluation.bench.catalogue import make_catalogue

from offering import OFFERING
from pgagents.catalogue.load import load_file, load_text
from pgagents.catalogue.model.model import Model
from pgagents.generate.build import build
from pgagents.generate.package import pack, references

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
MANY = 60


def warehouse() -> Model:
    """A large catalogue, of which every surface but REST offers a part."""
    return load_text(make_catalogue(MANY), "warehouse.yaml")


CATALOGUES: dict[str, Callable[[], Model]] = {
    "park_graph": lambda: load_file(ROOT / "catalogue/park_graph.yaml"),
    "shop": lambda: load_file(ROOT / "tests/catalogues/shop.yaml"),
    "warehouse": warehouse,
}
OFFERED: dict[str, Callable[[], Model]] = {**OFFERING, "warehouse": warehouse}
LISTED: dict[str, Callable[[], Model]] = {
    **OFFERING,
    "library": lambda: load_file(ROOT / "tests/catalogues/library.yaml"),
}

Judge = Callable[..., Any]


def install_judges(folder: Path = HERE) -> str:
    """Put the packages of package.json into node_modules, unless they are there; answers why it cannot, or
    nothing.

    One of several test processes installs them, and the others wait. They are installed aside and renamed, so
    that a process that is ended leaves no half of them.
    """
    with (folder / ".installing").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _install(folder)


def _install(folder: Path) -> str:
    wanted = (folder / "package.json").read_text(encoding="utf-8")
    modules = folder / "node_modules"
    stamp = modules / ".installed.json"
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return ""
    npm = shutil.which("npm")
    if not npm or not shutil.which("node"):
        return "needs node and npm"
    aside = folder / f"node_modules.{os.getpid()}"
    aside.mkdir()
    try:
        (aside / "package.json").write_text(wanted, encoding="utf-8")
        flags = ["--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts", "--loglevel=error"]
        done = subprocess.run(
            [npm, "install", *flags], cwd=aside, capture_output=True, text=True, timeout=300, check=False
        )
        if done.returncode:
            return f"npm could not install the judges: {done.stderr.strip()[-200:]}"
        (aside / "node_modules" / ".installed.json").write_text(wanted, encoding="utf-8")
        shutil.rmtree(modules, ignore_errors=True)
        (aside / "node_modules").replace(modules)
    except (OSError, subprocess.TimeoutExpired) as error:
        return "" if stamp.is_file() else f"the judges could not be installed: {error}"
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return ""


@pytest.fixture(scope="session")
def install() -> Callable[[Path], str]:
    """Installs the packages of another folder's package.json; answers why it cannot, or nothing."""
    return install_judges


@pytest.fixture(scope="session")
def node() -> Judge:
    """Runs a judge script and answers what it printed."""
    if why := install_judges():
        pytest.skip(why)

    def run(script: str, *arguments: Path) -> Any:
        done = subprocess.run(
            ["node", str(HERE / script), *map(str, arguments)],
            cwd=HERE,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.strip().splitlines()[-1])

    return run


@pytest.fixture(scope="session", params=CATALOGUES)
def generated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all documents of a catalogue."""
    out = tmp_path_factory.mktemp(request.param)
    for artifact in build(CATALOGUES[request.param]()).artifacts():
        file = out / artifact.path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(artifact.data)
    return out


@pytest.fixture(scope="session", params=LISTED)
def listed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all documents of a catalogue that has listings, and the MCP bundle."""
    out = tmp_path_factory.mktemp(f"{request.param}-listed")
    model = LISTED[request.param]()
    built = build(model)
    made = pack(model, built, dict.fromkeys(references(model), "an-id")).made
    for artifact in (*built.artifacts(), *made):
        file = out / artifact.path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(artifact.data)
    return out


@pytest.fixture(scope="session", params=OFFERED)
def offered(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all documents of a catalogue that has a surface for every vendor."""
    out = tmp_path_factory.mktemp(f"{request.param}-offered")
    for artifact in build(OFFERED[request.param]()).artifacts():
        file = out / artifact.path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(artifact.data)
    return out
