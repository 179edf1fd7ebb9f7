"""A connector through which Copilot Studio reaches the hosted MCP server: two files and an icon.

The definition has one POST operation. `x-ms-agentic-protocol` says that it speaks MCP. So Copilot Studio
lists the tools from the server, and no schema of a tool has to fit into Swagger 2.0.
https://learn.microsoft.com/microsoft-copilot-studio/mcp-add-existing-server-to-agent,
https://github.com/microsoft/mcsmcp and the rules of names of
https://learn.microsoft.com/connectors/custom-connectors/connector-string-guidance, read 2026-11-25.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from pgagents.base.places import Node, Text
from pgagents.catalogue.model.credential import CodeFlow, Credential
from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.surface import Surface
from pgagents.generate import store_listing
from pgagents.generate.mcp_servers import list_keys
from pgagents.generate.store_listing import leave_out_empty
from pgagents.generate.target import Loss, Target, View

_SURFACE = "copilot_mcp"
_PART = f"surfaces.{_SURFACE}.package"
_KEY, _TOKEN = "api_key", "token"
_SIDE = 160
_LAST_WORD = re.compile(r"\s+(API|Connector)$", re.I)
"""A last word that a connector's title may not have."""
_CATEGORY = "AI"
"""One of Microsoft's categories, which is true of every connector for agents."""


def view_definition(model: Model) -> View:
    """Return the Swagger 2.0 document with the operation that speaks MCP."""
    surface = model.surfaces[_SURFACE]
    written, at = surface.package, (*surface.origin, "package")
    address = urlsplit(str(surface.server))
    name = _find_title(model, surface)
    website = written.website or model.api.server
    contact = {
        "name": Text(written.developer, (*at, "developer")),
        "url": Text(website, (*at, "website") if written.website else ("api", "server")),
        "email": model.text("api", "contact"),
    }
    info = {
        "title": name,
        "description": surface.description or model.text("api", "for_people"),
        "version": Text(model.api.version, ("api", "version")),
        "contact": leave_out_empty(contact),
    }
    operation = {
        "operationId": "InvokeMCP",
        "summary": Text(f"Tools of {name}", name.origin),
        "description": Text(f"Calls the tools of {name} by the Model Context Protocol.", name.origin),
        "x-ms-agentic-protocol": "mcp-streamable-1.0",
        "responses": {"200": {"description": "The server's answer."}},
    }
    policy = model.text("api", "privacy")
    metadata = {"Website": contact["url"], "Privacy policy": policy, "Categories": _CATEGORY}
    definitions, required = _describe_sign_in(model, surface)
    members = {
        "info": Node(info, origin=surface.origin),
        "host": Text(address.netloc, surface.server.origin),
        "basePath": "/",
        "schemes": ["https"],
        "consumes": ["application/json"],
        "produces": ["application/json"],
        "paths": {address.path or "/": {"post": Node(operation, origin=surface.origin)}},
        "securityDefinitions": definitions,
        "security": required,
        "x-ms-connector-metadata": [
            {"propertyName": title, "propertyValue": value} for title, value in metadata.items() if value
        ],
    }
    return View({"members": Node(leave_out_empty(members), origin=surface.origin)}, tuple(_losses(model)))


def view_properties(model: Model) -> View:
    """Return the connection's parameters, which the user enters, and the colour of the icon."""
    surface = model.surfaces[_SURFACE]
    written, at = surface.package, (*surface.origin, "package")
    developer = Text(written.developer, (*at, "developer"))
    members: dict[str, Any] = {
        "connectionParameters": _describe_parameters(model, surface),
        "iconBrandColor": Text(written.accent, (*at, "accent")),
        "capabilities": [],
        "publisher": developer,
        "stackOwner": developer,
    }
    letters = store_listing.initials(str(surface.human_name or model.api.title))
    icon = store_listing.draw_icon(letters, _SIDE, written.accent)
    return View({"members": Node(members, origin=at)}, assets={"power_platform/icon.png": icon})


def _find_title(model: Model, surface: Surface) -> Text:
    """Return the product's name, without a last word that says that it is an API."""
    name = surface.human_name or model.text("api", "title")
    return Text(_LAST_WORD.sub("", name), name.origin)


def _find_key(model: Model, surface: Surface) -> Credential | None:
    """Return the key that the server takes in a header, unless people sign in."""
    server = surface.mcp_server
    if server is None or surface.auth.get("type", "ApiKeyPluginVault") != "ApiKeyPluginVault":
        return None
    keys = list_keys(model, server)
    return keys[0] if len(keys) == 1 and keys[0].place == "header" and not keys[0].pair else None


def _find_flow(model: Model, surface: Surface) -> CodeFlow | None:
    """Return the flow by which people sign in, if Copilot uses it and the catalogue has its addresses."""
    return model.code_flow if surface.auth.get("type") == "OAuthPluginVault" else None


def _describe_sign_in(model: Model, surface: Surface) -> tuple[dict[str, Any], list[Any]]:
    """Return the security definitions, and the requirement that names one."""
    key, flow = _find_key(model, surface), _find_flow(model, surface)
    if flow is not None:
        scopes = Node(flow.scopes, origin=(*flow.origin, "scopes"))
        members = {
            "type": "oauth2",
            "flow": "accessCode",
            "authorizationUrl": Text(flow.urls["authorization_url"], flow.place("authorize")),
            "tokenUrl": Text(flow.urls["token_url"], flow.place("token")),
            "scopes": scopes,
        }
        return {"oauth2": Node(members, origin=flow.origin)}, [{"oauth2": list(flow.scopes)}]
    if key is not None:
        members = {"type": "apiKey", "in": "header", "name": key.header}
        return {_KEY: Node(members, origin=key.origin)}, [{_KEY: []}]
    return {}, []


def _describe_parameters(model: Model, surface: Surface) -> dict[str, Any]:
    """Return what a connection asks: a secret text for a key, or the sign-in of a user."""
    key, flow = _find_key(model, surface), _find_flow(model, surface)
    if flow is not None:
        urls = {
            "authorizationUrl": flow.urls["authorization_url"],
            "tokenUrl": flow.urls["token_url"],
            "refreshUrl": flow.urls["token_url"],
        }
        settings = {
            "identityProvider": "oauth2",
            "scopes": list(flow.scopes),
            "redirectMode": "Global",
            "customParameters": {name: {"value": url} for name, url in urls.items()},
        }
        return {_TOKEN: Node({"type": "oauthSetting", "oAuthSettings": settings}, origin=flow.origin)}
    if key is None:
        return {}
    noun = f"{key.noun[:1].upper()}{key.noun[1:]}"
    written = key.wrap("KEY")
    shown = {
        "displayName": noun,
        "description": key.description or noun,
        "tooltip": f"Enter {written}" if written != "KEY" else f"Enter the {key.noun}",
        "constraints": {"required": "true", "clearText": False, "tabIndex": 2},
    }
    return {_KEY: Node({"type": "securestring", "uiDefinition": shown}, origin=key.origin)}


def _losses(model: Model) -> Iterator[Loss]:
    """Yield a loss for the tools, which the server lists, and for a sign-in that the files cannot say."""
    surface = model.surfaces[_SURFACE]
    count = f"{len(surface.actions)} actions"
    yield Loss(surface.origin, count, "elsewhere", "Copilot Studio lists the tools from the server")
    name, title = surface.human_name or model.text("api", "title"), _find_title(model, surface)
    if name != title:
        yield Loss(
            name.origin, f"title `{name}`", "narrowed", f"it is `{title}`; no title says API or Connector"
        )
    server = surface.mcp_server
    open_to_all = server is None or () in server.security or not server.security
    if surface.auth.get("type") == "None" or open_to_all:
        return
    if _find_key(model, surface) is None and _find_flow(model, surface) is None:
        why = "the catalogue has no addresses of its flow; choose it when you import the connector"
        yield Loss((*surface.origin, "auth"), "sign-in to the server", "client", why)


TARGETS = {
    "power_platform/definition": Target(
        "Power Platform connector to the MCP server, for Copilot Studio",
        ("power_platform/apiDefinition.swagger.json",),
        view_definition,
        surface=_SURFACE,
        part=_PART,
        lists_actions=False,
    ),
    "power_platform/properties": Target(
        "Properties and icon of the Power Platform connector",
        ("power_platform/apiProperties.json", "power_platform/icon.png"),
        view_properties,
        surface=_SURFACE,
        part=_PART,
        lists_actions=False,
    ),
}
