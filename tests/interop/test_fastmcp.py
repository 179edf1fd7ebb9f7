"""FastMCP's client (4.2.3) lists the tools of our MCP server and calls one.

It has an environment of its own, because it needs other versions of what pgagents is installed with.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from judging import CATALOGUES, DOCUMENTS, HERE
from test_protocol_clients import COPIES, library, serve

pytestmark = pytest.mark.interop

JUDGE = HERE / "fastmcp_judge"
MUTE = """
import subprocess, sys, threading
server = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
def answer():
    for line in server.stdout:
        sys.stdout.write(line.replace('"description"', '"x"'))
        sys.stdout.flush()
threading.Thread(target=answer, daemon=True).start()
for line in sys.stdin:
    server.stdin.write(line)
    server.stdin.flush()
server.terminate()
"""
"""A server whose tools have no description."""
Ask = Callable[..., Any]


@pytest.fixture(scope="session")
def judge() -> Ask:
    """Runs FastMCP's client, and answers what it heard."""
    python = JUDGE / ".venv" / "bin" / "python"
    if not python.exists():
        pytest.skip("needs an environment of its own: make judges installs it")

    def run(*words: str) -> Any:
        key = {"LENDING_KEY": "lib_test_0123456789abcdef01234567"}
        done = subprocess.run(
            [str(python), str(JUDGE / "client.py"), *words],
            capture_output=True,
            text=True,
            timeout=180,
            env={**os.environ, **key},
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2_000:]
        return json.loads(done.stdout)

    return run


@pytest.mark.parametrize("name", [*CATALOGUES, *DOCUMENTS])
def test_fastmcp_lists_every_tool(name: str, tmp_path: Path, judge: Ask) -> None:
    file = CATALOGUES.get(name) or tmp_path / "pgagents.yaml"
    if name in DOCUMENTS:
        document = shutil.copy(DOCUMENTS[name], tmp_path)
        file.write_text(f"pgagents: 1\nopenapi: ./{Path(document).name}\n", encoding="utf-8")
    heard = judge("-", "{}", *serve(file))
    assert heard["tools"]
    assert heard["silent"] == []


def test_fastmcp_calls_a_tool_that_answers_a_list(judge: Ask) -> None:
    with library() as url:
        heard = judge("list_copies", '{"title_id": 1}', *serve(CATALOGUES["library"], url))
    assert not heard["error"]
    assert heard["structured"] == {"result": COPIES}


def test_fastmcp_refuses_nothing_that_is_silent_and_the_judge_does(judge: Ask) -> None:
    """The client takes tools without a description; what is judged here names them."""
    heard = judge("-", "{}", sys.executable, "-c", MUTE, *serve(CATALOGUES["library"]))
    assert heard["silent"]
