"""An MCP server of a catalogue with a changed list of tools, changed calls or changed results.

The tests of approved listings use it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from typing import Any

from inprocess import inside, mcp_inside, verify_sandbox
from pgagents.base.http import Handler, Request, Response, Silence, json_bytes
from pgagents.base.jsonschema.schema import foreign_validator
from pgagents.base.places import plain
from pgagents.catalogue.model.model import Model
from pgagents.diff.listings import Package
from pgagents.generate.build import document
from pgagents.report.report import Report
from pgagents.submit.approved import Approved, read_approved
from pgagents.submit.approved_calls import ApprovedCall, ApprovedCalls
from pgagents.submit.listing_guard import (
    Observed,
    StoreOutcome,
    compare_definitions,
    judge_listings,
    list_witnesses,
)
from pgagents.verify.plan.options import Options
from pgagents.verify.wire.mcp_link import read_listing
from sandboxes import model

Tool = dict[str, Any]
NAME = "the-plugin"
PACKAGE = Package(NAME, "")


@dataclass(frozen=True)
class Change:
    """A change of a server. `tool` edits a definition in its list, or returns None to take it away.

    Calls that break the edited definition are refused unless `lenient`; `call` then turns the arguments into
    those that the catalogue has. `result` edits a tool's result. `package` is the new package.
    """

    tool: Callable[[Tool], Tool | None] = lambda tool: tool
    call: Callable[[Tool], Tool | int] = lambda arguments: arguments
    result: Callable[[Tool], Tool] = lambda result: result
    lenient: bool = False
    more: tuple[Tool, ...] = ()
    package: Package | None = PACKAGE


def list_tools(name: str, chosen: tuple[str, ...]) -> list[Tool]:
    """The definitions of these tools of a catalogue."""
    built = plain(document(model(name), "mcp/tools.json", traced=False).data["tools"])
    return [deepcopy(tool) for tool in built if tool["name"] in chosen]


@cache
def approve(name: str, chosen: tuple[str, ...], server: str = "") -> Approved:
    """The files that a store approved: these tools of a catalogue, in a package of a fixed name."""
    servers = {"mcpServers": {NAME: {"url": server} if server else {"command": "npx"}}}
    files = {
        "mcp/tools.json": {"tools": list_tools(name, chosen)},
        "agent_plugin/plugin.json": {"name": NAME, "version": "1.0.0"},
        "agent_plugin/mcp.json": servers,
    }
    raw = {path: json.dumps(data, indent=2).encode() for path, data in files.items()}
    return read_approved(raw.get, "approved")


def wrap(handler: Handler, chosen: tuple[str, ...], change: Change, subject: str) -> Handler:
    """The server with a change of one tool; it lists the chosen tools alone."""
    edited: dict[str, Tool] = {}

    def answer(request: Request) -> Response | Silence:
        asked = json.loads(request.body or b"{}")
        params = asked.get("params") or {}
        if asked.get("method") == "tools/call" and params.get("name") == subject:
            return _call(handler, request, asked, change, edited.get(subject))
        came = handler(request)
        if asked.get("method") != "tools/list":
            return came
        return _edit_message(came, lambda result: _edit_list(result, chosen, change, subject, edited))

    return answer


def _edit_list(
    result: Tool, chosen: tuple[str, ...], change: Change, subject: str, edited: dict[str, Tool]
) -> Tool:
    tools = []
    for tool in result["tools"]:
        if tool["name"] in chosen:
            changed = change.tool(deepcopy(tool)) if tool["name"] == subject else tool
            if changed is not None:
                edited[tool["name"]] = changed
                tools.append(changed)
    return {**result, "tools": [*tools, *change.more]}


def _call(
    handler: Handler, request: Request, asked: Tool, change: Change, tool: Tool | None
) -> Response | Silence:
    arguments = asked["params"].get("arguments") or {}
    refused = {"isError": True, "content": [{"type": "text", "text": '{"status": 400, "code": "bad_input"}'}]}
    if tool is not None and not change.lenient:
        error = next(iter(foreign_validator(tool["inputSchema"]).iter_errors(arguments)), None)
        if error is not None:
            return _answer(asked, refused)
    changed = change.call(dict(arguments))
    if isinstance(changed, int):
        words = json.dumps({"status": changed, "code": "bad_input" if changed < 500 else "internal"})
        return _answer(asked, {"isError": True, "content": [{"type": "text", "text": words}]})
    asked = {**asked, "params": {**asked["params"], "arguments": changed}}
    came = handler(Request(request.method, request.target, request.headers, json_bytes(asked)))
    return _edit_message(came, change.result)


def _answer(asked: Tool, result: Tool) -> Response:
    result = {**result, "resultType": "complete"}
    body = {"jsonrpc": "2.0", "id": asked["id"], "result": result}
    return Response(200, (("Content-Type", "application/json"),), json_bytes(body))


def _edit_message(came: Response | Silence, edit: Callable[[Tool], Tool]) -> Response | Silence:
    """Edit the result of the one message in an answer, which may be an event."""
    if not isinstance(came, Response):
        return came
    text = came.body.decode()
    raw = next((line[5:] for line in text.splitlines() if line.startswith("data:")), text)
    message = json.loads(raw)
    if "result" not in message:
        return came
    message["result"] = edit(message["result"])
    return Response(came.status, (("Content-Type", "application/json"),), json_bytes(message))


@dataclass(frozen=True)
class Guarded:
    """The outcome of a store, with the calls and the report of the run."""

    outcome: StoreOutcome
    calls: tuple[ApprovedCall, ...]
    report: Report


def guard(name: str, chosen: tuple[str, ...], change: Change, *, server: str = "", **options: Any) -> Guarded:
    """Judge the listing of the chosen tools, whose first one a server has changed."""
    of = model(name)
    return judge_change(of, approve(name, chosen, server), chosen, change, **options)


def judge_change(
    of: Model, approved: Approved, chosen: tuple[str, ...], change: Change, **options: Any
) -> Guarded:
    """Judge an approved listing of a catalogue on its sandbox, behind a changed MCP server."""
    opened = inside(of)
    with mcp_inside(of, opened) as link:
        link.handler = wrap(link.handler, chosen, change, chosen[0])
        assert link.open(), link.problem
        listed: Mapping[str, Any] = {tool: definition for _, tool, definition in read_listing(link).named}
        changes = compare_definitions(approved.tools, listed)
        companion = ApprovedCalls(approved.tools, listed, list_witnesses(changes), of)
        report = verify_sandbox(
            of, opened, Options(only=("nothing",), **options), mcp=link, companion=companion
        )
    packages = {"openai": change.package} if change.package is not None else {}
    observed = Observed(listed, packages, companion.calls, companion.untried)
    (outcome,) = judge_listings(approved, observed, changes)
    return Guarded(outcome, tuple(companion.calls), report)
