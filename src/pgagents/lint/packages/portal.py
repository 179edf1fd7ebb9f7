"""Simulate OpenAI's plugin portal: its objections to the manifest, MCP servers, listed files and skills."""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from pgagents.base.pictures import SUFFIXES, DrawingError, PictureError, read_drawing, read_picture
from pgagents.base.places import Pointer
from pgagents.lint.packages import fields
from pgagents.lint.packages.fields import Hit, is_loopback, split_url, table
from pgagents.lint.packages.package import MANIFESTS, Package, Skill, TextError

PORTABLE = "plugin.json"
CODEX = ".codex-plugin/plugin.json"
CLAUDE = ".claude-plugin/plugin.json"
EXTENSION: Pointer = ("extensions", "com.openai")
_BROKEN = {
    "unreadable": "plugin_manifest_unreadable",
    "utf8": "plugin_manifest_unreadable",
    "json": "plugin_manifest_json_malformed",
}


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest that is an object. In the portable layout an extension contains the listing."""

    file: str
    data: dict[str, Any]

    @property
    def portable(self) -> bool:
        """True for Agent Plugins' layout."""
        return self.file == PORTABLE

    @property
    def kind(self) -> str:
        """Return the kind of constraint for absent members."""
        return "missing-portable" if self.portable else "missing"

    @property
    def extension(self) -> dict[str, Any]:
        """Return OpenAI's extension; empty if it is missing."""
        return _object(_object(self.data.get("extensions")).get("com.openai"))

    @property
    def listing(self) -> tuple[Any, Pointer]:
        """Return the member `interface` with its place; an empty object if it is missing."""
        holder, at = (self.extension, EXTENSION) if self.portable else (self.data, ())
        return holder.get("interface", {}), (*at, "interface")

    @property
    def interface(self) -> dict[str, Any]:
        """Return the listing's members."""
        return _object(self.listing[0])


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def find_manifest(package: Package) -> tuple[Manifest | None, list[Hit]]:
    """Return the manifest that the portal reads, or None with the reason."""
    tree = package.tree
    if tree.kind(".codex-plugin") not in (None, "folder") and not tree.is_file(PORTABLE):
        return None, [Hit("codex_manifest_parent_not_directory", ".codex-plugin")]
    path = next((path for path in MANIFESTS if tree.kind(path)), None)
    if path is None:
        return None, [Hit("plugin_manifest_missing")]
    if not tree.is_file(path):
        code = "codex_manifest_path_not_file" if path == CODEX else "plugin_manifest_not_file"
        return None, [Hit(code, path)]
    try:
        data = package.json(path).data
    except TextError as error:
        return None, [Hit(_BROKEN[error.kind], path, detail=error.detail, line=error.line)]
    if not isinstance(data, dict):
        return None, [Hit("plugin_manifest_root_not_object", path)]
    return Manifest(path, data), []


def check_manifest(manifest: Manifest) -> Iterator[Hit]:
    """Yield the findings about the manifest's members."""
    rows, data, file = table("openai_portal").fields, manifest.data, manifest.file
    holder, at = (manifest.extension, EXTENSION) if manifest.portable else (data, ())
    yield from fields.check(rows["identity"], holder, file, at)
    yield from fields.check(rows["manifest"], data, file, missing=manifest.kind)
    if file == CLAUDE:
        yield Hit("claude_format_normalized", file)
        return
    interface, place = manifest.listing
    if not isinstance(interface, dict):
        yield Hit("plugin_interface_wrong_type", file, place)
        return
    yield from fields.check(rows["interface"], interface, file, place, missing=manifest.kind)
    prompts = interface.get("defaultPrompt")
    if isinstance(prompts, str):
        yield from fields.check(rows["prompt"], [prompts], file, (*place, "defaultPrompt"))
    elif isinstance(prompts, list):
        yield from fields.check(rows["prompt"], prompts[:3], file, (*place, "defaultPrompt"))
    yield from _check_names(manifest)
    yield from _check_blanks(manifest)


def _check_names(manifest: Manifest) -> Iterator[Hit]:
    author = _object(manifest.data.get("author")).get("name")
    developer = manifest.interface.get("developerName")
    if isinstance(author, str) and isinstance(developer, str) and author.strip() and developer.strip():
        if author.strip() == developer.strip():
            return
        _, place = manifest.listing
        detail = f"`{author[:80]}` and `{developer[:80]}`"
        yield Hit("developer_name_defaulted", manifest.file, (*place, "developerName"), detail)


def _check_blanks(manifest: Manifest) -> Iterator[Hit]:
    """Yield texts whose blanks the portal would remove."""
    _, place = manifest.listing
    for holder, at in ((manifest.data, ()), (manifest.interface, place)):
        for key, value in holder.items():
            if isinstance(value, str) and value.strip() and value != value.strip():
                yield Hit("manifest_normalized", manifest.file, (*at, key), f"`{key[:80]}` has outer blanks")


def check_published(manifest: Manifest, published: Manifest) -> Iterator[Hit]:
    """Yield the findings about an update: members that must change or must not."""
    for key, code in (("name", "plugin_name_mismatch"), ("version", "plugin_version_unchanged")):
        old, new = published.data.get(key), manifest.data.get(key)
        if isinstance(old, str) and isinstance(new, str) and (old == new) == (key == "version"):
            yield Hit(code, manifest.file, (key,), f"the published package has `{old[:80]}`")


# -- MCP servers, in either layout


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


def list_client_secrets(data: Any) -> Iterator[Pointer]:
    """Yield the places of members called clientSecret, at any depth."""
    stack: list[tuple[Pointer, Any]] = [((), data)]
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


# -- files named in the listing, and the pictures in them


_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_DRIVE = re.compile(r"[A-Za-z]:")


def check_assets(package: Package, manifest: Manifest) -> Iterator[Hit]:
    """Yield the findings about icons and screenshots."""
    interface, place = manifest.interface, manifest.listing[1]
    values = table("openai_portal").values
    for member, code in (
        ("logo", "plugin_logo_path_missing"),
        ("composerIcon", "plugin_composer_icon_path_missing"),
    ):
        if member not in interface and isinstance(manifest.listing[0], dict):
            yield Hit(code, manifest.file, place, severity=_severity(manifest, interface))
    for member in values["images"]:
        if member in interface:
            at = (*place, member)
            bad, path = check_path(package, interface[member], manifest.file, at)
            yield from bad
            if path:
                yield from _check_image(package, path)
    yield from _check_screenshots(package, manifest, values["screenshot"])


def _severity(manifest: Manifest, interface: dict[str, Any]) -> Any:
    """A portable package with one of the two icons passes; both are better."""
    one = "logo" in interface or "composerIcon" in interface
    return "warning" if manifest.portable and one else None


def check_path(package: Package, value: Any, file: str, at: Pointer) -> tuple[list[Hit], str]:
    """Return the findings about a path, and the file's path from the root; empty if it is not a file."""
    code, detail = _judge_path(package, value)
    if code:
        return [Hit(code, file, at, detail)], ""
    return [], str(PurePosixPath(value))


def _judge_path(package: Package, value: Any) -> tuple[str, str]:
    if not isinstance(value, str):
        return "declared_asset_path_wrong_type", ""
    if not value:
        return "declared_asset_path_empty", ""
    if _CONTROL.search(value):
        return "declared_asset_path_has_control_character", ""
    if value != value.strip():
        return "declared_asset_path_has_outer_whitespace", ""
    shown = f"it is `{value[:120]}`"
    if _is_absolute(value) or ".." in re.split(r"[/\\]", value):
        return "declared_asset_path_unsafe", shown
    if not value.startswith("./"):
        return "branding_asset_path_missing_root_prefix", shown
    return _judge_file(package, str(PurePosixPath(value)), shown)


def _is_absolute(value: str) -> bool:
    return value.startswith(("/", "\\")) or bool(_DRIVE.match(value))


def _judge_file(package: Package, path: str, shown: str) -> tuple[str, str]:
    parents = [str(parent) for parent in PurePosixPath(path).parents][:-1]
    if any(package.tree.kind(parent) == "link" for parent in parents):
        return "declared_asset_path_outside_package", shown
    kind = "folder" if path == "." else package.tree.kind(path)
    if kind is None:
        return "declared_asset_file_missing", shown
    return ("declared_asset_not_regular_file", shown) if kind != "file" else ("", "")


def check_skill_icon(package: Package, value: str, file: str, at: Pointer, skill: str) -> Iterator[Hit]:
    """Yield the findings about an icon's path in agents/openai.yaml, which starts from the skill's folder.

    Published plugins name icons of the whole plugin by `../../assets/`, so `..` is followed in the package.
    """
    shown = f"it is `{value[:120]}`"
    code, detail = ("declared_asset_path_unsafe", shown) if _is_absolute(value) else ("", "")
    path = os.path.normpath(f"{skill}/{value}").replace(os.sep, "/")
    if not code and (path == ".." or path.startswith("../")):
        code, detail = "declared_asset_path_outside_package", shown
    if not code:
        code, detail = _judge_file(package, path, shown)
    if code:
        yield Hit(code, file, at, detail)


def _check_image(package: Package, path: str) -> Iterator[Hit]:
    """Yield the findings about an icon: its name, its size in bytes, then its picture."""
    values = table("openai_portal").values
    suffix = PurePosixPath(path).suffix.lower()
    if suffix not in SUFFIXES:
        yield Hit("image_file_format_unsupported", path, detail=f"it ends in `{suffix[:20]}`")
        return
    entry, most = package.tree.files[path], values["most_bytes_of_image"]
    if entry.size > most:
        yield Hit("image_file_too_large", path, detail=f"it has {entry.size:,} bytes")
        return
    try:
        raw = entry.read(most)
    except OSError as error:
        yield Hit("image_file_unreadable", path, detail=error.strerror or "")
        return
    if suffix == ".svg":
        yield from _check_drawing(raw, path, values["least_side"])
    else:
        yield from _check_picture(raw, path, SUFFIXES[suffix], values)


def _check_picture(raw: bytes, path: str, format: str, values: Any) -> Iterator[Hit]:
    try:
        picture = read_picture(raw)
    except PictureError as error:
        yield Hit("raster_image_decode_failed", path, detail=str(error))
        return
    size = f"it is {picture.width:,} by {picture.height:,}"
    if picture.format != format:
        yield Hit("raster_image_extension_content_mismatch", path, detail=f"it is {picture.format}")
    elif min(picture.width, picture.height) < values["least_side"]:
        yield Hit("raster_image_dimensions_too_small", path, detail=size)
    elif max(picture.width, picture.height) > values["most_side"]:
        yield Hit("raster_image_dimensions_too_large", path, detail=size)
    elif picture.width != picture.height:
        yield Hit("raster_image_not_square", path, detail=size)


def _check_drawing(raw: bytes, path: str, least: int) -> Iterator[Hit]:
    try:
        width, height = read_drawing(raw)
    except DrawingError as error:
        yield Hit(f"svg_{error.code}", path, detail=str(error))
        return
    size = f"it is {width:g} by {height:g}"
    if round(width) != round(height):
        yield Hit("svg_dimensions_not_square", path, detail=size)
    elif width < least:
        yield Hit("svg_dimensions_too_small", path, detail=size)


def _check_screenshots(package: Package, manifest: Manifest, wanted: dict[str, int]) -> Iterator[Hit]:
    """Yield the findings about screenshots. A package without a server has its own code for them."""
    shots = manifest.interface.get("screenshots")
    if not isinstance(shots, list) or not shots or not list_servers(package, manifest):
        return
    place = (*manifest.listing[1], "screenshots")
    yield Hit("screenshots_not_allowed", manifest.file, place, detail="a tool with UI is not seen here")
    prompts = manifest.interface.get("defaultPrompt")
    count = len(prompts) if isinstance(prompts, list) else 1 if prompts else 0
    if len(shots) != count:
        detail = f"there are {len(shots)} for {count} starter prompts"
        yield Hit("rule-screenshot", manifest.file, place, detail)
    for n, shot in enumerate(shots[:20]):
        bad, path = check_path(package, shot, manifest.file, (*place, n))
        yield from bad
        if path:
            yield from _check_screenshot(package, path, wanted)


def _check_screenshot(package: Package, path: str, wanted: dict[str, int]) -> Iterator[Hit]:
    entry = package.tree.files[path]
    try:
        picture = read_picture(entry.read(20_000_000))
    except (OSError, PictureError) as error:
        yield Hit("rule-screenshot", path, detail=str(error))
        return
    fits = (
        picture.width == wanted["width"]
        and wanted["least_height"] <= picture.height <= wanted["most_height"]
        and picture.format in ("png", "jpeg")
    )
    if not fits:
        detail = f"it is {picture.format}, {picture.width:,} by {picture.height:,}"
        yield Hit("rule-screenshot", path, detail=detail)


# -- skills, and their agents/openai.yaml


_BROKEN_SKILL = {
    "unreadable": "skill_manifest_unreadable",
    "utf8": "skill_manifest_invalid_utf8",
    "yaml": "skill_frontmatter_yaml_malformed",
    "front": "skill_frontmatter_missing",
    "unclosed": "skill_frontmatter_unclosed",
}
_BROKEN_AGENT = {
    "unreadable": "skill_agent_unreadable",
    "utf8": "skill_agent_invalid_utf8",
    "yaml": "skill_agent_yaml_malformed",
}
_INTERFACE = (
    "interface",
    "display_name",
    "short_description",
    "icon_small",
    "icon_large",
    "brand_color",
    "default_prompt",
)


def check_skills(package: Package, plugin: Any) -> Iterator[Hit]:
    """Yield the findings about every skill. `plugin` is the plugin's name as the manifest has it."""
    tree = package.tree
    if tree.kind("skills") != "folder":
        return
    names: dict[str, str] = {}
    for name in tree.names("skills"):
        path = f"skills/{name}"
        if tree.kind(path) == "file":
            yield Hit("skill_file_ignored", path)
        elif tree.kind(path) == "folder":
            yield from _check_skill(package, path, plugin, names)


def _check_skill(package: Package, path: str, plugin: Any, names: dict[str, str]) -> Iterator[Hit]:
    if path.removeprefix("skills/").startswith("."):
        yield Hit("skill_directory_hidden", path)
        return
    tree, file = package.tree, f"{path}/SKILL.md"
    nested = [one for one in tree.below(path) if one.endswith("/SKILL.md") and one != file]
    if tree.kind(file) is None:
        code = "skill_manifest_nested" if nested else "skill_manifest_missing"
        yield Hit(code, nested[0] if nested else path)
        return
    if nested:
        yield Hit("skill_manifest_nested", nested[0], severity="warning")
    if not tree.is_file(file):
        yield Hit("skill_manifest_not_regular_file", file)
        return
    try:
        skill = package.skill(file)
    except TextError as error:
        yield Hit(_BROKEN_SKILL[error.kind], file, detail=error.detail, line=error.line)
        return
    yield from check_front(skill, file)
    yield from _check_identity(skill, file, plugin, names)
    yield from _check_size(package, path, file)
    yield from _check_agent(package, path)


def check_front(skill: Skill, file: str) -> Iterator[Hit]:
    """Yield the findings about one SKILL.md's front matter and body."""
    front = skill.front
    if front is None:
        yield Hit("skill_frontmatter_wrong_type", file, detail="it is empty")
        return
    yield from fields.check(table("openai_portal").fields["skill"], front, file)
    if not skill.body.strip():
        yield Hit("skill_body_empty", file)
    if not isinstance(front, dict):
        return
    for key in ("name", "description"):
        value = front.get(key)
        if (
            isinstance(value, str) and value.strip() and (value.removesuffix("\n") != " ".join(value.split()))
        ):  # a block of YAML ends with a line break
            yield Hit("skill_frontmatter_adjusted", file, (key,), f"`{key}` has outer or double blanks")
    metadata = front.get("metadata")
    idle = [key for key in metadata if key in _INTERFACE] if isinstance(metadata, dict) else []
    if idle:
        yield Hit("skill_metadata_ignored", file, ("metadata", idle[0]), f"it has `{idle[0]}`")


def _check_identity(skill: Skill, file: str, plugin: Any, names: dict[str, str]) -> Iterator[Hit]:
    name = skill.front.get("name") if isinstance(skill.front, dict) else None
    if not isinstance(name, str) or not name.strip():
        return
    name = " ".join(name.split())
    if names.setdefault(name, file) != file:
        yield Hit("skill_identity_duplicate", file, ("name",), f"`{names[name]}` has that name too")
    most = table("openai_portal").values["most_identity"]
    whole = f"{plugin}:{name}"
    if isinstance(plugin, str) and len(plugin) <= most and len(whole) > most:
        yield Hit("skill_identity_too_long", file, ("name",), f"it has {len(whole)} characters")


def _check_size(package: Package, path: str, file: str) -> Iterator[Hit]:
    """Yield a finding for a skill whose files are too large when packed.

    They are packed only if they could be too large.
    """
    most = table("openai_portal").values["skill_bundle"]
    entries = [package.tree.files[one] for one in package.tree.below(path)]
    if sum(entry.size for entry in entries) <= most:
        return
    packed = 0
    for entry in entries:
        if packed > most:
            break
        if package.tree.zipped:
            packed += entry.packed
            continue
        try:
            packed += len(zlib.compress(entry.read(4 * most), 1))
        except OSError:
            continue
    if packed > most:
        yield Hit("skill_bundle_too_large", file, detail=f"it has more than {most:,} bytes when packed")


def _check_agent(package: Package, path: str) -> Iterator[Hit]:
    tree, file = package.tree, f"{path}/agents/openai.yaml"
    if tree.kind(file) is None:
        return
    if not tree.is_file(file):
        yield Hit("skill_agent_not_regular_file", file)
        return
    try:
        data = package.yaml(file).data
    except TextError as error:
        yield Hit(_BROKEN_AGENT[error.kind], file, detail=error.detail, line=error.line)
        return
    yield from fields.check(table("openai_portal").fields["agent"], data, file)
    interface = data.get("interface") if isinstance(data, dict) else None
    for key in ("icon_small", "icon_large"):
        value = interface.get(key) if isinstance(interface, dict) else None
        if isinstance(value, str) and value.strip():
            yield from check_skill_icon(package, value, file, ("interface", key), path)
