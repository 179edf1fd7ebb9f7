"""An agent's host books a parking space through the MCP server, as the published transcript tells it, to
the cent.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import mcp
import pytest

from calling import client_of, park, run, sandboxed, served
from pgagents.mcp.server import make_server
from sandboxes import ROOT, Caller
from starting import give_clients_time

TRANSCRIPT = json.loads((ROOT / "tests/data/seed_openai_transcript.json").read_text(encoding="utf-8"))


class Agent:
    """A model's steps in plain code: it reads the tools, calls one, reads the answer, and calls the next."""

    def __init__(self, peer: mcp.Client, caller: Caller) -> None:
        self._peer, self._caller = peer, caller
        self.called: list[str] = []

    async def use(self, name: str, **arguments: Any) -> Any:
        """One tool call, made only of what the tool's own schema asks for."""
        tool = next(tool for tool in (await self._peer.list_tools()).tools if tool.name == name)
        assert (
            set(tool.input_schema.get("required", ()))
            <= set(arguments)
            <= set(tool.input_schema["properties"])
        )
        result = await self._peer.call_tool(name, arguments)
        assert not result.is_error, result.content
        self.called.append(name)
        return result.structured_content

    async def parks_at_vail(self) -> Any:
        """Search, start, let four hours pass, end."""
        searched, started, _ = TRANSCRIPT
        chosen = searched["answer"]["lots"][1]
        lots = (await self.use("search_parking", **searched["parameters"]))["lots"]
        lot = next(lot for lot in lots if lot["name"] == chosen["name"])
        assert (lot["rate"], lot["available"]) == (chosen["rate"], chosen["available"])
        session = (await self.use("create_session", lot_id=lot["id"], plate=started["parameters"]["plate"]))[
            "session"
        ]
        assert (await self.use("get_session", session_id=session["id"]))["session"]["status"] == "active"
        self._caller.wait(4.02 * 3600)
        return (
            await self.use("end_session", session_id=session["id"], session_code=session["session_code"])
        )["session"]


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_agent_ends_with_the_transcripts_numbers(mode: str) -> None:
    caller, client = sandboxed()

    async def work() -> tuple[Any, list[str]]:
        async with mcp.Client(make_server(park(), client), mode=mode) as peer:
            agent = Agent(peer, caller)
            return await agent.parks_at_vail(), agent.called

    session, called = run(work)
    assert called == ["search_parking", "create_session", "get_session", "end_session"]
    assert (session["subtotal"], session["owner_payout"]) == (24.12, 21.71)
    assert session.items() >= TRANSCRIPT[2]["answer"]["session"].items()


@pytest.mark.matrix
def test_agent_ends_with_them_through_the_command_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server as a client starts it, over stdio, and the API on a socket."""
    give_clients_time(monkeypatch)
    caller, _ = sandboxed()
    code = "from pgagents.cli.main import run; run()"

    async def work(url: str) -> Any:
        env = {**os.environ, "PARKGRAPH_API_KEY": caller.tokens["unlimited"], "PARKGRAPH_API_URL": url}
        words = ["-c", code, "mcp", str(ROOT / "catalogue/park_graph.yaml")]
        started = mcp.StdioServerParameters(command=sys.executable, args=words, env=env)
        async with mcp.Client(mcp.stdio_client(started)) as peer:
            return await Agent(peer, caller).parks_at_vail()

    with served(caller.sandbox.handler) as url:
        session = run(lambda: work(url))
    assert (session["subtotal"], session["owner_payout"]) == (24.12, 21.71)


def test_agent_of_a_key_without_the_scope_is_told() -> None:
    caller, _ = sandboxed()
    client = client_of(park(), caller.sandbox.handler, caller.tokens["starter"])

    async def work() -> Any:
        async with mcp.Client(make_server(park(), client)) as peer:
            return await peer.call_tool("get_market_rate", {"lat": 39.6403, "lng": -106.3742})

    error = json.loads(run(work).content[0].text)["error"]
    assert (error["status"], error["code"], error["scope"]) == (403, "FORBIDDEN", "intelligence")
