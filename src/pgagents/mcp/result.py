"""An answer as a tool's result: what came, once as text and once as data, or an error that a model can act on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pgagents.client.answer import Answer, Problem
from pgagents.mcp.tools import Tool
from pgagents.wire import json_bytes

if TYPE_CHECKING:
    from mcp_types import CallToolResult


def result_of(tool: Tool, answer: Answer) -> CallToolResult:
    """The result. Data that does not fit the tool's output schema is an error, with the data in its text: a client would refuse it."""
    if answer.problem is not None:
        return failed(answer.problem)
    if fault := tool.output.fault(answer.data):
        note = "The call took effect; what came is under `answer`." if tool.action.effect == "write" else "What came is under `answer`."
        message = f"the API's answer is not as its contract says: {fault}"
        return failed(Problem("unexpected_answer", message, answer.status, answer.request_id, note=note), answer.data)
    if answer.data is None:
        return _result(f"Done: the API answered {answer.status} without a body.")
    if tool.output.schema is None:
        return _result(answer.data if isinstance(answer.data, str) else json_bytes(answer.data).decode())
    return _result(json_bytes(answer.data).decode(), data=answer.data)


def failed(problem: Problem, data: Any = None) -> CallToolResult:
    """An error's result: `{"error": {…}}` as text, and no structured content, which would have to fit the output schema."""
    shown = {"error": problem.shown(), **({"answer": data} if data is not None else {})}
    return _result(json_bytes(shown).decode(), error=True)


def _result(text: str, *, data: Any = None, error: bool = False) -> CallToolResult:
    from mcp_types import CallToolResult, TextContent

    return CallToolResult(content=[TextContent(type="text", text=text)], structured_content=data, is_error=error)
