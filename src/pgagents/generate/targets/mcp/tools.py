"""MCP tools as a server returns them for `tools/list`: in the catalogue's order, each with all four hints.

https://modelcontextprotocol.io/specification/2025-11-25/server/tools and revision 2026-07-28, read
2026-11-20.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pgagents.base.places import Node, Text, origin_of
from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.surface import Surface
from pgagents.generate.actions import list_offered
from pgagents.generate.addresses import reverse_domain
from pgagents.generate.dialect import MCP
from pgagents.generate.functions import functions
from pgagents.generate.target import Function, Loss, Target, View


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool. `output` is None unless the answer is an object, which revisions up to 2025-11-25 require."""

    name: Text
    title: Text
    description: Text
    input: Node
    output: Node | None
    annotations: Node
    meta: Node | None


def view(model: Model) -> View:
    """Return the actions of the `mcp` surface as tools."""
    return view_tools(model, model.surfaces["mcp"])


def view_tools(model: Model, surface: Surface) -> View:
    """Return the actions of a surface as tools."""
    found, losses = functions(model, surface, MCP, answers=True)
    tools = []
    listed = []
    more: list[Loss] = []
    for action, function in zip(list_offered(surface), found, strict=True):
        output = _as_object(function.response)
        at = (*action.origin, "output", action.success.status)
        if output is not None and model.leaves_open:
            output, free = _without_required(output), output
            if output != free:
                why = "a document's server may answer null there, and no client takes such an answer"
                more.append(Loss(at, f"required members of answer {action.success.status}", "widened", why))
        if function.response and output is None:
            more.append(
                Loss(
                    at,
                    f"answer {action.success.status}",
                    "dropped",
                    "an output schema must be an object up to 2025-11-25",
                )
            )
        title = surface.text(action, "title")
        arguments = _input(function)
        listed.append(replace(function, parameters=arguments, response=output))
        tools.append(
            Tool(
                function.name,
                title,
                function.description,
                arguments,
                output,
                _annotations(surface, action),
                _meta(model, action),
            )
        )
    return View({"tools": tools}, (*losses, *more), functions=tuple(listed))


def _as_object(response: Node | None) -> Node | None:
    """Return the schema of an answer that is an object, with that type beside alternatives too; else None."""
    if response is None or response.get("type") == "object":
        return response
    branches = next((response[key] for key in ("oneOf", "anyOf") if key in response), ())
    if "type" in response or not branches or any(one.get("type") != "object" for one in branches):
        return None
    return Node({"type": "object", **response}, origin=response.origin)


def _without_required(schema: Node) -> Node:
    """Return the schema of a document's answer without required members, except in its alternatives.

    Servers seldom hold to a document that says nothing of null. A client refuses an answer that its schema
    refuses, whereas a member may be left out. Alternatives keep what tells them apart.
    """
    made: dict[str, Any] = {}
    for key, value in schema.items():
        if key == "properties" and isinstance(value, Mapping):
            inner = {name: _without_required(one) for name, one in value.items()}
            made[key] = Node(inner, origin=origin_of(value) or ())
        elif key in ("items", "additionalProperties") and isinstance(value, Node):
            made[key] = _without_required(value)
        elif key != "required":
            made[key] = value
    return Node(made, origin=schema.origin)


def _input(function: Function) -> Node:
    """Return the schema of the arguments; without any, an empty closed object, as the specification
    recommends.
    """
    if function.takes_arguments:
        return function.parameters
    return Node(
        {k: v for k, v in function.parameters.items() if k != "properties"}, origin=function.parameters.origin
    )


def _annotations(surface: Surface, action: Action) -> Node:
    """Return the tool's behaviour hints. The defaults assume the worst, so all four are written.

    An optional idempotency key makes no tool idempotent, because a call may lack it. Gateways repeat calls of
    tools that say so.
    """
    hints, key = action.hints, surface.key_param(action)
    read = hints.read_only.value
    return Node(
        {
            "readOnlyHint": read,
            "destructiveHint": not read and hints.destructive.value,
            "idempotentHint": read or hints.idempotent.value or (key is not None and key.required),
            "openWorldHint": hints.open_world.value,
        },
        origin=hints.destructive.origin,
    )


def _meta(model: Model, action: Action) -> Node | None:
    """Return the confirmation question for clients that support our key; the description has it for all
    others.
    """
    if action.confirm_body is None:
        return None
    return Node({f"{reverse_domain(model)}/confirm": action.confirm_body}, origin=(*action.origin, "confirm"))


def view_connector(model: Model) -> View:
    """Return the tools of the connector of a Microsoft 365 Copilot plugin.

    A tool without annotations counts there as one that destroys, and each call asks the user
    (https://learn.microsoft.com/microsoft-365/copilot/cowork/cowork-plugin-development, read 2026-11-25).
    """
    return view_tools(model, model.surfaces["copilot_mcp"])


TARGETS = {
    "mcp/tools": Target(
        "MCP tools", ("mcp/tools.json",), view, surface="mcp", for_models=True, describes="functions"
    ),
    "cowork/tools": Target(
        "Tools of the Microsoft 365 Copilot plugin",
        ("cowork/tools.json",),
        view_connector,
        surface="copilot_mcp",
        part="surfaces.copilot_mcp.package",
        for_models=True,
        describes="functions",
        template="mcp/tools",
    ),
}
