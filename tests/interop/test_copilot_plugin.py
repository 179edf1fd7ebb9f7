"""Microsoft's schema of app manifests (app-manifest 1.1.2) takes the plugin for Copilot Cowork.

Its connector is judged by our own rules alone (tests/vendors/test_lint_power_platform.py): no package of
Microsoft's for it is on npm.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from judging import CATALOGUES, HERE

from loading import read_once
from pgagents.generate.build import build

pytestmark = pytest.mark.interop

JUDGES = HERE / "client_judges"
WRONG: dict[str, dict[str, Any]] = {
    "another member": {"packageName": "x"},
    "a colour by name": {"accentColor": "blue"},
    "a long folder": {"agentSkills": [{"folder": "s" * 257}]},
    "a connector without a name": {"agentConnectors": [{"id": "a"}]},
}


@pytest.fixture(scope="session")
def judge(install: Callable[[Path], str]) -> Callable[[Any, Path], list[Any]]:
    """Answers what the schema says of a manifest, written to a file."""
    if why := install(JUDGES):
        pytest.skip(why)

    def run(manifest: Any, file: Path) -> list[Any]:
        file.write_text(json.dumps(manifest), encoding="utf-8")
        words = ["node", str(JUDGES / "manifest.cjs"), str(file)]
        done = subprocess.run(words, capture_output=True, text=True, timeout=600, check=False)
        assert done.returncode == 0, done.stderr
        found: list[Any] = json.loads(done.stdout.strip().splitlines()[-1])
        return found

    return run


def make(name: str) -> dict[str, Any]:
    """Return the manifest of a catalogue with a hosted MCP server."""
    made = build(read_once(CATALOGUES[name]), only=("cowork",)).artifacts()
    manifest: dict[str, Any] = json.loads(next(a.data for a in made if a.path == "cowork/manifest.json"))
    return manifest


@pytest.mark.parametrize("name", ["library", "payments"])
def test_the_manifest_is_taken(name: str, tmp_path: Path, judge: Any) -> None:
    assert judge(make(name), tmp_path / "manifest.json") == []


@pytest.mark.parametrize("name", WRONG)
def test_a_broken_manifest_is_refused(name: str, tmp_path: Path, judge: Any) -> None:
    assert judge({**make("library"), **WRONG[name]}, tmp_path / "manifest.json") != []
