"""The tools that the server lists: the same as in the generated `mcp/tools.json`, in the same order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pgagents.errors import PgagentsError
from pgagents.generate.formerly import offered
from pgagents.generate.targets.mcp import tools as target
from pgagents.jsonschema import schema
from pgagents.model.action import Action
from pgagents.model.model import Model, Surface
from pgagents.source.origin import plain

SURFACE = "mcp"


class Output:
    """What a tool's answers must fit, since clients hold a server to it."""

    def __init__(self, written: Mapping[str, Any] | None) -> None:
        self.schema = written

    @cached_property
    def _validator(self) -> Any:
        return schema.validator(self.schema or {}, {}, formats=False)

    def faults(self, data: Any) -> Iterator[Any]:
        """Everything in it that does not fit, as the validator tells of it."""
        return iter(self._validator.iter_errors(data))

    def fault(self, data: Any) -> str:
        """The first thing in it that does not fit, with its place; empty where it fits."""
        if self.schema is None or self._validator.is_valid(data):
            return ""
        error = next(self.faults(data))
        return f"{'.'.join(str(step) for step in error.instance_path) or 'the body'}: {' '.join(error.message.split())[:200]}"


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool: what is listed of it, the action behind it, and what its answers must fit."""

    listed: dict[str, Any]
    action: Action
    output: Output


def surface(model: Model) -> Surface:
    """The surface that MCP clients are offered. Raises PgagentsError where the catalogue has none."""
    if SURFACE not in model.surfaces:
        raise PgagentsError("the catalogue has no `surfaces.mcp`", "add it, with the actions that MCP clients are to be offered")
    return model.surfaces[SURFACE]


def tools(model: Model) -> dict[str, Tool]:
    """The tools by name, in the catalogue's order; a tool of an old name has the same action behind it."""
    found = {}
    for action, tool in zip(offered(surface(model)), target.view(model).context["tools"], strict=True):
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
