"""Judge a plugin by the Agent Plugins specification 1.0.0."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pgagents.base.places import Pointer
from pgagents.lint.packages import fields
from pgagents.lint.packages.fields import Hit, is_loopback, split_url, table
from pgagents.lint.packages.package import Package, PackageJudge, TextError, find_root
from pgagents.lint.packages.tree import Tree

_VARIABLE = re.compile(r"\$\{(?!PLUGIN_ROOT\}|PLUGIN_DATA\})[^}]*\}")
_EXPANDED = re.compile(r"\$\{[^}]*\}")
_GROUPS = {"stdio": "stdio", "streamable-http": "remote", "sse": "remote"}


def root(tree: Tree) -> tuple[Tree, list[Hit]]:
    """Return the tree with the plugin's root, or the finding that there is no plugin."""
    rooted, _, _ = find_root(tree)
    return rooted, [] if rooted.kind("plugin.json") else [Hit("no-plugin")]


def find(package: Package) -> Iterator[Hit]:
    """Yield the findings about the two files, the skills, and links."""
    tree = package.tree
    for path, entry in tree.files.items():
        if entry.kind == "link":
            yield Hit("link", path)
    yield from _check_file(package, "plugin.json")
    if tree.kind("mcp.json"):
        yield from _check_file(package, "mcp.json")
    yield from _check_skills(package)
    if not tree.kind("mcp.json") and tree.kind("skills") != "folder":
        yield Hit("nothing-offered", "plugin.json")


def _check_file(package: Package, path: str) -> Iterator[Hit]:
    if not package.tree.is_file(path):
        yield Hit("json", path, detail="it is not a file")
        return
    try:
        data = package.json(path).data
    except TextError as error:
        yield Hit("json", path, detail=error.detail, line=error.line)
        return
    yield from _check_data(data, path)


def _check_data(data: Any, path: str) -> Iterator[Hit]:
    if not isinstance(data, dict):
        yield Hit("json", path)
        return
    rows = table("agent_plugins").fields
    yield from fields.check(rows["mcp" if path == "mcp.json" else "plugin"], data, path)
    servers = data.get("mcpServers") if path == "mcp.json" else None
    for name, server in servers.items() if isinstance(servers, dict) else ():
        group = _GROUPS.get(str(server.get("type"))) if isinstance(server, dict) else None
        if group:
            at: Pointer = ("mcpServers", name)
            yield from fields.check(rows[group], server, path, at)
            yield from _check_url(server, path, at)
            yield from _check_variables(server, path, at)


def _check_url(server: dict[str, Any], path: str, at: Pointer) -> Iterator[Hit]:
    url = server.get("url")
    if not isinstance(url, str) or not url.strip():
        return
    parts = split_url(url)
    wrong = (
        "it is not an absolute URL"
        if parts is None or parts.scheme.lower() not in ("http", "https")
        else "it is http"
        if parts.scheme.lower() == "http" and not is_loopback(parts.hostname or "")
        else "it has user information"
        if "@" in parts.netloc
        else "it has a fragment"
        if "#" in url
        else ""
    )
    if wrong:
        yield Hit("server-url", path, (*at, "url"), wrong)


def _check_variables(server: dict[str, Any], path: str, at: Pointer) -> Iterator[Hit]:
    for key in ("url", "command", "headers", "args", "env", "cwd"):
        pattern = _VARIABLE if key in ("args", "env", "cwd") else _EXPANDED
        for pointer, text in _texts(server.get(key), (*at, key)):
            if match := pattern.search(text):
                yield Hit("server-variable", path, pointer, f"it has `{match.group()[:80]}`")


def _texts(value: Any, at: Pointer) -> Iterator[tuple[Pointer, str]]:
    if isinstance(value, str):
        yield at, value
    elif isinstance(value, dict):
        yield from (((*at, key), one) for key, one in value.items() if isinstance(one, str))
    elif isinstance(value, list):
        yield from (((*at, n), one) for n, one in enumerate(value) if isinstance(one, str))


def _check_skills(package: Package) -> Iterator[Hit]:
    tree = package.tree
    if tree.kind("skills") not in (None, "folder"):
        yield Hit("skill", "skills", detail="`skills` is not a folder")
        return
    for name in tree.names("skills"):
        folder = f"skills/{name}"
        path = f"{folder}/SKILL.md"
        if tree.kind(folder) != "folder":
            if tree.kind(folder) != "link":
                yield Hit("skill", folder)
        elif not tree.is_file(path):
            yield Hit("skill", folder, detail="it has no SKILL.md")
        else:
            yield from _check_skill(package, path, name)


def _check_skill(package: Package, path: str, folder: str) -> Iterator[Hit]:
    try:
        skill = package.skill(path)
    except TextError as error:
        yield Hit("skill-text", path, detail=error.detail, line=error.line)
        return
    front = skill.front if isinstance(skill.front, dict) else {}
    if front.get("name") != folder:
        yield Hit("skill-name", path, ("name",), f"it is `{str(front.get('name'))[:80]}`")
    description = front.get("description")
    if not isinstance(description, str) or not description.strip():
        yield Hit("skill-text", path, (), "it has no description")
    if not skill.body.strip():
        yield Hit("skill-text", path, (), "it has no instructions")


def find_file(package: Package, path: str) -> Iterator[Hit] | None:
    """Return the findings about one plugin.json or mcp.json; None for any other file."""
    return _check_data(package.json(path).data, path) if path in ("plugin.json", "mcp.json") else None


JUDGE = PackageJudge("Agent Plugins 1.0.0: a plugin's folder or ZIP", root, find, find_file)
