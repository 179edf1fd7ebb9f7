"""Declare faults and variations of an MCP server: read its messages, change requests and answers.

They wrap a handler that speaks Streamable HTTP. A changed answer is sent as plain JSON, which the protocol
allows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from pgagents.base.http import EVENT_STREAM, Handler, Request, Response, Silence, json_bytes, read_json
from pgagents.sandbox.fault_declaration import Context, Declared, Fault, Variation
from pgagents.sandbox.fault_registry import find

JSON = "application/json"
T = TypeVar("T")


def parse_request(request: Request) -> dict[str, Any]:
    """Return the JSON-RPC message of a request; empty if the body is not a JSON object."""
    found = read_json(request.body).value
    return found if isinstance(found, dict) else {}


def parse_answer(answer: Response) -> dict[str, Any]:
    """Return the JSON-RPC message of an answer, from JSON or the last event of a stream; empty without
    one.
    """
    body = answer.body
    if answer.media_type == EVENT_STREAM:
        lines = [line[5:].strip() for line in body.splitlines() if line.startswith(b"data:")]
        body = lines[-1] if lines else b""
    found = read_json(body).value
    return found if isinstance(found, dict) else {}


def saying(answer: Response, message: Mapping[str, Any]) -> Response:
    """Return the answer with another message as its JSON body."""
    return answer.with_json(message).with_header("Content-Type", JSON).with_header("Content-Length", None)


def edits(
    handler: Handler, method: str, edit: Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]
) -> Handler:
    """Return a handler whose answers to one method are changed.

    `edit` gets the messages of request and answer.
    """

    def answer(request: Request) -> Response | Silence:
        found = handler(request)
        question = parse_request(request)
        if not isinstance(found, Response) or question.get("method") != method:
            return found
        message = parse_answer(found)
        return saying(found, edit(question, message)) if message else found

    return answer


def results(
    handler: Handler, method: str, edit: Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]
) -> Handler:
    """Return a handler whose results of one method are changed.

    `edit` gets the request's message and the result.
    """

    def edit_result(question: dict[str, Any], message: dict[str, Any]) -> dict[str, Any]:
        return (
            {**message, "result": edit(question, message["result"])}
            if isinstance(message.get("result"), dict)
            else message
        )

    return edits(handler, method, edit_result)


PAGE = 5
"""Tools on a page of a list that comes in pages."""


def in_pages(
    handler: Handler, *, refuses: bool = True, edit: Callable[[int, list[Any]], list[Any]] = lambda _, t: t
) -> Handler:
    """Return a handler that lists its tools in pages, behind cursors of which the first is an empty text.

    An unknown cursor is refused with -32602, or gets the first page without `refuses`. `edit` gets the number
    of a page and its tools.
    """

    def cut(question: dict[str, Any], message: dict[str, Any]) -> dict[str, Any]:
        result, cursor = message.get("result"), (question.get("params") or {}).get("cursor")
        if not isinstance(result, dict):
            return message
        tools = result["tools"]
        cursors = [None, *("" if n == 1 else f"page-{n}" for n in range(1, -(-len(tools) // PAGE)))]
        if cursor not in cursors and refuses:
            error = {"code": -32602, "message": "Invalid cursor"}
            return {"jsonrpc": "2.0", "id": message.get("id"), "error": error}
        number = cursors.index(cursor) if cursor in cursors else 0
        page = {**result, "tools": edit(number, tools[number * PAGE : (number + 1) * PAGE])}
        if number + 1 < len(cursors):
            page["nextCursor"] = cursors[number + 1]
        return {**message, "result": page}

    def answer(request: Request) -> Response | Silence:
        question = parse_request(request)
        if question.get("method") != "tools/list" or "cursor" not in (question.get("params") or {}):
            return paged(request)
        rest = {name: value for name, value in question["params"].items() if name != "cursor"}
        whole = replace(request, body=json_bytes({**question, "params": rest}))
        found = handler(whole.with_header("Content-Length", None))
        message = parse_answer(found) if isinstance(found, Response) else {}
        return saying(found, cut(question, message)) if isinstance(found, Response) and message else found

    paged = edits(handler, "tools/list", cut)
    return answer


def calls(handler: Handler, repair: Callable[[str, dict[str, Any]], dict[str, Any]]) -> Handler:
    """Return a handler that changes the arguments of tool calls.

    `repair` gets the tool's name and the arguments.
    """

    def answer(request: Request) -> Response | Silence:
        question = parse_request(request)
        params = question.get("params")
        if (
            question.get("method") == "tools/call"
            and isinstance(params, dict)
            and isinstance(params.get("arguments"), dict)
        ):
            given = repair(str(params.get("name")), dict(params["arguments"]))
            request = replace(
                request, body=json_bytes({**question, "params": {**params, "arguments": given}})
            )
            request = request.with_header("Content-Length", None)
        return handler(request)

    return answer


def text(result: Mapping[str, Any]) -> str:
    """Return the first text of a tool's result; empty without one."""
    blocks = result.get("content")
    found = (
        [b["text"] for b in blocks if isinstance(b, dict) and isinstance(b.get("text"), str)]
        if isinstance(blocks, list)
        else []
    )
    return found[0] if found else ""


def with_text(result: Mapping[str, Any], words: str) -> dict[str, Any]:
    """Return a tool's result with this text as its only content block."""
    return {**result, "content": [{"type": "text", "text": words}]}


def is_error(result: Mapping[str, Any]) -> bool:
    """Return whether a tool's result is an error."""
    return result.get("isError") is True


def error(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return the `error` object in the text of a failed result; empty if the text has another form."""
    found = read_json(text(result).encode()).value
    inner = found.get("error") if isinstance(found, dict) else None
    return inner if isinstance(inner, dict) else {}


MessageEdit = Callable[[Context, dict[str, Any], dict[str, Any]], dict[str, Any]]


class DeclaredOfTools(Declared[T]):
    """A decorator that makes a fault or variation of an MCP server from a function."""

    def edit_tools_call(self, edit: MessageEdit) -> T:
        """Change every result of an MCP server's `tools/call`.

        The function gets the request and the result.
        """
        return self._results(edit, "tools/call")

    def edit_tools_list(self, edit: MessageEdit) -> T:
        """Change every result of an MCP server's `tools/list`.

        The function gets the request and the result.
        """
        return self._results(edit, "tools/list")

    def _results(self, edit: MessageEdit, method: str) -> T:
        return self._declare(
            edit,
            lambda handler, context: results(handler, method, lambda *given: edit(context, *given)),
        )


def mcp_fault(
    *breaks: str,
    also: Mapping[str, str] | None = None,
    needs: Sequence[str] = (),
    by_list: Sequence[str] = (),
) -> DeclaredOfTools[Fault]:
    """Return a decorator that declares a fault of an MCP server.

    `breaks` names the checks that must find it, `by_list` those without a catalogue.
    """
    checks, wanted, listed = frozenset(breaks), frozenset(needs), frozenset(by_list)
    return DeclaredOfTools(
        lambda name, says, wrap: Fault("mcp_faults", name, says, wrap, checks, also or {}, wanted, listed)
    )


def mcp_variation(point: str | None = None) -> DeclaredOfTools[Variation]:
    """Return a decorator that declares a variation of an MCP server."""
    return DeclaredOfTools(lambda name, says, wrap: Variation("mcp_variations", name, says, wrap, point))


def wrap_mcp(handler: Handler, context: Context, faults: Sequence[str], variations: Sequence[str]) -> Handler:
    """Return an MCP server's handler wrapped in these faults and variations, the first one innermost."""
    named = [*(("mcp_faults", name) for name in faults), *(("mcp_variations", name) for name in variations)]
    for kind, name in named:
        handler = find(kind, name).wrap(handler, replace(context, memory={}))
    return handler
