"""The tools that the server lists, as in the generated `mcp/tools.json`, and the results of their calls."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

from pgagents.base.errors import PgagentsError
from pgagents.base.http import json_bytes
from pgagents.base.jsonschema import schema
from pgagents.base.places import plain
from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.surface import Surface
from pgagents.client.answer import Answer, Problem
from pgagents.client.client import format_next
from pgagents.generate.actions import list_offered
from pgagents.generate.targets.mcp import tools as target

if TYPE_CHECKING:
    from mcp_types import CallToolResult


SURFACE = "mcp"


class Output:
    """The output schema of a tool. Clients validate its answers against it."""

    def __init__(self, written: Mapping[str, Any] | None) -> None:
        self.schema = written

    @cached_property
    def _validator(self) -> Any:
        return schema.validator(self.schema or {}, {}, formats=False)

    def list_problems(self, data: Any) -> Iterator[Any]:
        """Yield the validator's errors of data."""
        return iter(self._validator.iter_errors(data))

    def find_problem(self, data: Any) -> str:
        """Return the first error of data with its path; empty where there is none."""
        if self.schema is None or self._validator.is_valid(data):
            return ""
        error = next(self.list_problems(data))
        return (
            f"{'.'.join(str(step) for step in error.instance_path) or 'the body'}: "
            f"{' '.join(error.message.split())[:200]}"
        )


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool: its entry in the list, its action, and its output schema.

    `wrapped` is true if an answer stands in a member of the structured content.
    """

    listed: dict[str, Any]
    action: Action
    output: Output
    wrapped: bool


def surface(model: Model) -> Surface:
    """Return the surface for MCP clients. Raises PgagentsError if the catalogue has none."""
    if SURFACE not in model.surfaces:
        raise PgagentsError(
            "the catalogue has no `surfaces.mcp`",
            "add it, with the actions that MCP clients are to be offered",
        )
    return model.surfaces[SURFACE]


def tools(model: Model) -> dict[str, Tool]:
    """Return the tools by name, in the catalogue's order.

    A former name is another tool for the same action.
    """
    found = {}
    for action, tool in zip(list_offered(surface(model)), target.view(model).context["tools"], strict=True):
        listed = {
            "name": tool.name,
            "title": tool.title,
            "description": tool.description,
            "inputSchema": tool.input,
            **({"outputSchema": tool.output} if tool.output else {}),
            "annotations": tool.annotations,
            **({"_meta": tool.meta} if tool.meta else {}),
        }
        written = plain(listed)
        found[str(tool.name)] = Tool(
            written, action.alias_of or action, Output(written.get("outputSchema")), tool.wrapped
        )
    return found


# -- results


DONE = "The call succeeded and took effect. Do not make it again because of this."
READ = "The call succeeded."


def result_of(tool: Tool, answer: Answer) -> CallToolResult:
    """Return the result of an answer. A success stays one if clients accept it."""
    if answer.problem is not None:
        return make_error_result(answer.problem)
    data = {target.RESULT: answer.data} if tool.wrapped else answer.data
    if problem := tool.output.find_problem(data):
        return _unlike(tool, answer, data, problem)
    if data is None:
        return _result(f"Done: the API answered {answer.status} without a body.")
    if answer.file is not None:
        return _result(f"A file: {answer.data['content_type']}, {answer.data['bytes']:,} bytes, not shown.")
    said = _further_page(tool, answer)
    if tool.output.schema is None:
        text = answer.data if isinstance(answer.data, str) else json_bytes(answer.data).decode()
        return _result(text, *said)
    return _result(json_bytes(data).decode(), *said, data=data)


def _further_page(tool: Tool, answer: Answer) -> tuple[str, ...]:
    """Return a line about the next page if only a header announces it. Otherwise the data shows it."""
    pages = tool.action.pages
    if answer.next is None or pages is None or "headers" not in pages.next.names:
        return ()
    return (format_next(str(tool.listed["name"]), answer.next),)


def _unlike(tool: Tool, answer: Answer, data: Any, problem: str) -> CallToolResult:
    """Return the result of a success that breaks its contract."""
    message, note = (
        f"the API's answer is not as its contract says: {problem}",
        READ if tool.action.only_reads else DONE,
    )
    found = fitting(tool.output, data)
    if found is None:
        note += " What came is under `answer`."
        return make_error_result(
            Problem("unexpected_answer", message, answer.status, answer.request_id, note=note), answer.data
        )
    kept, left_out = found
    said = (
        f"Warning: {message}. {note} Left out of the data: {', '.join(left_out)}. All that came: "
        f"{json_bytes(answer.data).decode()}"
    )
    return _result(json_bytes(kept).decode(), said, data=kept)


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


# -- answers that fit an output schema


MOST_PROBLEMS = 20
MOST_TRIES = 200


def fitting(output: Output, data: Any) -> tuple[Any, list[str]] | None:
    """Return the data without members that break the schema, and their paths. None if required members break
    it.

    No value is changed, and no item of a list is removed: a shorter list would look complete.
    """
    made, left_out, tries = copy.deepcopy(data), [], 0
    paths = _paths(output, made)
    while paths:
        if len(paths) > MOST_PROBLEMS:
            return None
        for path in _candidates(made, paths[0]):
            tries += 1
            if tries > MOST_TRIES:
                return None
            holder = _at(made, path[:-1])
            value = holder.pop(path[-1])
            after = _paths(output, made)
            if len(after) < len(paths):
                left_out.append(".".join(map(str, path)))
                paths = after
                break
            holder[path[-1]] = value
        else:
            return None
    return made, left_out


def _paths(output: Output, data: Any) -> list[tuple[str | int, ...]]:
    """Return the paths of values that break the schema, up to a maximum.

    Each unexpected member has its own path.
    """
    found: list[tuple[str | int, ...]] = []
    for error in islice(output.list_problems(data), MOST_PROBLEMS + 1):
        at = tuple(error.instance_path)
        found += [(*at, name) for name in getattr(error.kind, "unexpected", ())] or [at]
    return found


def _candidates(data: Any, path: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    """Yield members to remove: the one at the path, those inside it, then those around it."""
    if path and isinstance(path[-1], str):
        yield path
    there = _at(data, path)
    if isinstance(there, dict):
        yield from ((*path, name) for name in list(there))
    for end in range(len(path) - 1, 0, -1):
        if isinstance(path[end - 1], str):
            yield path[:end]


def _at(data: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        data = data[step]
    return data
