"""Redocly takes the workflows, and Redocly Respect runs the transcript's against our sandbox."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from offering import OFFERING
from starting import wait_for_ready

pytestmark = [pytest.mark.interop, pytest.mark.usefixtures("node")]

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


def _redocly(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Redocly's command line, which is kept from calling home."""
    command = [shutil.which("node") or "node", HERE / "node_modules/@redocly/cli/bin/cli.js", *arguments]
    environment = {**os.environ, "REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}
    return subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=600, check=False
    )


@pytest.mark.parametrize("offered", OFFERING, indirect=True)
def test_redocly_finds_nothing_against_the_workflows(offered: Path) -> None:
    done = _redocly("lint", "--extends=spec", "arazzo/workflows.arazzo.yaml", cwd=offered)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("offered", OFFERING, indirect=True)
def test_redocly_refuses_a_step_without_a_name(offered: Path, tmp_path: Path) -> None:
    document = json.loads((offered / "arazzo/workflows.arazzo.json").read_text(encoding="utf-8"))
    del document["workflows"][0]["steps"][0]["stepId"]
    (tmp_path / "broken.arazzo.json").write_text(json.dumps(document), encoding="utf-8")
    assert _redocly("lint", "--extends=spec", "broken.arazzo.json", cwd=tmp_path).returncode != 0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Park Graph's sandbox, ready, with its keys."""
    ready = tmp_path_factory.mktemp("sandbox") / "ready.json"
    command = [Path(sys.executable).with_name("pgagents"), "sandbox", "--port", "0", "--ready", str(ready)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield wait_for_ready(ready, process)
        finally:
            process.terminate()


CHOOSING = ("opt-in", "opt-in-integration", "refunds")
"""They choose a lot by a property. Arazzo 1.0 can only take the first, and ask whether it has it (a listed
loss).
"""


def test_respect_runs_every_other_workflow_against_the_sandbox(server: dict[str, Any]) -> None:
    keys = server["keys"]
    workflows = json.loads((ROOT / "generated/arazzo/workflows.arazzo.json").read_text(encoding="utf-8"))[
        "workflows"
    ]
    run = [w for w in workflows if w["workflowId"] not in CHOOSING]
    assert len(run) == len(workflows) - len(CHOOSING)
    done = _redocly(
        "respect",
        "arazzo/workflows.arazzo.yaml",
        *(word for name in CHOOSING for word in ("--skip", name)),
        "--server",
        f"parkgraph={server['url']}",
        "--input",
        f"token={keys['unlimited']}",
        "--input",
        f"fleet_token={keys['fleet']}",
        cwd=ROOT / "generated",
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert f"Workflows: {len(run)} passed" in said
    assert f"Steps: {sum(len(w['steps']) for w in run)} passed" in said
