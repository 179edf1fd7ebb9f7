"""Over HTTP, callers of a server for this machine need its token: other users of the machine must not call
with the operator's key.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from calling import park, sandboxed, served
from hosting import serving as serving_app
from pgagents.client.client import Client
from pgagents.client.send import sending
from pgagents.mcp import http as serving
from pgagents.mcp.server import make_server
from sandboxes import ROOT
from test_mcp_http import BOTH, HELLO, talked

PGAGENTS = [sys.executable, "-c", "from pgagents.cli.main import run; run()"]
CATALOGUE = str(ROOT / "catalogue/park_graph.yaml")
TOKEN = "a-token-of-this-machine"


@contextmanager
def listening(**env: str) -> Iterator[tuple[str, str, str]]:
    """`pgagents mcp --http` in a process of its own; its URL, and the token as stderr tells it, empty
    where it does not.
    """
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PARKGRAPH_", "PGAGENTS_"))}
    words = [*PGAGENTS, "mcp", CATALOGUE, "--http", "--port", "0"]
    child = subprocess.Popen(
        words, env={**kept, **env}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout
        assert child.stderr
        told = child.stdout.readline()
        token = "" if "PGAGENTS_MCP_TOKEN" in env else child.stderr.readline()
        yield told.split()[2], token.rpartition(" ")[2].strip(), told
    finally:
        child.terminate()
        child.communicate(timeout=600)


@pytest.fixture(scope="module")
def guarded() -> Iterator[str]:
    """The URL of a server with a token, in this process."""
    caller, _ = sandboxed()
    bound = serving.bind(0, "127.0.0.1")
    port = bound.getsockname()[1]
    server = make_server(park(), Client(park(), sending(caller.sandbox.handler), caller.tokens["unlimited"]))
    app = serving.make_app(server, park(), port, token=TOKEN)
    with serving_app(app, bound, force=True):
        yield f"http://127.0.0.1:{port}/mcp"


@pytest.mark.parametrize(
    "given",
    [
        None,
        "",
        "Bearer",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        f"Basic {TOKEN}",
        TOKEN,
        f"Bearer {TOKEN} {TOKEN}",
    ],
)
@pytest.mark.parametrize("method", ["POST", "GET", "DELETE"])
def test_caller_without_the_token_is_refused(guarded: str, given: str | None, method: str) -> None:
    headers = BOTH if given is None else {**BOTH, "Authorization": given}
    answer = httpx.request(method, guarded, json=HELLO if method == "POST" else None, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith('Bearer realm="pgagents mcp"')
    assert ('error="invalid_token"' in answer.headers["www-authenticate"]) == bool(given)
    assert "mcp-session-id" not in answer.headers
    assert TOKEN not in answer.text


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_official_client_with_the_token_is_served(guarded: str, mode: str) -> None:
    assert len(talked(guarded, mode, lambda peer: peer.list_tools(), token=TOKEN).tools) == 15
    assert (
        httpx.post(guarded, json=HELLO, headers={**BOTH, "Authorization": f"bearer  {TOKEN}"}).status_code
        == 200
    )


def test_callers_without_the_token_take_up_no_session(guarded: str) -> None:
    with httpx.Client() as client:
        for _ in range(50):
            assert client.post(guarded, json=HELLO, headers=BOTH).status_code == 401
    assert (
        httpx.post(guarded, json=HELLO, headers={**BOTH, "Authorization": f"Bearer {TOKEN}"}).status_code
        == 200
    )


def test_body_of_a_caller_without_the_token_is_not_waited_for(guarded: str) -> None:
    import socket

    host, port = guarded.removeprefix("http://").removesuffix("/mcp").split(":")
    with socket.create_connection((host, int(port)), timeout=600) as connection:
        connection.sendall(
            f"POST /mcp HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: 900000\r\n\r\n".encode()
        )
        assert connection.recv(65_536).startswith(b"HTTP/1.1 401 ")


@pytest.mark.matrix
def test_token_is_made_and_told_once_where_none_is_set() -> None:
    with listening() as (url, token, told):
        assert len(token) >= 32
        assert token not in told
        assert httpx.post(url, json=HELLO, headers=BOTH).status_code == 401
        assert (
            httpx.post(url, json=HELLO, headers={**BOTH, "Authorization": f"Bearer {token}"}).status_code
            == 200
        )
    with listening() as (_, other, _):
        assert other != token


@pytest.mark.matrix
def test_verify_reaches_our_own_server_with_the_token_and_prints_it_nowhere(tmp_path: Path) -> None:
    caller, _ = sandboxed()
    with (
        served(caller.sandbox.handler) as api,
        listening(
            PGAGENTS_MCP_TOKEN=TOKEN, PARKGRAPH_API_KEY=caller.tokens["unlimited"], PARKGRAPH_API_URL=api
        ) as (url, _, told),
    ):
        assert TOKEN not in told
        env = {**os.environ, "PGAGENTS_TOKEN": caller.tokens["unlimited"], "PGAGENTS_MCP_TOKEN": TOKEN}
        words = [*PGAGENTS, "verify", CATALOGUE, "--url", api, "--mcp-url", url, "--report", "report.json"]
        words += [
            word
            for name in ("mcp_tools", "mcp_transport/opens", "mcp_transport/malformed")
            for word in ("--only", name)
        ]
        done = subprocess.run(
            words, cwd=tmp_path, env=env, capture_output=True, text=True, check=False, timeout=300
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\nno finding\n[1-9]\d* promises kept", done.stdout), done.stdout
    assert TOKEN not in done.stdout + done.stderr + (tmp_path / "report.json").read_text(encoding="utf-8")
