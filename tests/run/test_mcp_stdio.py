"""`pgagents mcp` as a process: every line of stdout is an answer, and nothing that comes in ends it."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import mcp
import pytest
from mcp_types import jsonrpc_message_adapter
from pydantic import ValidationError

from calling import Script, run, sandboxed, served
from pgagents.base.http import Response
from pgagents.cli.main import main
from pgagents.mcp.server import USUAL
from pgagents.mcp.stdio import Lines, _error
from sandboxes import ROOT, VAIL
from starting import give_clients_time

COMMAND = [sys.executable, "-c", "from pgagents.cli.main import run; run()", "mcp"]
HELLO = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
SEARCH = {"lat": 39.6403, "lng": -106.3742, "radius_km": 1.5, "limit": 5}


PARK_GRAPH = ROOT / "catalogue/park_graph.yaml"
SMALL = ROOT / "tests/catalogues/notes.yaml"
"""A catalogue that is read in a tenth of the time, for what is the same with any."""


class Process:
    """A server over pipes."""

    def __init__(self, *words: str, catalogue: Path = PARK_GRAPH, **env: str) -> None:
        self.child = subprocess.Popen(
            [*COMMAND, str(catalogue), *words], env=environment(**env),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def send(self, message: Any) -> None:
        """One line, as it is where it is bytes."""
        assert self.child.stdin
        self.child.stdin.write(
            (message if isinstance(message, bytes) else json.dumps(message).encode()) + b"\n"
        )
        self.child.stdin.flush()

    def ask(self, id: int, method: str, params: Any = None) -> Any:
        """A request's answer, which must be the next line."""
        self.send(
            {
                "jsonrpc": "2.0",
                "id": id,
                "method": method,
                **({"params": params} if params is not None else {}),
            }
        )
        found = self.line()
        assert found["id"] == id
        return found

    def line(self) -> Any:
        """The next line, which must come in time."""
        assert self.child.stdout
        found: list[bytes] = []
        reading = threading.Thread(target=lambda: found.append(self.child.stdout.readline()), daemon=True)  # type: ignore[union-attr]  # see above
        reading.start()
        reading.join(600)
        assert found, "no line came"
        return json.loads(found[0])

    def hello(self) -> Any:
        """Open the talk as peers before 2026 do."""
        found = self.ask(1, "initialize", HELLO)
        self.send({"jsonrpc": "2.0", "method": "notifications/initialized"})
        return found["result"]

    def tool(self, id: int, name: str, arguments: Any) -> Any:
        """A tool call's result."""
        return self.ask(id, "tools/call", {"name": name, "arguments": arguments})["result"]

    def end(self) -> tuple[int, bytes, bytes]:
        """Close stdin; the exit code and what else came out."""
        out, err = self.child.communicate(timeout=600)
        return self.child.returncode, out, err


def environment(**more: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("NOTES_", "PARKGRAPH_", "PGAGENTS_"))}
    return {**kept, **more}


@contextmanager
def process(*words: str, catalogue: Path = PARK_GRAPH, **env: str) -> Iterator[Process]:
    found = Process(*words, catalogue=catalogue, **env)
    try:
        yield found
    finally:
        if found.child.poll() is None:
            found.child.kill()
        found.child.wait(600)


def error_of(result: Any) -> Any:
    assert result["isError"] is True
    assert "structuredContent" not in result
    return json.loads(result["content"][0]["text"])["error"]


@pytest.mark.matrix
@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_official_client_lists_and_calls(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    give_clients_time(monkeypatch)
    caller, _ = sandboxed()
    written = json.loads((ROOT / "generated/mcp/tools.json").read_text(encoding="utf-8"))

    async def work(url: str) -> Any:
        env = environment(PARKGRAPH_API_KEY=caller.tokens["unlimited"], PARKGRAPH_API_URL=url)
        started = mcp.StdioServerParameters(
            command=COMMAND[0], args=[*COMMAND[1:], str(ROOT / "catalogue/park_graph.yaml")], env=env
        )
        async with mcp.Client(mcp.stdio_client(started), mode=mode) as peer:
            listed = await peer.list_tools()
            return peer.protocol_version, listed, await peer.call_tool("search_parking", SEARCH)

    with served(caller.sandbox.handler) as url:
        version, listed, result = run(lambda: work(url))
    assert version == {"auto": "2026-07-28", "legacy": "2025-11-25"}[mode]
    assert listed.model_dump(mode="json", by_alias=True, exclude_none=True)["tools"] == written["tools"]
    assert result.structured_content == caller.data("GET", VAIL)


def test_lines_that_are_no_message_are_answered_and_the_talk_goes_on() -> None:
    with process(PARKGRAPH_API_KEY="pk_test_k") as server:
        for line, code in [
            (b"{broken", -32700),
            (b"\xff\xfe\x00", -32700),
            (b'{"a":' * 50_000, -32700),
            (b"[1, 2]", -32600),
            (b'"text"', -32600),
            (b'{"jsonrpc": "1.0", "id": 1, "method": "ping"}', -32600),
        ]:
            server.send(line)
            found = server.line()
            assert (found["id"], found["error"]["code"]) == (None, code), line
        server.send(b"")
        server.send(b"   ")
        assert server.hello()["serverInfo"]["name"] == "parkgraph-mcp"
        server.send(b"}{")
        assert server.line()["error"]["code"] == -32700
        assert server.ask(2, "ping")["result"] == {}
        assert server.ask(3, "no/such/method")["error"]["code"] == -32601
        assert (
            server.ask(4, "tools/call", {"name": "search_parking", "arguments": [1]})["error"]["code"]
            == -32602
        )
        assert server.ask(5, "tools/call")["error"]["code"] == -32602
        assert len(server.ask(6, "tools/list")["result"]["tools"]) == 15
        assert server.end() == (0, b"", b"")


LONG = b"x" * (USUAL + 5)


@pytest.mark.parametrize(
    ("line", "id"),
    [
        (b'{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"a":"%s"}}', 7),
        (b'{"jsonrpc": "2.0", "id": "a-7", "method": "tools/call", "params": {"a": "%s"}}', "a-7"),
        (b'{"method":"tools/call","params":{"a":"%s","id":9},"jsonrpc":"2.0","id":7}', 7),
        (b'{"method": "tools/call", "params": {"a": "%s"}, "id": "7", "jsonrpc": "2.0"} ', "7"),
        (b'{"method":"tools/call","params":{"a":"%s","id":9}}', None),
        (b'{"method":"tools/call","params":{"a":"%s","b":",\\"id\\":9}"}}', None),
        (b'{"params":{"a":"%s"},"id":7,"method":"tools/call"}', None),
        (b'{"jsonrpc":"2.0","id":7,"result":{"a":"%s"}}', None),
        (b'{"jsonrpc":"2.0","id":007,"method":"tools/call","params":{"a":"%s"}}', None),
    ],
)
def test_a_request_that_is_too_long_is_answered_by_its_id(line: bytes, id: Any) -> None:
    stream = io.BytesIO(line % LONG + b"\n" + b"{}\n")
    lines = Lines(stream.readline)
    with pytest.raises(ValidationError) as caught:
        jsonrpc_message_adapter.validate_json(run(lines.__anext__), by_name=False)
    answer = _error(caught.value, USUAL)
    assert answer.id == id
    assert answer.error.message == "Invalid Request: the line is longer than 1,000,000 bytes"
    assert run(lines.__anext__) == "{}\n"


def test_a_client_learns_which_search_was_too_long() -> None:
    with process("--tools", "search", catalogue=SMALL) as server:
        server.hello()
        given = {"name": "search_tools", "arguments": {"query": "x" * USUAL}}
        assert server.ask(7, "tools/call", given)["error"]["code"] == -32600
        assert server.ask(8, "ping")["result"] == {}


@pytest.mark.matrix
def test_without_key_and_api_every_call_has_a_clear_result() -> None:
    with process("--url", "http://127.0.0.1:9") as server:
        server.hello()
        assert error_of(server.tool(2, "search_parking", SEARCH))["code"] == "no_key"
        assert error_of(server.tool(3, "search_parking", {}))["code"] == "invalid_arguments"
        code, out, err = server.end()
        assert (code, out) == (0, b"")
        assert err.startswith(b"no key: set PARKGRAPH_API_KEY where the MCP client starts this")
    with process(PARKGRAPH_API_KEY="pk_test_k", PARKGRAPH_API_URL="http://127.0.0.1:9") as server:
        server.hello()
        error = error_of(server.tool(2, "search_parking", SEARCH))
        assert error == {"code": "unreachable", "message": "the API cannot be reached"}
        assert server.end() == (0, b"", b"")


def test_answers_that_no_one_can_take_have_a_clear_result() -> None:
    key = "pk_test_very_secret_key"
    script = Script(
        Response(200, (), b'{"lots":"' + b"x" * 10_000_000 + b'"}'),
        Response(200, (), b"{broken"),
        Response(401, (), b"<html>" + key.encode()),
    )
    with served(script) as url, process(PARKGRAPH_API_KEY=key, PARKGRAPH_API_URL=url) as server:
        server.hello()
        found = [server.tool(id, "search_parking", SEARCH) for id in (2, 3, 4)]
        assert [error_of(result)["code"] for result in found] == [
            "answer_too_large",
            "unreadable_answer",
            "http_401",
        ]
        code, out, err = server.end()
    assert (code, out) == (0, b"")
    assert key not in json.dumps(found) + err.decode()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_ends_it_at_once_though_stdin_is_open(number: signal.Signals) -> None:
    with process(catalogue=SMALL, NOTES_TOKEN="test_k") as server:
        server.hello()
        server.child.send_signal(number)
        assert server.child.wait(600) == -number
        assert server.end()[1:] == (b"", b"")


def test_the_handler_of_interrupts_is_put_back_when_serving_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that serves through the command, and then goes on, can be interrupted again."""

    async def serve(*_: Any) -> None:
        assert signal.getsignal(signal.SIGINT) is signal.SIG_DFL

    monkeypatch.setattr("pgagents.mcp.stdio.serve", serve)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert main(["mcp", str(SMALL), "--url", "http://127.0.0.1:9"]) == 0
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.matrix
def test_client_that_leaves_in_the_middle_of_a_call_ends_it() -> None:
    with process(PARKGRAPH_API_KEY="k", PARKGRAPH_API_URL="http://127.0.0.1:9") as server:
        server.hello()
        server.send(
            {
                "jsonrpc": "2.0",
                "id": 2,
                "method": "tools/call",
                "params": {"name": "search_parking", "arguments": SEARCH},
            }
        )
        code, _, err = server.end()
    assert code == 0
    assert b"Traceback" not in err


@pytest.mark.parametrize(
    ("words", "env", "said"),
    [
        (
            [],
            {"NOTES_URL": "notes.example"},
            "NOTES_URL 'notes.example' is not an http or https URL",
        ),
        ([], {"NOTES_TOKEN": "a b"}, "NOTES_TOKEN holds characters that no key has"),
        (["--issuer", "https://a.example"], {}, "go with --http"),
        (["--http", "--host", "0.0.0.0"], {}, "lets others call with your key"),
        (["--http", "--issuer", "https://a.example"], {}, "--issuer needs --public-url"),
        (["--http", "--public-url", "https://m.example/mcp"], {}, "give --issuer too"),
        (
            ["--http", "--issuer", "https://a.example", "--public-url", "https://m.example/"],
            {},
            "does not end in /mcp",
        ),
        (
            ["--http", "--issuer", "http://a.example", "--public-url", "https://m.example/mcp"],
            {},
            "has no TLS",
        ),
        (
            ["--http", "--issuer", "http://127.0.0.1:9", "--public-url", "https://m.example/mcp"],
            {},
            "no metadata of an authorization server",
        ),
    ],
)
def test_wrong_set_up_is_told_on_stderr_before_anything_is_served(
    words: list[str], env: dict[str, str], said: str
) -> None:
    with process(*words, catalogue=SMALL, **env) as server:
        code, out, err = server.end()
    assert code == 2
    assert out == b""
    assert said in err.decode()
    assert b"Traceback" not in err
