"""Describe MCP servers for several documents: the command that starts one, its entry in a package, its card.

The same facts say where each key is sent: in a header, or as an environment variable of the command.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import PurePath
from typing import Any

from pgagents.base.places import Node, Text
from pgagents.base.text import is_example
from pgagents.catalogue.model.credential import Credential
from pgagents.catalogue.model.identity import variable_of_scheme
from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.surface import McpServer
from pgagents.generate.addresses import reverse_domain
from pgagents.generate.target import Loss

RUNTIMES = {"npm": "npx", "pypi": "uvx", "oci": "docker"}
"""The command that starts a package, by registry."""
BRIDGE = ("-y", "mcp-remote@0.15.1")
"""The arguments of npx that start the bridge to a hosted server, for hosts that only start processes.

It gets the key, so its version is pinned: one that is published later is not run unread
(https://www.npmjs.com/package/mcp-remote, read 2026-11-25).
"""


def name_variables(model: Model) -> tuple[dict[str, Text], Text]:
    """Return the environment variables: one for each scheme's key, and one for the API's URL."""
    surface = model.surfaces["mcp"]
    at = (*surface.origin, "env")
    key = Text(surface.env.get("key") or f"{model.api.id.upper()}_API_KEY", (*at, "key"))
    url = Text(surface.env.get("url") or f"{model.api.id.upper()}_API_URL", (*at, "url"))
    return {name: Text(variable_of_scheme(model, name, key), (*at, "key")) for name in model.credentials}, url


def show_server(model: Model) -> Text:
    """Return the API's URL for an entry; like a key, one that nobody has said is left to the reader."""
    return Text("https://…" if is_example(model.api.server) else model.api.server, ("api", "server"))


def find_command(model: Model, server: McpServer, *, folder: str = "") -> tuple[str, list[str]]:
    """Return the command that starts the server, and its arguments.

    Without a package that the author declared it is `pgagents mcp FILE`: whoever publishes an invented name
    would get the keys. FILE is the path that was given to the command, and holds in the folder where that
    ran. `folder` is the client's notation for that folder. Files that are committed contain no absolute path.
    """
    if not server.package:
        return "pgagents", ["mcp", f"{folder}{_relative_path(model.source.file)}"]
    keys, url = name_variables(model)
    package = server.package
    passed: list[str] = [part for name in (*keys.values(), url) for part in ("-e", name)]
    arguments: dict[str, list[str]] = {
        "npm": ["-y", package],
        "pypi": [package],
        "oci": ["run", "-i", "--rm", *passed, package],
    }
    return RUNTIMES[server.registry], arguments[server.registry]


def _relative_path(file: str) -> str:
    """Return the catalogue's path in its project: as given, or from the folder where commands look for it."""
    path = PurePath(file)
    if path.is_absolute() or ".." in path.parts:
        path = PurePath(*path.parts[-2:]) if path.parent.name == "catalogue" else PurePath(path.name)
    return path.as_posix()


def local_losses(server: McpServer) -> list[Loss]:
    """Yield a loss for a server that neither a package nor a URL lets others reach."""
    if server.package or server.url:
        return []
    why = "it starts from this project's folder alone; for other machines name a package or URL in `server:`"
    return [Loss(server.origin, "server `pgagents mcp`", "client", why)]


def is_required(model: Model, scheme: str) -> bool:
    """Return whether at least one tool needs the key of this scheme."""
    ways = [action.security for action in model.surfaces["mcp"].actions if action.security]
    return any(all(scheme in one for one in way) for way in ways)


def list_keys(model: Model, server: McpServer) -> list[Credential]:
    """Return the credentials for a hosted server, from the first alternative in which it can be called."""
    first: tuple[str, ...] = next(iter(server.security), ())
    return [model.credentials[name] for name in first]


def key_losses(model: Model, server: McpServer) -> list[Loss]:
    """Yield a loss for each key that is sent outside headers, or as Base64 in one.

    The registry and the clients have no place for the first kind, and do not encode the second.
    """
    keys = list_keys(model, server) if server.url else []
    encoded = [
        Loss(one.origin, "Base64 of user:password", "client", "the variable holds the encoded text")
        for one in keys
        if one.encoded
    ]
    return encoded + [
        Loss(
            one.origin,
            f"key in the {one.place} `{one.wire}`",
            "client",
            "whoever adds the server adds it too",
        )
        for one in keys
        if one.place != "header"
    ]


def name_server(model: Model, server: McpServer) -> Text:
    """Return the server's name as the registry and server cards write it: `com.example/name`."""
    named = server.name
    return Text(f"{reverse_domain(model)}/{named}", getattr(named, "origin", ("api", "server")))


def make_remote(model: Model, server: McpServer) -> Node:
    """Return the hosted server's URL, with the headers that carry its keys."""
    members: dict[str, Any] = {"type": server.transport, "url": server.url}
    headers = [_make_header(one) for one in list_keys(model, server) if one.place == "header"]
    if headers:
        members["headers"] = headers
    return Node(members, origin=server.origin)


def _make_header(credential: Credential) -> Node:
    header: dict[str, Any] = {
        "name": credential.header,
        "description": credential.description or f"The {credential.noun}",
        "isRequired": True,
        "isSecret": True,
    }
    if credential.lead or credential.tail:
        header["value"] = credential.wrap("{key}")
        header["variables"] = {"key": {"isRequired": True, "isSecret": True}}
    return Node(header, origin=credential.origin)


# -- the server's entry in a package


Expand = Callable[[str], str]
"""A function that returns a host's notation for the value of an environment variable."""


def make_entry(model: Model, server: McpServer, expand: Expand, remote: dict[str, Any]) -> Node:
    """Return the entry of the server. `remote` has the host's members for a hosted server."""
    variables, url = name_variables(model)
    if server.url:
        headers = {
            one.header: Text(one.wrap(expand(variables[one.name])), one.origin)
            for one in list_carried(model, server)
        }
        members = {**remote, **({"headers": Node(headers, origin=server.origin)} if headers else {})}
        return Node(members, origin=server.origin)
    env: dict[str, Any] = {name: Text(expand(name), name.origin) for name in variables.values()}
    env[url] = show_server(model)
    command, arguments = find_command(model, server)
    members = {"command": command, "args": arguments, "env": Node(env, origin=server.origin)}
    return Node(members, origin=server.origin)


def list_carried(model: Model, server: McpServer) -> list[Credential]:
    """Return the credentials that are sent in a hosted server's headers, or set in a started one's
    environment.
    """
    if not server.url:
        return list(model.credentials.values())
    return [one for one in list_keys(model, server) if one.place == "header"]


def list_settings(model: Model, server: McpServer) -> Iterator[tuple[Text, Credential]]:
    """Yield each key that the user must enter, with its environment variable."""
    variables, _ = name_variables(model)
    for one in list_carried(model, server):
        yield variables[one.name], one


# -- the card of a hosted server


SCHEMA = "https://static.modelcontextprotocol.io/schemas/v1/server-card.schema.json"
HOSTED_SERVER = "surfaces.mcp.mcp_server.url"
"""The part of the model that must exist for a document about the hosted server."""


def make_card(model: Model) -> Node:
    """Return name, version, texts and address of the hosted server.

    The card has no protocol versions: the server announces them itself, and the catalogue does not have them.
    """
    surface = model.surfaces["mcp"]
    server = surface.mcp_server
    assert server is not None
    members: dict[str, Any] = {
        "$schema": SCHEMA,
        "name": name_server(model, server),
        "version": server.version,
        "title": surface.title or model.text("api", "title"),
        "description": surface.description or model.text("api", "for_people"),
        "websiteUrl": model.text("api", "docs") or Text(model.api.server, ("api", "server")),
        "remotes": [make_remote(model, server)],
    }
    return Node(members, origin=surface.origin)
