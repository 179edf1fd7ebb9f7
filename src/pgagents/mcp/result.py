"""Convert an answer to a tool's result: text and data, or an error that a model can act on.

Clients refuse data that breaks the tool's output schema, and missing data if there is a schema. (The official
SDKs for Python and TypeScript were read on 2026-11-21.) A model that sees an error repeats the call. So a
success that breaks its contract becomes data without the members that break it. A warning and the complete
answer follow as text. If no data fits, the result is an error, which says that the call was done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pgagents.client.answer import Answer, Problem
from pgagents.client.paging import format_next
from pgagents.http import json_bytes
from pgagents.mcp.fitting import fitting
from pgagents.mcp.tools import Tool

if TYPE_CHECKING:
    from mcp_types import CallToolResult

DONE = "The call succeeded and took effect. Do not make it again because of this."
READ = "The call succeeded."


def result_of(tool: Tool, answer: Answer) -> CallToolResult:
    """Return the result of an answer. A success stays one if clients accept it."""
    if answer.problem is not None:
        return make_error_result(answer.problem)
    if problem := tool.output.find_problem(answer.data):
        return _unlike(tool, answer, problem)
    if answer.data is None:
        return _result(f"Done: the API answered {answer.status} without a body.")
    if answer.file is not None:
        return _result(f"A file: {answer.data['content_type']}, {answer.data['bytes']:,} bytes, not shown.")
    said = _further_page(tool, answer)
    if tool.output.schema is None:
        text = answer.data if isinstance(answer.data, str) else json_bytes(answer.data).decode()
        return _result(text, *said)
    return _result(json_bytes(answer.data).decode(), *said, data=answer.data)


def _further_page(tool: Tool, answer: Answer) -> tuple[str, ...]:
    """Return a line about the next page if only a header announces it. Otherwise the data shows it."""
    pages = tool.action.pages
    if answer.next is None or pages is None or "headers" not in pages.next.names:
        return ()
    return (format_next(str(tool.listed["name"]), answer.next),)


def _unlike(tool: Tool, answer: Answer, problem: str) -> CallToolResult:
    """Return the result of a success that breaks its contract."""
    message, note = (
        f"the API's answer is not as its contract says: {problem}",
        READ if tool.action.only_reads else DONE,
    )
    found = fitting(tool.output, answer.data)
    if found is None:
        note += " What came is under `answer`."
        return make_error_result(
            Problem("unexpected_answer", message, answer.status, answer.request_id, note=note), answer.data
        )
    data, left_out = found
    said = (
        f"Warning: {message}. {note} Left out of the data: {', '.join(left_out)}. All that came: "
        f"{json_bytes(answer.data).decode()}"
    )
    return _result(json_bytes(data).decode(), said, data=data)


def make_error_result(problem: Problem, data: Any = None) -> CallToolResult:
    """Return an error's result: `{"error": {…}}` as text.

    It has no structured content, which would break the output schema.
    """
    shown = {"error": problem.to_dict(), **({"answer": data} if data is not None else {})}
    return _result(json_bytes(shown).decode(), error=True)


def _result(*texts: str, data: Any = None, error: bool = False) -> CallToolResult:
    from mcp_types import CallToolResult, TextContent

    return CallToolResult(
        content=[TextContent(type="text", text=text) for text in texts],
        structured_content=data,
        is_error=error,
    )
