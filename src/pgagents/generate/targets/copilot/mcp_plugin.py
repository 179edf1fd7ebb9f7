"""The plugin manifest v2.4 of Microsoft 365 Copilot for an MCP server, `RemoteMCPServer`, with its tools
inline.

Three forms are documented: URL alone, a file of tools, tools inline. Every npm version of Microsoft's schema
accepts only the last one; see json-schemas issue 617. Copilot sends such a server no API key: `auth` is OAuth
from the vault, or none.
https://github.com/MicrosoftDocs/m365copilot-docs/blob/90efae8/docs/plugin-dynamic-tool-discovery.md, read
2026-11-20.
"""

from __future__ import annotations

from typing import Any

from pgagents.base.places import Node
from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.model import Model
from pgagents.generate import apiplugin
from pgagents.generate.actions import list_offered
from pgagents.generate.dialect import MCP
from pgagents.generate.functions import functions
from pgagents.generate.target import Function, Target, View


def view(model: Model) -> View:
    """Return one function per tool, and the tools as the surface's MCP server lists them."""
    surface = model.surfaces["copilot_mcp"]
    found, losses = functions(model, surface, MCP, answers=False)
    every = list_offered(surface)
    tools = [_tool(action, function) for action, function in zip(every, found, strict=True)]
    spec = Node(
        {"url": surface.server, "mcp_tool_description": Node({"tools": tools}, origin=surface.origin)},
        origin=surface.origin,
    )
    runtime = Node(
        {
            "type": "RemoteMCPServer",
            "auth": apiplugin.auth(surface),
            "spec": spec,
            "run_for_functions": [a.name for a in every],
        },
        origin=surface.origin,
    )
    made = apiplugin.plugin(model, surface, "v2.4", apiplugin.tool_functions(surface), runtime)
    return View(made.context, losses, made.notes)


def _tool(action: Action, function: Function) -> Node:
    """Return a tool as `tools/list` has it. `readOnlyHint` lets a reading call run without asking the
    user.
    """
    members: dict[str, Any] = {
        "name": function.name,
        "description": function.description,
        "inputSchema": function.parameters,
    }
    members["annotations"] = Node(
        {"readOnlyHint": action.hints.read_only.value}, origin=action.hints.read_only.origin
    )
    return Node(members, origin=action.origin)


TARGET = Target(
    "Microsoft 365 Copilot plugin v2.4 for an MCP server",
    ("copilot/mcp-plugin.json",),
    view,
    surface="copilot_mcp",
    template="copilot/plugin",
)
