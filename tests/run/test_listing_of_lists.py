"""`pgagents listing tools.json` on MCP servers that no catalogue describes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from pgagents.cli.inputs.tools import make_model, survey
from pgagents.cli.main import main
from pgagents.cli.running.tools import verify_tools
from pgagents.submit.approved_tools import ApprovedTools, read_list
from pgagents.submit.listing_guard import (
    Observed,
    StoreOutcome,
    compare_definitions,
    judge_listings,
    list_witnesses,
)
from pgagents.verify.plan.options import Options
from pgagents.verify.wire.mcp_link import Link
from tool_server import TOOLS, ToolServer

Tool = dict[str, Any]
Edit = Callable[[list[Tool]], object]


def judge(server: ToolServer, approved: Any = TOOLS, **options: Any) -> StoreOutcome:
    """Judge a list of tools that was approved on a server."""
    then = read_list(json.dumps(approved).encode(), "tools.json")
    chosen = Options(only=("nothing",), **options)
    link, other = (Link(server, url="http://127.0.0.1:1", path="/mcp") for _ in range(2))
    assert link.open(), link.problem
    survey(link, other, chosen)
    assert link.listing is not None
    listed: Mapping[str, Any] = {name: tool for _, name, tool in link.listing.named}
    changes = compare_definitions(then.tools, listed)
    companion = ApprovedTools(then.tools, listed, list_witnesses(changes))
    verify_tools(make_model(link), link, chosen, companion=companion)
    observed = Observed(listed, then.packages, companion.calls, companion.untried)
    (outcome,) = judge_listings(then, observed, changes)
    return outcome


def approve(edit: Edit) -> list[Tool]:
    """The list of tools as it was before a change."""
    tools = deepcopy(list(TOOLS))
    edit(tools)
    return tools


def _drop_argument(tools: list[Tool]) -> None:
    """Make the approved tool take an argument that the new one refuses."""
    tools[0]["inputSchema"]["properties"]["lang"] = {"enum": ["en", "de"]}


def _loosen(tools: list[Tool]) -> None:
    """Make the approved tool take any city, where the new one takes names of two letters."""
    del tools[0]["inputSchema"]["properties"]["city"]["minLength"]


def _add_tool(tools: list[Tool]) -> None:
    tools.append({**tools[1], "name": "list_seas"})


def _promise_more(tools: list[Tool]) -> None:
    tools[0]["outputSchema"]["properties"]["wind"] = {"type": "number"}
    tools[0]["outputSchema"]["required"].append("wind")


def _reword(tools: list[Tool]) -> None:
    tools[0]["description"] = "Say how the weather will be in a city."


def _say_no_hints(tools: list[Tool]) -> None:
    for tool in tools:
        tool["description"] += " It did so before."
        tool.pop("annotations", None)


def _leave_arguments_open(tools: list[Tool]) -> None:
    """Let an approved schema name fewer arguments, and leave others open as most servers do."""
    schema = tools[0]["inputSchema"]
    del schema["additionalProperties"], schema["properties"]["days"]


def _forget_without_city(tools: list[Tool]) -> None:
    tools[2]["inputSchema"]["required"] = []


BROKEN: Mapping[str, tuple[Edit, str, str, str, str]] = {
    "a tool is gone": (_add_tool, "delisted", "listing-tool-removed", "list_seas", "manifest"),
    "an argument is gone": (_drop_argument, "held", "listing-tool-input", "get_forecast", "call"),
    "a value is refused": (_loosen, "held", "listing-tool-input", "get_forecast", "call"),
    "an argument of a tool that is not called": (
        _forget_without_city, "held", "listing-tool-input", "delete_city", "manifest",
    ),
    "an answer lacks a member": (_promise_more, "held", "listing-tool-output", "get_forecast", "call"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BROKEN)
def test_change_that_breaks_approved_calls_is_named(kind: str) -> None:
    edit, outcome, id, tool, by = BROKEN[kind]
    found = judge(ToolServer(), approve(edit))
    assert found.outcome == outcome
    assert {(one.id, one.subject, one.by) for one in found.reasons} == {(id, tool, by)}


@pytest.mark.parametrize("edit", [lambda _: None, _reword, _say_no_hints, _leave_arguments_open])
def test_change_that_breaks_nothing_is_kept(edit: Edit) -> None:
    found = judge(ToolServer(), approve(edit))
    assert (found.outcome, found.reasons) == ("kept", ())
    assert found.taken == found.calls > 1


def test_dialect_that_a_new_list_names_changes_nothing() -> None:
    def name_dialect(tools: list[Tool]) -> None:
        for tool in tools:
            tool["inputSchema"]["$schema"] = "http://json-schema.org/draft-07/schema#"

    found = judge(ToolServer(tools=name_dialect), approve(_reword))
    assert (found.outcome, found.reasons) == ("kept", ())


def test_tool_that_writes_is_not_called_unless_allowed() -> None:
    server = ToolServer()
    found = judge(server)
    assert "delete_city" not in server.called
    (one,) = found.not_tried
    assert one.subject == "delete_city"
    assert "--allow TOOL" in one.why
    judge(server, allow=("delete_city",))
    assert "delete_city" in server.called


def test_server_that_takes_the_approved_call_keeps_its_listing() -> None:
    class Lenient(ToolServer):
        def __call__(self, request: Any) -> Any:
            body = json.loads(request.body or b"{}")
            if body.get("method") == "tools/call":
                body["params"]["arguments"].pop("lang", None)
                request = type(request)(
                    request.method, request.target, request.headers, json.dumps(body).encode()
                )
            return super().__call__(request)

    assert judge(Lenient(), approve(_drop_argument)).outcome == "kept"


def test_refusal_of_each_call_shows_nothing_of_a_difference() -> None:
    """Without a call that is taken, made-up values may be the reason; the lists decide."""

    def refuse(message: dict[str, Any], _: dict[str, Any]) -> dict[str, Any]:
        return {**message, "result": {"isError": True, "content": [{"type": "text", "text": "no such city"}]}}

    found = judge(ToolServer(tools_call=refuse), approve(_drop_argument))
    assert found.outcome == "held"
    assert {one.by for one in found.reasons} == {"manifest"}
    found = judge(ToolServer(tools_call=refuse))
    assert (found.outcome, found.taken) == ("kept", 0)
    assert "may be made up" in found.not_tried[0].why


@pytest.mark.parametrize("wrap", [lambda t: t, lambda t: {"tools": t}, lambda t: {"result": {"tools": t}}])
def test_each_form_of_a_list_is_read_with_its_lines(wrap: Callable[[Any], Any]) -> None:
    raw = json.dumps(wrap(list(TOOLS)), indent=1).encode()
    approved = read_list(raw, "tools.json")
    assert list(approved.tools) == [tool["name"] for tool in TOOLS]
    span = approved.locate("list_cities", "description")
    assert span is not None
    assert "List all cities" in raw.decode().splitlines()[span.line - 1]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "holds nothing"),
        ("{}", "the file has no list `tools`"),
        ("[]", "it lists no tool"),
        ('{"tools": {"a": 1}}', "the file has no list `tools`"),
        ('[{"name": "a"}]', "is not a JSON Schema of an object"),
        ('[{"name": "a", "inputSchema": {"type": "object", "$ref": "#/nowhere"}}]', "no value can be judged"),
        ("[1, 2]", "the tool has no name"),
        ('{"tools": [', ""),
    ],
)
def test_wrong_list_is_one_message(
    text: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "tools.json").write_text(text)
    words = ["listing", str(tmp_path / "tools.json"), "--mcp-stdio", "false"]
    assert main(words) == 2
    told = capsys.readouterr().err
    assert says in told
    assert "Traceback" not in told


def test_server_that_does_not_answer_is_one_message(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "tools.json").write_text(json.dumps(TOOLS))
    words = ["listing", str(tmp_path / "tools.json"), "--mcp-stdio", "false"]
    assert main(words) == 3
    assert "does the command start a server that speaks MCP" in capsys.readouterr().err
