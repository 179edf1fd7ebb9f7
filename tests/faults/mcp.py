"""Faults of an MCP server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from faults import of_mcp as mcp
from faults.helpers import with_numbers_as_text
from faults.of_mcp import mcp_fault
from pgagents.base.http import Handler, Request, Response, Silence, json_bytes
from pgagents.sandbox.fault_declaration import Context

NUMBERS = ("number", "integer")


@mcp_fault("law", "surface_equivalence")
def argument_lost(handler: Handler, context: Context) -> Handler:
    """Optional numbers that a model sends never reach the API."""
    optional = [
        (a, p)
        for a in context.model.actions
        for p in a.params
        if not p.required and p.schema.get("type") in NUMBERS
    ]
    numbers = {(str(a.name), str(p.name)): p.schema for a, p in optional}

    def lost(schema: Mapping[str, Any] | None, value: object) -> bool:
        if schema is None or not isinstance(value, int | float) or isinstance(value, bool):
            return False
        whole = schema["type"] == "number" or isinstance(value, int)
        above = value > schema.get("exclusiveMinimum", value - 1)
        return bool(whole and above and schema.get("minimum", value) <= value <= schema.get("maximum", value))

    return mcp.calls(
        handler, lambda tool, given: {k: v for k, v in given.items() if not lost(numbers.get((tool, k)), v)}
    )


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


@mcp_fault("valid_calls", also={"surface_equivalence": "REST takes the same call"}).handle_requests
def bound_excluded(context: Context, handler: Handler, request: Request) -> Response | Silence:
    """A number at its inclusive upper bound is refused."""
    bounds = {p.schema["maximum"] for a in context.model.actions for p in a.params if "maximum" in p.schema}
    question = mcp.parse_request(request)
    given = (question.get("params") or {}).get("arguments") or {}
    if question.get("method") != "tools/call" or not any(_number(v) and v in bounds for v in given.values()):
        return handler(request)
    words = '{"error":{"code":"invalid_arguments","message":"out of range"}}'
    result = mcp.with_text({"isError": True, "resultType": "complete"}, words)
    return Response(
        200,
        (("Content-Type", "application/json"),),
        json_bytes({"jsonrpc": "2.0", "id": question["id"], "result": result}),
    )


@mcp_fault(by_list=("tool_list",))
def any_cursor_taken(handler: Handler, _context: Context) -> Handler:
    """The list of tools comes in pages, and a cursor that the server never gave gets the first one."""
    return mcp.in_pages(handler, refuses=False)


@mcp_fault("mcp_tools", by_list=("tool_words",))
def later_page_undescribed(handler: Handler, _context: Context) -> Handler:
    """The list of tools comes in pages behind an empty cursor, and those of later pages are not described."""

    def edit(number: int, tools: list[Any]) -> list[Any]:
        return [{**tool, "description": ""} for tool in tools] if number else tools

    return mcp.in_pages(handler, edit=edit)


@mcp_fault(
    by_list=("tool_effects",),
    also={"surface_equivalence": "an answer of REST does not have what was written"},
).edit_tools_call
def first_reader_writes(context: Context, question: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    """Each call of the first tool that only reads writes a mark, which the other reading tools show."""
    readers = [str(action.name) for action in context.model.actions if action.hints.read_only.value]
    marks = context.memory.setdefault("marks", [0])
    name = (question.get("params") or {}).get("name")
    if mcp.is_error(result) or name not in readers or "structuredContent" not in result:
        return result
    if name == readers[0]:
        marks[0] += 1
        return result
    data = _with_mark(result["structuredContent"], " *" * marks[0])
    return {**mcp.with_text(result, json_bytes(data).decode()), "structuredContent": data}


def _with_mark(data: Any, mark: str) -> Any:
    """Return data whose sentences end with a mark."""
    if isinstance(data, dict):
        return {name: _with_mark(member, mark) for name, member in data.items()}
    if isinstance(data, list):
        return [_with_mark(item, mark) for item in data]
    return data + mark if isinstance(data, str) and " " in data else data


@mcp_fault("mcp_transport", needs=("hosted-mcp",))
def names_older_version(handler: Handler, context: Context) -> Handler:
    """The server returns another version than the catalogue gives it."""
    del context

    def older(message: Any) -> Any:
        if isinstance(message, dict):
            info = {"serverInfo", "io.modelcontextprotocol/serverInfo"}
            return {
                k: {**v, "version": "0.0.1"} if k in info and isinstance(v, dict) else older(v)
                for k, v in message.items()
            }
        return [older(part) for part in message] if isinstance(message, list) else message

    def answer(request: Request) -> Response | Silence:
        found = handler(request)
        message = mcp.parse_answer(found) if isinstance(found, Response) else {}
        return mcp.saying(found, older(message)) if isinstance(found, Response) and message else found

    return answer


@mcp_fault("mcp_results", by_list=("tool_results",)).edit_tools_call
def data_missing(_context: Context, _question: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    """Results have text only, though the tools declare structured content."""
    return {k: v for k, v in result.items() if k != "structuredContent"}


@mcp_fault("mcp_tools").edit_tools_list
def description_cut(_context: Context, _question: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    """Tool descriptions are cut to 60 characters."""
    return {
        **result,
        "tools": [{**tool, "description": tool["description"][:60]} for tool in result["tools"]],
    }


@mcp_fault(
    "absent_id",
    also={
        "valid_calls": "a conflict cannot be distinguished from a refusal",
        "idempotency": "neither can that of a create with a key",
        "surface_equivalence": "so it is compared with a success",
    },
).edit_tools_call
def error_without_code(
    _context: Context, _question: dict[str, Any], result: dict[str, Any]
) -> dict[str, Any]:
    """An error says only that something went wrong, without the API's code."""
    return mcp.with_text(result, "Something went wrong.") if mcp.is_error(result) else result


@mcp_fault("mcp_tools", by_list=("tool_words",)).edit_tools_list
def hints_of_reads(_context: Context, _question: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    """Every tool claims to be read-only, so a client asks nobody before it pays."""
    told = [
        {**tool, "annotations": {**tool["annotations"], "readOnlyHint": True}} for tool in result["tools"]
    ]
    return {**result, "tools": told}


@mcp_fault("no_crashes", also={"mcp_errors": "an internal error is one of the protocol"}).handle_requests
def most_crashes(context: Context, handler: Handler, request: Request) -> Response | Silence:
    """A call with the largest allowed limit ends in an internal error."""
    bounds = [p.schema["maximum"] for a in context.model.actions for p in a.params if p.name == "limit"]
    question = mcp.parse_request(request)
    given = (question.get("params") or {}).get("arguments") or {}
    if question.get("method") != "tools/call" or given.get("limit") not in bounds:
        return handler(request)
    error = {"code": -32603, "message": "Internal error"}
    return Response(
        200,
        (("Content-Type", "application/json"),),
        json_bytes({"jsonrpc": "2.0", "id": question["id"], "error": error}),
    )


@mcp_fault(
    "response_schema",
    "mcp_results",
    also={"surface_equivalence": "the same numbers, compared with those of REST"},
    by_list=("tool_results",),
).edit_tools_call
def number_as_text(_context: Context, _question: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    """Numbers in structured content are strings."""
    if "structuredContent" not in result:
        return result
    data = with_numbers_as_text(result["structuredContent"])
    return {**mcp.with_text(result, json_bytes(data).decode()), "structuredContent": data}


@mcp_fault("idempotency")
def key_of_tool_dropped(handler: Handler, context: Context) -> Handler:
    """The MCP server does not hand on the idempotency key of a call, so that a repeated call acts again."""
    surface = context.model.surfaces["mcp"]
    params = {str(a.name): surface.key_param(a) for a in context.model.actions if a.idempotency}

    def drop(tool: str, given: dict[str, Any]) -> dict[str, Any]:
        key = params.get(tool)
        return {name: value for name, value in given.items() if key is None or name != key.name}

    return mcp.calls(handler, drop)


@mcp_fault("mcp_tools").edit_tools_list
def order_of_chance(context: Context, _question: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    """Tools are listed in a different order each time, which defeats prompt caches."""
    asked = context.memory.setdefault("asked", [0])
    asked[0] += 1
    return result if asked[0] % 2 else {**result, "tools": result["tools"][::-1]}


@mcp_fault("mcp_transport", by_list=("mcp_transport",))
def origin_unchecked(handler: Handler, _context: Context) -> Handler:
    """The server accepts calls from web pages of any origin."""
    return lambda request: handler(request.with_header("Origin", None))


@mcp_fault("mcp_errors", by_list=("tool_refusals", "tool_results"))
def refusal_as_protocol_error(handler: Handler, _context: Context) -> Handler:
    """A refusal of the API becomes a JSON-RPC error, which a model never sees."""

    def edit(_: dict[str, Any], message: dict[str, Any]) -> dict[str, Any]:
        result = message.get("result")
        if not isinstance(result, dict) or not mcp.is_error(result):
            return message
        return {
            "jsonrpc": "2.0",
            "id": message.get("id"),
            "error": {"code": -32603, "message": mcp.text(result)},
        }

    return mcp.edits(handler, "tools/call", edit)


@mcp_fault(
    "absent_id", "response_schema", "mcp_results", "invalid_input", by_list=("tool_refusals", "tool_results")
).edit_tools_call
def refusal_as_success(
    _context: Context, _question: dict[str, Any], result: dict[str, Any]
) -> dict[str, Any]:
    """A refusal of the API becomes a successful result whose text describes an error."""
    return {**result, "isError": False} if mcp.is_error(result) else result


def _bare(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {
            name: _bare(member)
            for name, member in schema.items()
            if name not in ("minimum", "maximum", "pattern")
        }
    return schema


@mcp_fault("mcp_tools").edit_tools_list
def schema_without_bounds(
    _context: Context, _question: dict[str, Any], result: dict[str, Any]
) -> dict[str, Any]:
    """Input schemas lose bounds and patterns, as with converters that keep types only."""
    return {
        **result,
        "tools": [{**tool, "inputSchema": _bare(tool["inputSchema"])} for tool in result["tools"]],
    }


def _with_type_text(schema: Any) -> Any:
    """Return a schema in which texts have a type that JSON Schema does not know."""
    if isinstance(schema, dict):
        return {
            name: "text" if (name, member) == ("type", "string") else _with_type_text(member)
            for name, member in schema.items()
        }
    return schema


@mcp_fault("mcp_tools", by_list=("tool_schemas",)).edit_tools_list
def schema_with_unknown_type(
    _context: Context, _question: dict[str, Any], result: dict[str, Any]
) -> dict[str, Any]:
    """Input schemas give texts the type `text`, which JSON Schema does not know."""
    told = [{**tool, "inputSchema": _with_type_text(tool["inputSchema"])} for tool in result["tools"]]
    return {**result, "tools": told}


@mcp_fault("mcp_transport", by_list=("mcp_handshake", "mcp_transport"))
def server_unnamed(handler: Handler, _context: Context) -> Handler:
    """The server does not state its name and version."""

    def edit(_: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
        return {**result, "_meta": {}, "serverInfo": {"name": "server"}}

    return mcp.results(mcp.results(handler, "server/discover", edit), "initialize", edit)


@mcp_fault("documented_status").edit_tools_call
def status_of_another(_context: Context, _question: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    """An error contains a status that the action does not document."""
    if not mcp.is_error(result):
        return result
    return mcp.with_text(result, json_bytes({"error": {**mcp.error(result), "status": 418}}).decode())


MOST_OF_TEXT_CUT = 300


@mcp_fault("mcp_results", by_list=("tool_results",)).edit_tools_call
def text_cut(_context: Context, _question: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    """A long result's text is cut to 300 characters; its structured content is complete."""
    words = mcp.text(result)
    return (
        result
        if mcp.is_error(result) or len(words) <= MOST_OF_TEXT_CUT
        else mcp.with_text(result, words[:MOST_OF_TEXT_CUT] + "…")
    )


@mcp_fault("mcp_tools", by_list=("tool_list",)).edit_tools_list
def tool_listed_twice(_context: Context, _question: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    """The first tool is listed twice, the second time with an older description."""
    older = {**result["tools"][0], "description": "Out of date."}
    return {**result, "tools": [*result["tools"], older]}


@mcp_fault("mcp_tools").edit_tools_list
def tool_missing(_context: Context, _question: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    """The last tool is not listed, though it can be called."""
    return {**result, "tools": result["tools"][:-1]}


@mcp_fault("mcp_tools", by_list=("tool_words",))
def tool_undeclared(handler: Handler, _context: Context) -> Handler:
    """The server lists a debugging tool that is not in the catalogue."""
    tool = {"name": "debug_echo", "description": "Internal.", "inputSchema": {"type": "object"}}
    return mcp.results(handler, "tools/list", lambda _, result: {**result, "tools": [*result["tools"], tool]})


TRACE = 'Traceback (most recent call last):\n  File "server.py", line 81, in call_tool'


@mcp_fault("no_leaks").edit_tools_call
def trace_in_error(_context: Context, _question: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    """An error contains a stack trace of the server."""
    return mcp.with_text(result, f"{mcp.text(result)}\n{TRACE}") if mcp.is_error(result) else result


@mcp_fault("invalid_input", by_list=("tool_refusals",))
def unknown_argument_dropped(handler: Handler, context: Context) -> Handler:
    """An unknown argument of a tool is silently dropped, and the call goes on."""
    known = {str(a.name): {str(p.name) for p in a.params} for a in context.model.actions}
    return mcp.calls(
        handler, lambda tool, given: {k: v for k, v in given.items() if k in known.get(tool, {k})}
    )


@mcp_fault("mcp_errors", by_list=("tool_refusals",))
def unknown_tool_as_result(handler: Handler, _context: Context) -> Handler:
    """A call of an unknown tool gets a result as if it had worked, instead of a JSON-RPC error."""

    def edit(_: dict[str, Any], message: dict[str, Any]) -> dict[str, Any]:
        if "Unknown tool" not in str((message.get("error") or {}).get("message")):
            return message
        result = {
            "content": [{"type": "text", "text": "unknown tool"}],
            "resultType": "complete",
        }
        return {"jsonrpc": "2.0", "id": message.get("id"), "result": result}

    return mcp.edits(handler, "tools/call", edit)


@mcp_fault("mcp_transport", by_list=("mcp_transport",)).handle_requests
def version_unchecked(_context: Context, handler: Handler, request: Request) -> Response | Silence:
    """An unknown revision of the protocol is accepted."""
    given = request.header("MCP-Protocol-Version")
    return handler(
        request.with_header("MCP-Protocol-Version", "2026-07-28") if given and given < "2024" else request
    )
