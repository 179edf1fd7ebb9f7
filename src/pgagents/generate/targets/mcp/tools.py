"""MCP tools as a server returns them for `tools/list`: in the catalogue's order, each with all four hints.

https://modelcontextprotocol.io/specification/2025-11-25/server/tools and revision 2026-07-28, read
2026-11-20.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from pgagents.base.jsonschema.walk import Child, rewrite
from pgagents.base.places import Node, Text
from pgagents.catalogue.decoding.medium import kind_of
from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.surface import Surface
from pgagents.generate.actions import list_offered
from pgagents.generate.addresses import reverse_domain
from pgagents.generate.dialect import MCP
from pgagents.generate.functions import functions
from pgagents.generate.lower import lower
from pgagents.generate.target import Function, Loss, Target, View

RESULT = "result"
"""The member that holds an answer which is not an object.

Revisions up to 2025-11-25 take objects alone as structured content. The SDK (mcp 2.3.0) and FastMCP 4.2.3 put
any other value into this member, for clients of every revision.
"""


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool. `output` is the schema of its structured content; None for an answer that is not JSON, or of
    which nothing is known.

    `wrapped` is true if the answer is not an object, so that it stands in the member `RESULT`.
    """

    name: Text
    title: Text
    description: Text
    input: Node
    output: Node | None
    annotations: Node
    meta: Node | None
    wrapped: bool


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
        structure = _find_structure(function.response)
        answer = _as_object(function.response) or function.response if structure else None
        at = (*action.origin, "output", action.success.status)
        if answer is not None and model.leaves_open:
            answer, whole = _without_required(answer), answer
            if answer != whole:
                why = "a document's server may answer null there, and no client takes such an answer"
                more.append(Loss(at, f"required members of answer {action.success.status}", "widened", why))
        wrapped = structure == "wrapped"
        title = surface.text(action, "title")
        arguments = _input(function)
        listed.append(replace(function, parameters=arguments, response=answer))
        tools.append(
            Tool(
                function.name,
                title,
                function.description,
                arguments,
                _wrap(answer) if wrapped and answer is not None else answer,
                _annotations(surface, action),
                _meta(model, action),
                wrapped,
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


def _wrap(answer: Node) -> Node:
    """Return the schema of the object that holds an answer."""
    members = Node({RESULT: answer}, origin=answer.origin)
    kept = {"type": "object", "properties": members, "required": [RESULT], "additionalProperties": False}
    return Node(kept, origin=answer.origin)


Structured = Literal["", "answer", "wrapped"]
"""The structured content of a tool's results: none, the answer, or an object that only holds the answer."""


def find_structure(model: Model, action: Action) -> Structured:
    """Return what the structured content of the action's tool is."""
    answer = action.success
    if answer.schema is None or kind_of(answer).name != "json":
        return ""
    return _find_structure(lower(answer.schema, model.schemas, MCP)[0])


def _find_structure(answer: Node | None) -> Structured:
    if not answer:
        return ""  # nothing is known of it: a schema would say nothing, either
    return "wrapped" if _as_object(answer) is None else "answer"


def is_wrapper(schema: Mapping[str, Any]) -> bool:
    """Return whether an output schema is that of an object which only holds the answer."""
    return list(schema.get("properties", ())) == [RESULT] and schema.get("required") == [RESULT]


def _without_required(schema: Node) -> Node:
    """Return the schema of a document's answer without required members, except in its alternatives.

    Servers seldom hold to a document that says nothing of null. A client refuses an answer that its schema
    refuses, whereas a member may be left out. Alternatives keep what tells them apart.
    """

    def change(child: Child) -> Any:
        inside = child.kind in ("member", "item") and isinstance(child.schema, Node)
        return _without_required(child.schema) if inside else child.schema

    kept = {key: value for key, value in rewrite(schema, change).items() if key != "required"}
    return Node(kept, origin=schema.origin)


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
