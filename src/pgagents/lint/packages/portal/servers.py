"""Check the MCP servers of a package, in either layout."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pgagents.lint.packages import fields
from pgagents.lint.packages.constraints import is_loopback, split_url
from pgagents.lint.packages.hit import Hit
from pgagents.lint.packages.package import Package
from pgagents.lint.packages.portal.manifest import Manifest
from pgagents.lint.packages.table import table
from pgagents.lint.packages.texts import TextError
from pgagents.source.source import Pointer

Server = tuple[str, Pointer, dict[str, Any]]
_CODEX = ".mcp.json"
_SECRET = re.compile(r"client_?secret", re.I)


def _file(manifest: Manifest) -> str:
    return "mcp.json" if manifest.portable else _CODEX


def is_declared(manifest: Manifest) -> bool:
    """True if the portal reads the package's MCP configuration."""
    if manifest.portable:
        return True
    path = manifest.data.get("mcpServers")
    return isinstance(path, dict) or (isinstance(path, str) and path.removeprefix("./") == _CODEX)


def list_servers(package: Package, manifest: Manifest) -> list[Server]:
    """Return each server with its file and its place."""
    if not is_declared(manifest):
        return []
    servers: Any
    inline = manifest.data.get("mcpServers")
    if not manifest.portable and isinstance(inline, dict):
        file, servers = manifest.file, inline
    else:
        file = _file(manifest)
        servers = (package.object(file) or {}).get("mcpServers")
    if not isinstance(servers, dict):
        return []
    return [(file, ("mcpServers", name), one) for name, one in servers.items() if isinstance(one, dict)]


def check_servers(package: Package, manifest: Manifest) -> Iterator[Hit]:
    """Yield the findings about the MCP configuration, and with each server."""
    file = _file(manifest)
    servers = list_servers(package, manifest)
    if package.tree.kind(file) and not is_declared(manifest):
        yield Hit("undeclared_mcp_manifest_ignored", file)
    elif package.tree.kind(file) or "mcpServers" in manifest.data:
        yield from _check_configuration(package, manifest, file, servers)
    if len(servers) > 1:
        yield Hit("rule-one-mcp-server", servers[1][0], servers[1][1], f"there are {len(servers)}")
    for one in servers:
        yield from _check_server(*one)


def _check_configuration(
    package: Package, manifest: Manifest, file: str, servers: list[Server]
) -> Iterator[Hit]:
    if package.tree.is_file(file):
        try:
            data = package.json(file).data
        except TextError as error:
            yield Hit("rule-mcp-manifest", file, detail=error.detail, line=error.line)
            return
        if not isinstance(data, dict) or not isinstance(data.get("mcpServers"), dict):
            yield Hit("rule-mcp-manifest", file)
            return
    elif isinstance(manifest.data.get("mcpServers"), str):
        yield Hit("rule-mcp-manifest", manifest.file, ("mcpServers",), "the file is not there")
        return
    if not servers:
        where = file if package.tree.is_file(file) else manifest.file
        yield Hit("mcp_configuration_excluded", where, ("mcpServers",), "it names no server")


def _check_server(file: str, at: Pointer, server: dict[str, Any]) -> Iterator[Hit]:
    if "url" not in server and "command" in server:
        yield Hit("rule-local-server", file, at)
        return
    yield from fields.check(table("openai_portal").fields["mcp-server"], server, file, at)
    parts = split_url(server.get("url"))
    if parts is not None and parts.scheme == "https" and is_loopback(parts.hostname or ""):
        yield Hit("rule-mcp-url", file, (*at, "url"), "it is this machine")
    if "url" not in server:
        yield Hit("rule-mcp-url", file, at, "it has no URL")
    if server.get("headers"):
        yield Hit("rule-mcp-headers", file, (*at, "headers"))


def list_client_secrets(data: Any, at: Pointer = ()) -> Iterator[Pointer]:
    """Yield the places of members called clientSecret, at any depth."""
    stack = [(at, data)]
    while stack:
        here, value = stack.pop()
        items: list[tuple[Any, Any]] = (
            list(value.items())
            if isinstance(value, dict)
            else list(enumerate(value))
            if isinstance(value, list)
            else []
        )
        for key, inner in items:
            if isinstance(key, str) and _SECRET.fullmatch(key):
                yield (*here, key)
            stack.append(((*here, key), inner))
