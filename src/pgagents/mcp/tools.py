"""The tools that the server lists: the same as in the generated `mcp/tools.json`, in the same order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pgagents.errors import PgagentsError
from pgagents.generate.actions import list_offered
from pgagents.generate.targets.mcp import tools as target
from pgagents.jsonschema import schema
from pgagents.model.action import Action
from pgagents.model.model import Model
from pgagents.model.surface import Surface
from pgagents.source.origin import plain

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
    """One tool: its entry in the list, its action, and its output schema."""

    listed: dict[str, Any]
    action: Action
    output: Output


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
        found[str(tool.name)] = Tool(written, action.alias_of or action, Output(written.get("outputSchema")))
    return found
