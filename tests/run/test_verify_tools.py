"""An MCP server is judged by its own list of tools. A right one keeps all contracts, and each mistake breaks
its own and no other.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pgagents.base.errors import PgagentsError
from pgagents.base.http import Request, Response
from pgagents.base.registry import names
from pgagents.cli.inputs.tools import make_model, survey
from pgagents.cli.main import main
from pgagents.cli.running.tools import verify_tools
from pgagents.report.contract import Verdict
from pgagents.report.report import Report
from pgagents.verify.check_registry import collect_of_tools
from pgagents.verify.plan.options import Options
from pgagents.verify.wire import mcp_link
from pgagents.verify.wire.mcp_link import Link
from pgagents.verify.wire.mcp_messages import MODERN
from tool_server import ToolServer
from verifying import ids

FORECAST, CITIES, DELETE = "get_forecast", "list_cities", "delete_city"
DATA = {"city": "Rome", "degrees": 21.5}
INPUT = f"tool_schemas/input/{CITIES}"
WRONG = f"tool_refusals/wrong/{FORECAST}"
Edit = Callable[..., Any]


def verify(server: Any, **given: Any) -> Report:
    options = Options(**given)
    link, other = (Link(server, url="http://127.0.0.1:1", path="/mcp") for _ in range(2))
    assert link.open(), link.problem
    survey(link, other, options)
    return verify_tools(make_model(link), link, options)


def results(edit: Callable[[dict[str, Any], dict[str, Any]], Any]) -> Edit:
    """Return an edit of the results of correct calls of the forecast, and of no others."""

    def change(message: dict[str, Any], params: dict[str, Any]) -> Any:
        result = message.get("result")
        right = params["name"] == FORECAST and result is not None and "isError" not in result
        return {**message, "result": edit(dict(result), params)} if right else message

    return change


def refusals(edit: Callable[[dict[str, Any], dict[str, Any]], Any]) -> Edit:
    """Return an edit of the messages that refuse a call of the forecast."""

    def change(message: dict[str, Any], params: dict[str, Any]) -> Any:
        refused = params["name"] == FORECAST and (message.get("result") or {}).get("isError")
        return edit(message, params["arguments"]) if refused else message

    return change


def tool(number: int, **members: Any) -> Edit:
    """Return an edit of one tool's members; None removes one."""

    def change(tools: list[dict[str, Any]]) -> None:
        for name, value in members.items():
            tools[number].pop(name, None)
            if value is not None:
                tools[number][name] = value

    return change


def schema(number: int, **members: Any) -> Edit:
    return lambda tools: tools[number]["inputSchema"].update(members)


def take_any_origin(request: Request) -> Response | None:
    """Take the requests of any page."""
    if request.header("origin") is None:
        return None
    return ToolServer()(request.with_header("Origin", None))


def _accepted(message: dict[str, Any], given: dict[str, Any], only: Callable[[dict[str, Any]], bool]) -> Any:
    data = {"city": "x", "degrees": 1}
    result = {"content": [{"type": "text", "text": json.dumps(data)}], "structuredContent": data}
    rest = {k: v for k, v in message.items() if k != "result"}
    return {**rest, "result": result} if only(given) else message


def accepting(only: Callable[[dict[str, Any]], bool]) -> Edit:
    return refusals(lambda message, given: _accepted(message, given, only))


def as_error(code: int) -> Edit:
    error = {"code": code, "message": "no"}
    return lambda message, *_: {"jsonrpc": "2.0", "id": message["id"], "error": error}


def as_result(message: dict[str, Any], *_: Any) -> Any:
    return {"jsonrpc": "2.0", "id": message["id"], "result": {}}


def with_argument(schema: Any) -> Edit:
    """Return an edit that gives the list of cities an argument."""
    given = {"type": "object", "properties": {"a": {"description": "A", **schema}}}
    return tool(1, inputSchema=given)


def many(count: int, **more: str) -> Edit:
    """Return an edit that adds tools; `{n}` in further members is a number."""

    def change(tools: list[dict[str, Any]]) -> None:
        for n in range(count):
            tools.append({**tools[2], "name": f"drop_{n}", **{k: v.format(n=n) for k, v in more.items()}})

    return change


def plain_text(message: dict[str, Any], _: Any) -> Any:
    """Answer an unknown tool with words."""
    if "error" not in message:
        return message
    return {
        "jsonrpc": "2.0",
        "id": message["id"],
        "result": {"content": [{"type": "text", "text": "No such tool"}]},
    }


def unknown_as_result(message: dict[str, Any], params: Any) -> Any:
    found = plain_text(message, params)
    return found if found is message else {**found, "result": {**found["result"], "isError": True}}


def endless(message: dict[str, Any], _: Any) -> Any:
    return {**message, "result": {**message["result"], "nextCursor": "again"}}


def paged(
    *cursors: str | None, refuse: bool = True, edit: Callable[[int, Any], Any] = lambda _, t: t
) -> Edit:
    """Return an edit that lists one tool a page: the pages behind these cursors, None for the first."""

    def cut(message: dict[str, Any], params: dict[str, Any]) -> Any:
        cursor = params.get("cursor")
        if cursor not in cursors and refuse:
            return as_error(-32602)(message)
        number = cursors.index(cursor) if cursor in cursors else 0
        tools = message["result"]["tools"]
        last = number + 1 == len(cursors)
        page = {"tools": edit(number, tools[number:] if last else tools[number : number + 1])}
        return {**message, "result": page if last else {**page, "nextCursor": cursors[number + 1]}}

    return cut


def blank_end(refuse: bool) -> Edit:
    """Return an edit after which the only page ends with an empty cursor, which leads to it again."""

    def end(message: dict[str, Any], params: dict[str, Any]) -> Any:
        if refuse and "cursor" in params:
            return as_error(-32602)(message)
        return {**message, "result": {**message["result"], "nextCursor": ""}}

    return end


def internal_error(message: dict[str, Any]) -> Any:
    """Turn a refusal into an internal error."""
    return as_error(-32603)(message) if "error" in message else message


def counting() -> Edit:
    """Return an edit that announces another page for ever, each with the same tools."""

    def count(message: dict[str, Any], params: dict[str, Any]) -> Any:
        number = int(params.get("cursor", "0")) + 1
        return {**message, "result": {**message["result"], "nextCursor": str(number)}}

    return count


def undescribed(number: int, tools: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Take the schemas of the tools on later pages."""
    return [{**each, "inputSchema": {"type": "array"}} for each in tools] if number else tools


def adding(name: str, *, to: str) -> Edit:
    """Return an edit with which each call of a tool adds a word to the answers of another."""
    calls = 0

    def add(message: dict[str, Any], params: dict[str, Any]) -> Any:
        nonlocal calls
        if params["name"] == to and "error" not in message:
            text = message["result"]["content"][0]["text"] + ", Pisa" * calls
            return {**message, "result": {"content": [{"type": "text", "text": text}]}}
        calls += name in (params["name"], "")
        return message

    return add


def ticking(message: dict[str, Any], params: dict[str, Any]) -> Any:
    """Show another time in each list of cities."""
    if params["name"] != CITIES:
        return message
    content = [{"type": "text", "text": json.dumps({"cities": ["Rome"], "at": time.monotonic()})}]
    return {**message, "result": {"content": content}}


def with_log(tools: list[dict[str, Any]]) -> None:
    """Add a tool that only reads, beside the forecast and the list."""
    tools.append({**tools[1], "name": "list_countries", "description": "List all countries that are known."})


def turning() -> dict[str, Edit]:
    """Return edits that list the tools in another order after the first time."""
    times = 0

    def begin(message: dict[str, Any], _: Any) -> Any:
        nonlocal times
        times = 0
        return message

    def turn(message: dict[str, Any], _: Any) -> Any:
        nonlocal times
        times += 1
        tools = message["result"]["tools"]
        return {**message, "result": {"tools": tools if times == 1 else tools[::-1]}}

    return {"initialize": begin, "tools_list": turn}


def session(**members: Any) -> Edit:
    def change(message: dict[str, Any], params: dict[str, Any]) -> Any:
        if params.get("protocolVersion") != "1900-01-01":
            return message
        return {**message, "result": {**message["result"], **members}}

    return change


MISTAKES: dict[str, tuple[dict[str, Edit], set[str]]] = {
    "endless-list": ({"tools_list": endless}, {"tool_list/pages"}),
    "pages-that-come-again": ({"tools_list": counting()}, {"tool_list/pages"}),
    "cursor-as-number": (
        {"tools_list": lambda m, _: {**m, "result": {**m["result"], "nextCursor": 7}}}, {"tool_list/pages"},
    ),
    "mistake-behind-an-empty-cursor": (
        {"tools_list": paged(None, "", edit=undescribed)},
        {INPUT, f"tool_schemas/input/{DELETE}"},
    ),
    "same-name-twice": ({"tools": lambda t: t.append(dict(t[1]))}, {"tool_list/unique"}),
    "no-object-as-tool": ({"tools": lambda t: t.append("x")}, {"tool_list/pages"}),
    "no-input-schema": ({"tools": tool(1, inputSchema=None)}, {INPUT}),
    "input-of-no-object": ({"tools": tool(1, inputSchema={"type": "array"})}, {INPUT}),
    "invalid-keyword": ({"tools": with_argument({"type": "text"})}, {INPUT}),
    "reference-to-nothing": ({"tools": with_argument({"$ref": "#/$defs/A"})}, {INPUT}),
    "reference-elsewhere": (
        {"tools": with_argument({"$ref": "http://127.0.0.1:9/a"})}, {INPUT},
    ),
    "output-of-no-object": (
        {"tools": tool(1, outputSchema={"type": "string"})},
        {f"tool_schemas/output/{CITIES}", f"tool_results/fits/{CITIES}"},
    ),
    "hint-as-text": (
        {"tools": tool(2, annotations={"readOnlyHint": "no"})},
        {f"tool_schemas/members/{DELETE}"},
    ),
    "title-as-number": ({"tools": tool(1, title=5)}, {f"tool_schemas/members/{CITIES}"}),
    "no-content": (
        {"tools_call": results(lambda r, _: {"structuredContent": r["structuredContent"]})},
        {f"tool_results/content/{FORECAST}", f"tool_results/text/{FORECAST}"},
    ),
    "unknown-block": (
        {"tools_call": results(lambda r, _: {**r, "content": [*r["content"], {"type": "html"}]})},
        {f"tool_results/content/{FORECAST}"},
    ),
    "image-without-data": (
        {"tools_call": results(lambda r, _: {**r, "content": [*r["content"], {"type": "image"}]})},
        {f"tool_results/content/{FORECAST}"},
    ),
    "data-of-another-type": (
        {"tools_call": results(lambda r, _: {**r, "structuredContent": {"city": "Rome", "degrees": "21"}})},
        {f"tool_results/fits/{FORECAST}", f"tool_results/text/{FORECAST}"},
    ),
    "data-left-out": (
        {"tools_call": results(lambda r, _: {"content": r["content"]})},
        {f"tool_results/fits/{FORECAST}"},
    ),
    "wrong-only-with-all-arguments": (
        {"tools_call": results(lambda r, p: {**r, "structuredContent": p["arguments"].get("unit", DATA)})},
        {f"tool_results/fits/{FORECAST}", f"tool_results/text/{FORECAST}"},
    ),
    "call-without-result": (
        {"tools_call": lambda m, p: {"jsonrpc": "2.0", "id": m["id"]} if p["name"] == CITIES else m},
        {f"tool_results/answered/{CITIES}"},
    ),
    "missing-argument-taken": (
        {"tools_call": accepting(lambda given: "city" not in given)}, {WRONG},
    ),
    "wrong-type-taken": (
        {"tools_call": accepting(lambda given: isinstance(given.get("city"), dict))},
        {WRONG},
    ),
    "maximum-not-held": (
        {"tools_call": accepting(lambda given: given.get("days") == 10)}, {WRONG},
    ),
    "enum-not-held": (
        {"tools_call": accepting(lambda given: "unit" in given)}, {WRONG},
    ),
    "unknown-tool-answered": ({"tools_call": plain_text}, {"tool_refusals/unknown_tool"}),
    "unknown-method-answered": ({"pgv_no_such_method": as_result}, {"tool_refusals/unknown_method"}),
    "unknown-method-as-params": ({"pgv_no_such_method": as_error(-32602)}, {"tool_refusals/unknown_method"}),
    "agrees-to-any-revision": (
        {"initialize": session(protocolVersion="1900-01-01")}, {"mcp_handshake/other_revision"},
    ),
    "no-revision": ({"initialize": session(protocolVersion=1)}, {"mcp_handshake/initialize"}),
    "no-name": ({"initialize": session(serverInfo=None)}, {"mcp_handshake/initialize"}),
    "other-revision-refused": (
        {"initialize": lambda m, p: as_error(-32602)(m) if p.get("protocolVersion") == "1900-01-01" else m},
        {"mcp_handshake/other_revision"},
    ),
    "no-pong": ({"ping": as_error(-32601)}, {"mcp_handshake/ping"}),
    "any-page-may-call": ({"transport": take_any_origin}, {"mcp_transport/origin"}),
}  # fmt: skip
ADVICE: dict[str, tuple[dict[str, Edit], set[str]]] = {
    "another-order": (turning(), {"tool_list/again"}),
    "empty-cursor-at-the-end": ({"tools_list": blank_end(False)}, {"tool_list/end"}),
    "refused-cursor-at-the-end": ({"tools_list": blank_end(True)}, {"tool_list/end"}),
    "unknown-cursor-taken": ({"tools_list": paged(None, "a", "b", refuse=False)}, {"tool_list/cursor"}),
    "unknown-cursor-as-internal-error": (
        {"tools_list": lambda m, p: internal_error(paged(None, "a")(m, p))},
        {"tool_list/cursor"},
    ),
    "forecast-that-adds-a-city": (
        {"tools_call": adding(FORECAST, to=CITIES)}, {f"tool_effects/{FORECAST}"},
    ),
    "many-tools": ({"tools": many(130, description="Drop number {n}.")}, {"tool_list/count"}),
    "long-list": ({"tools": many(20, description="{n} " + "and so on " * 700)}, {"tool_list/size"}),
    "requires-what-is-not-described": (
        {"tools": schema(2, required=["town"])}, {f"tool_schemas/required/{DELETE}"},
    ),
    "name-with-space": ({"tools": tool(2, name="drop city")}, {"tool_words/name/drop%20city"}),
    "name-with-dot": ({"tools": tool(2, name="drop.city")}, {"tool_words/name/drop.city"}),
    "long-name": ({"tools": tool(2, name="drop" * 17)}, {f"tool_words/name/{'drop' * 17}"}),
    "no-description": ({"tools": tool(1, description=None)}, {f"tool_words/description/{CITIES}"}),
    "empty-description": ({"tools": tool(1, description=" ")}, {f"tool_words/description/{CITIES}"}),
    "description-of-another": (
        {"tools": lambda t: t[2].update(description=t[1]["description"].upper())},
        {f"tool_words/description/{DELETE}"},
    ),
    "long-description": ({"tools": tool(1, description="x" * 9_000)}, {f"tool_words/description/{CITIES}"}),
    "mute-argument": (
        {"tools": lambda t: t[0]["inputSchema"]["properties"]["city"].pop("description")},
        {f"tool_words/arguments/{FORECAST}"},
    ),
    "reads-and-destroys": (
        {"tools": tool(1, annotations={"readOnlyHint": True, "destructiveHint": True})},
        {f"tool_words/hints/{CITIES}"},
    ),
    "delete-that-only-reads": (
        {"tools": tool(2, annotations={"readOnlyHint": True})}, {f"tool_words/hints/{DELETE}"},
    ),
    "delete-that-destroys-nothing": (
        {"tools": tool(2, annotations={"destructiveHint": False})}, {f"tool_words/hints/{DELETE}"},
    ),
    "failure-as-error": (
        {"tools_call": lambda m, p: as_error(-32603)(m) if p["name"] == CITIES else m},
        {f"tool_results/as_result/{CITIES}"},
    ),
    "data-in-no-text": (
        {"tools_call": results(lambda r, _: {**r, "content": [{"type": "text", "text": "21 degrees"}]})},
        {f"tool_results/text/{FORECAST}"},
    ),
    "refusal-as-error": (
        {"tools_call": refusals(lambda m, _: as_error(-32602)(m))}, {f"tool_refusals/as_result/{FORECAST}"},
    ),
    "refusal-without-words": (
        {"tools_call": refusals(lambda m, _: {**m, "result": {"content": [], "isError": True}})},
        {f"tool_refusals/as_result/{FORECAST}"},
    ),
    "unknown-argument-taken": (
        {"tools_call": accepting(lambda given: "pgv_unknown" in given)},
        {f"tool_refusals/unknown_argument/{FORECAST}"},
    ),
    "unknown-tool-as-result": ({"tools_call": unknown_as_result}, {"tool_refusals/unknown_tool_as_error"}),
}  # fmt: skip


def with_definitions(tools: list[dict[str, Any]]) -> None:
    """Refer to a schema of the tool's own, in the dialect of draft 7."""
    schema = tools[0]["inputSchema"]
    schema["definitions"] = {"City": schema["properties"]["city"]}
    schema["properties"]["city"] = {"$ref": "#/definitions/City"}
    schema["$schema"] = "http://json-schema.org/draft-07/schema#"


LEGAL: dict[str, dict[str, Edit]] = {
    "right": {},
    "pages": {"tools_list": paged(None, "p1", "p2")},
    "pages-behind-an-empty-cursor": {"tools_list": paged(None, "", "p2")},
    "null-as-the-end": {"tools_list": lambda m, _: {**m, "result": {**m["result"], "nextCursor": None}}},
    "definitions": {"tools": with_definitions},
    "further-members": {
        "tools": tool(1, icons=[{"src": "https://example.com/a.png"}], _meta={"a": 1}, execution={})
    },
    "no-annotations": {"tools": tool(1, annotations=None)},
    "further-blocks": {
        "tools_call": results(
            lambda r, _: {
                **r,
                "content": [
                    {"type": "text", "text": "Fine weather"},
                    {"type": "resource_link", "uri": "weather://rome", "name": "rome"},
                    *r["content"],
                ],
            }
        )
    },
    # JavaScript cuts a text between the halves of a pair
    "half-an-emoji": {
        "tools_call": results(
            lambda r, _: {**r, "content": [{"type": "text", "text": "Sunny \ud83c"}, *r["content"]]}
        )
    },
    "asks-for-input": {"tools_call": results(lambda r, _: {**r, "resultType": "complete"})},
    "list-that-counts-all-calls": {"tools": with_log, "tools_call": adding("", to=CITIES)},
    "list-with-a-clock": {"tools_call": ticking},
    "no-tools": {"tools": lambda tools: tools.clear()},
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistake_breaks_its_contracts_and_no_other(mistake: str) -> None:
    edits, expected = MISTAKES[mistake]
    report = verify(ToolServer(**edits))
    broken = {id.removesuffix("@mcp") for id in (*ids(report, Verdict.BROKEN), *ids(report, Verdict.ODD))}
    assert broken == expected
    assert report.exit_code == 1


@pytest.mark.parametrize("mistake", ADVICE)
def test_what_is_only_recommended_is_odd(mistake: str) -> None:
    edits, expected = ADVICE[mistake]
    report = verify(ToolServer(**edits))
    assert {id.removesuffix("@mcp") for id in ids(report, Verdict.ODD)} == expected
    assert ids(report, Verdict.BROKEN) == []


@pytest.mark.parametrize("oddity", LEGAL)
def test_right_server_keeps_all(oddity: str) -> None:
    report = verify(ToolServer(**LEGAL[oddity]))
    assert {f.contract.id: f.actual for f in report.findings} == {}
    assert ids(report, Verdict.UNTESTED) == []
    assert report.exit_code == 0


def test_longer_list_than_this_client_reads_is_untested_and_breaks_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another number of pages is not a mistake of the server."""
    monkeypatch.setattr(mcp_link, "MOST_PAGES", 2)
    report = verify(ToolServer(tools_list=paged(None, "a", "b")))
    assert not report.findings
    reasons = {r.contract.id: r.reason for r in report.results if r.verdict is Verdict.UNTESTED}
    why = "the list was not read to its end: it has more than 2 pages"
    assert reasons["tool_list/pages@mcp"] == reasons["tool_list/unique@mcp"] == why


def test_empty_cursor_is_a_mistake_at_the_end_of_a_list_of_the_newest_revision() -> None:
    walk = mcp_link.ListWalk()
    page = {"tools": [{"name": "a"}], "nextCursor": ""}
    assert walk.take(page, "", MODERN)
    assert not walk.take(page, "", MODERN)
    assert (walk.problem, walk.blank_end) == ("`nextCursor` comes again, so that the list never ends", False)


def test_every_check_is_broken_by_a_mistake() -> None:
    found = {id.partition("/")[0] for _, broken in (*MISTAKES.values(), *ADVICE.values()) for id in broken}
    assert found == set(collect_of_tools())
    assert {name.rpartition(".")[2] for name in names("pgagents.verify.tool_checks")} <= found


def test_tools_that_may_write_are_called_only_if_named() -> None:
    server = ToolServer()
    report = verify(server)
    assert DELETE not in server.called
    assert FORECAST in server.called
    left_out = [
        r for r in report.results if f"/{DELETE}@" in r.contract.id and r.verdict is Verdict.NOT_SELECTED
    ]
    assert {r.reason for r in left_out} == {
        (
            f"it may write, as its hints do not say that it only reads: --allow {DELETE} would call it; "
            f"--reads {DELETE} says that it reads"
        )
    }
    verify(server, allow=(DELETE,))
    assert DELETE in server.called


@pytest.mark.parametrize("name", ["delete_all", "removeCity", "git_commit", "DROP_TABLE"])
def test_tool_that_says_it_reads_but_is_named_after_a_deed_is_not_called(name: str) -> None:
    server = ToolServer(tools=tool(1, name=name))
    verify(server)
    assert name not in server.called


def test_tool_whose_description_says_that_it_acts_is_not_called() -> None:
    """The report says so, and a caller decides otherwise by name."""
    server = ToolServer(tools=tool(1, name="nightly", description="Deletes all cities that nobody asked for"))
    report = verify(server)
    assert "nightly" not in server.called
    (call,) = report.footer.withheld.calls
    assert (call.operation, call.why) == ("nightly", '"Deletes all cities that nobody asked for"')
    verify(server, reads=("night*",))
    assert "nightly" in server.called


def test_tool_that_acts_by_the_callers_word_is_not_called() -> None:
    server = ToolServer()
    report = verify(server, acts=(CITIES,))
    assert CITIES not in server.called
    assert FORECAST in server.called
    (reason,) = {r.reason for r in report.results if r.contract.id == f"tool_results/content/{CITIES}@mcp"}
    assert reason == f"it may write, as --acts says: --allow {CITIES} would call it"


def test_prefix_that_all_tools_share_is_no_part_of_their_names() -> None:
    def rename(tools: list[dict[str, Any]]) -> None:
        for one, name in zip(tools, ("shop_get", "shop_scan", "shop_purge"), strict=False):
            words = f"The cities of a country, by {name}"
            one.update(name=name, description=words, annotations={"readOnlyHint": True})

    server = ToolServer(tools=rename)
    verify(server)
    assert {"shop_get"} == {name for name in server.called if name.startswith("shop_")}


@pytest.mark.parametrize("flag", ["allow", "reads", "acts"])
def test_tool_that_is_not_listed_is_an_error(flag: str) -> None:
    with pytest.raises(PgagentsError, match=f"--{flag} get_forcast: the server lists no such tool") as error:
        verify(ToolServer(), **{flag: ("get_forcast",)})
    assert error.value.help == f"did you mean `{FORECAST}`?"


SERVER = f"{sys.executable} {Path(__file__).parents[1] / 'tool_server.py'}"


def test_command_judges_a_process_and_writes_every_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    files = [f"r.{suffix}" for suffix in ("json", "html", "xml", "md", "sarif", "txt")]
    words = ["verify", "--mcp-stdio", SERVER, *(word for file in files for word in ("--report", file))]
    assert main(words) == 0
    shown = capfd.readouterr()
    assert "judged by its own list of tools" in shown.err
    assert "weather 1.0 speaks MCP 2025-11-25 over stdio" in shown.out
    assert all("mcp" in (tmp_path / file).read_text().lower() for file in files)
    assert '"tool_results/fits/get_forecast@mcp"' in (tmp_path / "r.json").read_text()


def test_plan_says_what_would_be_sent_and_calls_no_tool(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    log = write_wrong_server(tmp_path)
    words = ["verify", "--mcp-stdio", f"{sys.executable} wrong.py", "--plan", "--report", "plan.json"]
    assert main(words) == 0
    assert "requests" in capfd.readouterr().out
    assert json.loads((tmp_path / "plan.json").read_text())
    assert "tools/list" in log.read_text()
    assert "tools/call" not in log.read_text()
    assert main([*words[:-1], "plan.xml"]) == 2


def write_wrong_server(folder: Path) -> Path:
    """Write a server whose tools take no object; return the file that it writes each request into."""
    log = folder / "log.txt"
    (folder / "wrong.py").write_text(
        "import subprocess, sys, threading\n"
        f"child = subprocess.Popen({SERVER.split()!r}, stdin=-1, stdout=-1, text=True)\n"
        "def answer():\n"
        "    for line in child.stdout:\n"
        '        print(line.replace(\'"inputSchema": {"type": "object"\', '
        '\'"inputSchema": {"type": "array"\'), end=\'\', flush=True)\n'
        "threading.Thread(target=answer, daemon=True).start()\n"
        "for line in sys.stdin:\n"
        f"    open({str(log)!r}, 'a').write(line)\n"
        "    child.stdin.write(line)\n"
        "    child.stdin.flush()\n"
        "child.stdin.close()\n"
        "child.wait()\n",
        encoding="utf-8",
    )
    return log


def test_last_failed_tries_only_what_failed_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    write_wrong_server(tmp_path)
    words = ["verify", "--mcp-stdio", f"{sys.executable} wrong.py", "--report", "r.json"]
    assert main([*words, "--last-failed"]) == 2
    assert "no earlier run" in capfd.readouterr().err
    assert main(words) == 1
    before = json.loads((tmp_path / "r.json").read_text())["results"]
    assert main([*words, "--last-failed"]) == 1
    after = json.loads((tmp_path / "r.json").read_text())["results"]
    tried = [r for r in before if not r.get("excused")]
    failed = {r["contract"] for r in tried if r["verdict"] in ("broken", "untested")}
    assert {r["contract"] for r in after if r["verdict"] in ("kept", "broken", "untested")} == failed
    assert any(r["verdict"] == "kept" for r in before)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--mcp-stdio", "false"], 3, "the MCP server did not open"),
        (["--mcp-url", "http://127.0.0.1:9/mcp"], 3, "the MCP server cannot be reached"),
        (["--mcp-stdio", SERVER, "--allow", "delete_town"], 2, "the server lists no such tool"),
        (["--mcp-stdio", SERVER, "--only", "tool_result/"], 2, "no contract's id"),
        (["--mcp-stdio", SERVER, "--allow-writes"], 2, "has no use for --allow-writes"),
        (["--mcp-stdio", SERVER, "--mcp-url", "http://127.0.0.1:9"], 2, "give one of them"),
        (["--mcp-stdio", ""], 2, "is empty"),
    ],
)
def test_wrong_set_up_is_one_message(
    words: list[str], code: int, said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", *words]) == code
    shown = capfd.readouterr()
    assert said in shown.err
    assert "Traceback" not in shown.err
    assert shown.out == ""
