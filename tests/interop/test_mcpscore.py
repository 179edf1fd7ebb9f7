"""mcpscore grades the MCP server of a catalogue: at least nine tenths, and no rule about skills is broken."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from judging import CATALOGUES, DOCUMENTS

pytestmark = pytest.mark.interop

LEAST = 0.9
"""The paper of 2026-11-25 has 168 of 176; what is missing are rules of one point."""
OPEN = "from pgagents.cli import mcp; mcp._token = str; from pgagents.cli.main import run; run()"
"""The judge has no way to send a token, so this server asks for none."""
MUTE = """
import subprocess, sys, threading
server = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
def answer():
    for line in server.stdout:
        sys.stdout.write(line.replace('"description"', '"x"').replace('"inputSchema"', '"y"'))
        sys.stdout.flush()
threading.Thread(target=answer, daemon=True).start()
for line in sys.stdin:
    server.stdin.write(line)
    server.stdin.flush()
server.terminate()
"""
"""A server that says less than the one that it starts: no description, and no schema."""


@pytest.fixture(scope="session")
def mcpscore(pytestconfig: pytest.Config) -> str:
    """The judge's command."""
    if "interop" not in pytestconfig.getoption("markexpr"):
        pytest.skip("it takes half a minute: make interop runs it")
    found = Path(sys.executable).with_name("mcpscore")
    command = str(found) if found.exists() else shutil.which("mcpscore")
    if not command:
        pytest.skip("needs the package mcpscore: make interop installs it")
    return command


def grade(command: str, server: list[str]) -> Any:
    """Return what the judge says of a server; empty if it gave no grade."""
    done = subprocess.run(
        [command, "--no-config", "--json", "--stdio", *server],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    return json.loads(done.stdout) if done.stdout.strip().startswith("{") else {}


def find_faults(said: Any) -> list[str]:
    """Return why the judge refuses a server."""
    if not said or not said.get("max_score"):
        return ["no grade"]
    broken = [one["rule_id"] for one in said["results"] if not one["passed"]]
    share = said["score"] / said["max_score"]
    low = [f"{said['score']} of {said['max_score']}: {', '.join(broken)}"] if share < LEAST else []
    return [*low, *(rule for rule in broken if "skills" in rule)]


def serve(file: Path) -> list[str]:
    return [sys.executable, "-c", OPEN, "mcp", str(file), "--url", "http://127.0.0.1:9"]


@pytest.mark.parametrize("name", ["library", "payments", "notes.json"])
def test_the_server_has_nine_tenths_of_the_points(name: str, tmp_path: Path, mcpscore: str) -> None:
    file = CATALOGUES.get(name) or tmp_path / "pgagents.yaml"
    if name in DOCUMENTS:
        shutil.copy(DOCUMENTS[name], tmp_path / "openapi.json")
        file.write_text("pgagents: 1\nopenapi: ./openapi.json\n", encoding="utf-8")
    assert find_faults(grade(mcpscore, serve(file))) == []


def test_a_server_that_says_too_little_is_refused(mcpscore: str) -> None:
    muted = [sys.executable, "-c", MUTE, *serve(CATALOGUES["library"])]
    assert find_faults(grade(mcpscore, muted)) != []
