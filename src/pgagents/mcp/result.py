"""An answer as a tool's result: what came, once as text and once as data, or an error that a model can act on.

Clients refuse a result whose data does not satisfy the tool's output schema, and one without data where there is a schema (the official
SDKs for Python and TypeScript, read 2026-11-21); a model that is told of an error makes the call again. So of a success that is not as its
contract says, the data is given without the members that do not fit, and a warning beside it says so and shows all that came. Only where
no such data can be had, the result is an error, which clients pass on, and which says that the call was done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pgagents.client.answer import Answer, Problem
from pgagents.http import json_bytes
from pgagents.mcp.fitting import fitting
from pgagents.mcp.tools import Tool

if TYPE_CHECKING:
    from mcp_types import CallToolResult

DONE = "The call succeeded and took effect. Do not make it again because of this."
READ = "The call succeeded."


def result_of(tool: Tool, answer: Answer) -> CallToolResult:
    """The result; a success is told as one wherever clients take it."""
    if answer.problem is not None:
        return failed(answer.problem)
    if fault := tool.output.fault(answer.data):
        return _unlike(tool, answer, fault)
    if answer.data is None:
        return _result(f"Done: the API answered {answer.status} without a body.")
    if tool.output.schema is None:
        return _result(answer.data if isinstance(answer.data, str) else json_bytes(answer.data).decode())
    return _result(json_bytes(answer.data).decode(), data=answer.data)


def _unlike(tool: Tool, answer: Answer, fault: str) -> CallToolResult:
    """The result of a success that is not as its contract says."""
    message, note = f"the API's answer is not as its contract says: {fault}", DONE if tool.action.effect == "write" else READ
    found = fitting(tool.output, answer.data)
    if found is None:
        note += " What came is under `answer`."
        return failed(Problem("unexpected_answer", message, answer.status, answer.request_id, note=note), answer.data)
    data, left_out = found
    said = f"Warning: {message}. {note} Left out of the data: {', '.join(left_out)}. All that came: {json_bytes(answer.data).decode()}"
    return _result(json_bytes(data).decode(), said, data=data)


def failed(problem: Problem, data: Any = None) -> CallToolResult:
    """An error's result: `{"error": {…}}` as text, and no structured content, which would have to fit the output schema."""
    shown = {"error": problem.shown(), **({"answer": data} if data is not None else {})}
    return _result(json_bytes(shown).decode(), error=True)


def _result(*texts: str, data: Any = None, error: bool = False) -> CallToolResult:
    from mcp_types import CallToolResult, TextContent

    return CallToolResult(content=[TextContent(type="text", text=text) for text in texts], structured_content=data, is_error=error)
