"""Judge a Claude plugin or marketplace as Anthropic's validator and directory would."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pgagents.base.pictures import PictureError, read_picture
from pgagents.base.places import Pointer
from pgagents.lint.packages import fields
from pgagents.lint.packages.fields import Hit, is_loopback, split_url, table
from pgagents.lint.packages.package import Package, PackageJudge, TextError, find_root
from pgagents.lint.packages.tree import Tree
from pgagents.lint.tools import tool_judge

PLUGIN, MARKETPLACE, SERVERS = (
    ".claude-plugin/plugin.json",
    ".claude-plugin/marketplace.json",
    ".mcp.json",
)
_LICENCES = re.compile(r"(licen[cs]e|copying)([.-].*)?", re.I)
_ICON = re.compile(r"(\.claude-plugin/|assets/)?(icon|logo)\.(png|svg|jpe?g|webp)", re.I)
_PRIVACY = re.compile(r"\[[^\]]*privacy[^\]]*\]\([^)]+\)|privacy[^\n]{0,80}https?://", re.I)
_CREDENTIAL = re.compile(r"(authorization|key|token|secret|password|cookie)", re.I)
_LITERAL = re.compile(r"[A-Za-z0-9_\-./+=]{16,}")
_LEAST_WORDS = 40
_SIDES = (512, 2048)
_MOST_ICON = 2_000_000
_MOST_DESCRIPTION = 1_024


def root(tree: Tree) -> tuple[Tree, list[Hit]]:
    """Return the tree with the root of the plugin or marketplace, or the finding that it has none."""
    if tree.kind(MARKETPLACE):
        return tree, []
    rooted, _, _ = find_root(tree)
    return rooted, [] if rooted.kind(PLUGIN) else [Hit("no-plugin")]


def find(package: Package) -> Iterator[Hit]:
    """Yield the findings about a plugin, or about a marketplace if the folder is not a plugin itself."""
    if package.tree.kind(MARKETPLACE):
        yield from _check_marketplace(package)
    if not package.tree.kind(PLUGIN):
        return
    data, broken = _read(package, PLUGIN)
    yield from broken
    if data is None:
        return
    yield from fields.check(table("claude_directory").fields["plugin"], data, PLUGIN)
    yield from _check_files(package, data)
    yield from _check_servers(package, data)
    yield from _check_skills(package)


def _read(package: Package, path: str) -> tuple[dict[str, Any] | None, list[Hit]]:
    if not package.tree.is_file(path):
        return None, [Hit("json", path, detail="it is not a file")]
    try:
        data = package.json(path).data
    except TextError as error:
        return None, [Hit("json", path, detail=error.detail, line=error.line)]
    return (data, []) if isinstance(data, dict) else (None, [Hit("json", path)])


def _check_files(package: Package, data: dict[str, Any]) -> Iterator[Hit]:
    """Yield the findings about files that the directory requires: README, licence, icon, privacy policy."""
    tree = package.tree
    readme = next((name for name in tree.names() if name.lower() == "readme.md"), "")
    text = ""
    if not readme or not tree.is_file(readme):
        yield Hit("readme")
    else:
        try:
            text = package.text(readme)
        except TextError as error:
            yield Hit("readme", readme, detail=error.detail)
        words = len(text.split())
        if words < _LEAST_WORDS:
            yield Hit("readme-short", readme, detail=f"it has {words} words")
    if not data.get("license") and not any(_LICENCES.fullmatch(name) for name in tree.names()):
        yield Hit("license")
    if not data.get("privacyPolicyUrl") and not data.get("privacyPolicy") and not _PRIVACY.search(text):
        yield Hit("privacy", PLUGIN)
    yield from _check_icon(tree, data)


def _check_icon(tree: Tree, data: dict[str, Any]) -> Iterator[Hit]:
    named = data.get("icon")
    if isinstance(named, str) and tree.is_file(named.removeprefix("./")):
        path = named.removeprefix("./")
    else:
        path = next((one for one in sorted(tree.files) if _ICON.fullmatch(one) and tree.is_file(one)), "")
    if not path:
        yield Hit("icon")
        return
    entry = tree.files[path]
    try:
        picture = read_picture(entry.read(_MOST_ICON))
    except (OSError, PictureError) as error:
        if not path.lower().endswith(".svg"):
            yield Hit("icon-size", path, detail=str(error))
        return
    least, most = _SIDES
    square = picture.width == picture.height and least <= picture.width <= most
    if not square or picture.format != "png" or entry.size >= _MOST_ICON:
        yield Hit(
            "icon-size", path, detail=f"it is {picture.format}, {picture.width:,} by {picture.height:,}"
        )


def _check_servers(package: Package, data: dict[str, Any]) -> Iterator[Hit]:
    inline = data.get("mcpServers")
    if isinstance(inline, dict):
        yield from _check_each(inline, PLUGIN)
    if not package.tree.kind(SERVERS):
        return
    written, broken = _read(package, SERVERS)
    yield from broken
    if written is not None:
        servers = written.get("mcpServers", written)
        yield from _check_each(servers if isinstance(servers, dict) else {}, SERVERS)


def _check_each(servers: dict[str, Any], file: str) -> Iterator[Hit]:
    for name, server in servers.items():
        at: Pointer = ("mcpServers", name)
        if not isinstance(server, dict):
            yield Hit("server", file, at)
            continue
        yield from fields.check(table("claude_directory").fields["server"], server, file, at)
        yield from _check_url(server, file, at)
        headers = server.get("headers")
        for key, value in headers.items() if isinstance(headers, dict) else ():
            if isinstance(value, str) and _is_literal(str(key), value):
                yield Hit("literal-credential", file, (*at, "headers", key))


def _check_url(server: dict[str, Any], file: str, at: Pointer) -> Iterator[Hit]:
    url, type = server.get("url"), server.get("type")
    if not isinstance(url, str):
        if "command" not in server:
            yield Hit("server", file, at, "it has neither command nor url")
        return
    if "type" not in server:
        yield Hit("server-type", file, at, "it has none")
    elif type == "streamable-http":
        yield Hit("server-type-alias", file, (*at, "type"))
    if "${" in url or not url.strip():
        return
    parts = split_url(url)
    if parts is None:
        yield Hit("server-url", file, (*at, "url"))
    elif parts.scheme.lower() in ("http", "ws") and not is_loopback(parts.hostname or ""):
        yield Hit("server-http", file, (*at, "url"))


def _is_literal(key: str, value: str) -> bool:
    """True for a header with credentials whose value contains a long literal word."""
    return bool(_CREDENTIAL.search(key)) and "${" not in value and bool(_LITERAL.search(value))


def _check_skills(package: Package) -> Iterator[Hit]:
    tree = package.tree
    for name in tree.names("skills"):
        path = f"skills/{name}/SKILL.md"
        if not tree.is_file(path):
            continue
        try:
            skill = package.skill(path)
        except TextError as error:
            yield Hit("skill", path, detail=error.detail, line=error.line)
            continue
        front = skill.front if isinstance(skill.front, dict) else {}
        text = front.get("description")
        if not isinstance(text, str) or not text.strip():
            yield Hit("skill-description", path)
        elif len(text) > _MOST_DESCRIPTION:
            detail = f"it has {len(text):,} characters"
            yield Hit("skill-description-length", path, ("description",), detail)


def _check_marketplace(package: Package) -> Iterator[Hit]:
    data, broken = _read(package, MARKETPLACE)
    yield from broken
    if data is None:
        return
    yield from fields.check(table("claude_directory").fields["marketplace"], data, MARKETPLACE)
    metadata = data.get("metadata")
    inner = metadata.get("description") if isinstance(metadata, dict) else None
    if not data.get("description") and not inner:
        yield Hit("marketplace-description", MARKETPLACE)
    plugins = data.get("plugins")
    for n, plugin in enumerate(plugins if isinstance(plugins, list) else ()):
        source = plugin.get("source") if isinstance(plugin, dict) else None
        if isinstance(source, str) and (not source.startswith("./") or ".." in source.split("/")):
            at = ("plugins", n, "source")
            yield Hit("marketplace-source", MARKETPLACE, at, f"it is `{source[:120]}`")


def find_file(package: Package, path: str) -> Iterator[Hit] | None:
    """Return the findings about one list of MCP tools; None for any other file."""
    data = package.json(path).data
    return _check_tools(data, path) if tool_judge.kind(data) == "mcp-tools" else None


def _check_tools(data: Any, path: str) -> Iterator[Hit]:
    for tool in tool_judge.tools(data):
        hints = tool.members.get("annotations")
        hints = hints if isinstance(hints, dict) else {}
        titles = (tool.members.get("title"), hints.get("title"))
        if not any(isinstance(title, str) and title.strip() for title in titles):
            yield Hit("tool-title", path, tool.at, f"`{tool.shown}` has none")
        if not any(isinstance(hints.get(hint), bool) for hint in ("readOnlyHint", "destructiveHint")):
            yield Hit("annotations", path, tool.at, f"`{tool.shown}` has neither")


JUDGE = PackageJudge(
    "Claude's plugin directory: a plugin, a marketplace, a list of MCP tools", root, find, find_file
)
