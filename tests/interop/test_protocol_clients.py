"""The protocol's TypeScript client (2.4.0) takes the tools and skills of our MCP server in both eras.

Our own tests use the client of the Python SDK (tests/run/test_mcp_server.py).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from judging import CATALOGUES, DOCUMENTS, HERE

pytestmark = pytest.mark.interop

JUDGES = HERE / "client_judges"
COPIES = [{"id": 4, "title_id": 1, "number": 1, "hold_id": None}]
OPEN = "from pgagents.cli import mcp; mcp._token = str; from pgagents.cli.main import run; run()"
"""The client has no token, so this server asks for none."""
MUTANT = """
import subprocess, sys, threading
server = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
def answer():
    for line in server.stdout:
        sys.stdout.write(line.replace('"size":', '"size":1'))
        sys.stdout.flush()
threading.Thread(target=answer, daemon=True).start()
for line in sys.stdin:
    server.stdin.write(line)
    server.stdin.flush()
server.terminate()
"""
"""A server whose skills have other sizes than their files."""
Ask = Callable[..., Any]


@pytest.fixture(scope="session")
def judge(install: Callable[[Path], str], pytestconfig: pytest.Config) -> Ask:
    """Runs a script of the judges' folder, and answers what it printed."""
    if "interop" not in pytestconfig.getoption("markexpr"):
        pytest.skip("it starts a server for each catalogue: make interop runs it")
    if why := install(JUDGES):
        pytest.skip(why)

    def run(script: str, *words: str) -> Any:
        key = {"LENDING_KEY": "lib_test_0123456789abcdef01234567"}
        done = subprocess.run(
            ["node", str(JUDGES / script), *words],
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
            env={**os.environ, **key},
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.strip().splitlines()[-1])

    return run


def serve(file: Path, url: str = "http://127.0.0.1:9") -> list[str]:
    return [sys.executable, "-c", OPEN, "mcp", str(file), "--url", url]


@contextmanager
def library() -> Iterator[str]:
    """Serve a library in which every list holds one copy; answers the URL."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

        def do_GET(self) -> None:
            body = json.dumps(COPIES).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        *((name, "auto") for name in (*CATALOGUES, *DOCUMENTS)),
        ("notes.json", "legacy"),
    ],
)
def test_the_typescript_client_reads_tools_and_skills(
    name: str, mode: str, tmp_path: Path, judge: Ask
) -> None:
    file = CATALOGUES.get(name) or tmp_path / "pgagents.yaml"
    if name in DOCUMENTS:
        document = shutil.copy(DOCUMENTS[name], tmp_path)
        file.write_text(f"pgagents: 1\nopenapi: ./{Path(document).name}\n", encoding="utf-8")
    heard = judge("client.mjs", mode, "-", "{}", *serve(file))
    assert heard["problems"] == []
    assert heard["version"] == {"auto": "2026-07-28", "legacy": "2025-11-25"}[mode]
    assert heard["tools"]
    assert heard["skills"]
    assert heard["files"] == len(heard["skills"])


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_the_typescript_client_takes_a_list_in_an_object(mode: str, judge: Ask) -> None:
    """It holds structured content to the output schema."""
    with library() as url:
        words = serve(CATALOGUES["library"], url)
        heard = judge("client.mjs", mode, "list_copies", '{"title_id": 1}', *words)
    assert heard["problems"] == []
    assert heard["result"]["structuredContent"] == {"result": COPIES}


def test_the_client_of_skills_refuses_other_sizes(judge: Ask) -> None:
    mutant = [sys.executable, "-c", MUTANT, *serve(CATALOGUES["library"])]
    assert judge("client.mjs", "auto", "-", "{}", *mutant)["problems"]
