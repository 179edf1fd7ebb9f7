"""MCP tools, as a server answers `tools/list`: in the catalogue's order, each with all four hints.

https://modelcontextprotocol.io/specification/2025-11-25/server/tools and revision 2026-07-28, read 2026-11-20.
"""

from __future__ import annotations

from dataclasses import dataclass

from pgagents.generate.formerly import offered
from pgagents.generate.functions import Function, functions
from pgagents.generate.lower.dialect import MCP
from pgagents.generate.openapi.address import reverse_domain
from pgagents.generate.target import Loss, Target, View
from pgagents.model.action import Action
from pgagents.model.model import Model
from pgagents.source.origin import Node, Text


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool. `output` is None where the answer is no object, which servers up to 2025-11-25 must answer."""

    name: Text
    title: Text
    description: Text
    input: Node
    output: Node | None
    annotations: Node
    meta: Node | None


def view(model: Model) -> View:
    """The actions of the `mcp` surface as tools."""
    surface = model.surfaces["mcp"]
    found, losses = functions(model, surface, MCP, answers=True)
    tools = []
    more: list[Loss] = []
    for action, function in zip(offered(surface), found, strict=True):
        output = function.response if function.response and function.response.get("type") == "object" else None
        if function.response and output is None:
            at = (*action.origin, "output", action.success.status)
            more.append(Loss(at, f"answer {action.success.status}", "dropped", "an output schema must be an object up to 2025-11-25"))
        title = surface.text(action, "title")
        tools.append(
            Tool(function.name, title, function.description, _input(function), output, _annotations(action), _meta(model, action))
        )  # fmt: skip
    return View({"tools": tools}, (*losses, *more))


def _input(function: Function) -> Node:
    """The arguments; of a tool without any only that it takes none, as the specification recommends."""
    if function.takes_arguments:
        return function.parameters
    return Node({k: v for k, v in function.parameters.items() if k != "properties"}, origin=function.parameters.origin)


def _annotations(action: Action) -> Node:
    """What the tool does to the world. Defaults are the worst of each, so all four are said.

    A repeated write is taken to do more unless the method says otherwise (PUT, DELETE) or every call must carry an
    idempotency key: with one that may be left out, the same arguments may act twice.
    """
    read = action.effect == "read"
    key = next((p for p in action.params if p.name == action.idempotency), None)
    return Node(
        {
            "readOnlyHint": read,
            "destructiveHint": not read and action.destructive,
            "idempotentHint": read or action.method in ("PUT", "DELETE") or (key is not None and key.required),
            "openWorldHint": True,
        },
        origin=(*action.origin, "effect"),
    )


def _meta(model: Model, action: Action) -> Node | None:
    """The question to the user before the call, for clients that know our key; the description says it to all."""
    if action.confirm_body is None:
        return None
    return Node({f"{reverse_domain(model)}/confirm": action.confirm_body}, origin=(*action.origin, "confirm"))


TARGET = Target("MCP tools", ("mcp/tools.json",), view, surface="mcp", for_models=True)
