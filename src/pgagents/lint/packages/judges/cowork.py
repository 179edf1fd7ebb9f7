"""Judge a Microsoft 365 Copilot plugin (Copilot Cowork): manifest, skills, connectors, tools and icons."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pgagents.base.jsonschema.walk import children
from pgagents.base.pictures import PictureError, read_picture
from pgagents.lint.packages import fields
from pgagents.lint.packages.fields import Hit, table
from pgagents.lint.packages.package import Package, PackageJudge, TextError
from pgagents.lint.packages.tree import Tree

MANIFEST = "manifest.json"
_SKILL = "SKILL.md"
_SIDES = {"color": 192, "outline": 32}
_MOST_PICTURE = 2_000_000
_MOST_FILES, _MOST_FILE, _MOST_SKILL = 20, 5_000_000, 10_000_000
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_PART = re.compile(r"(?!\.)[A-Za-z0-9_.! -]+")
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.I)
"""Keywords of a schema that hold values, in which `$ref` is a member like any other."""
_PLACEHOLDER = re.compile(r"replace|placeholder|your[_-]|[<{]", re.I)


def is_manifest(data: Any) -> bool:
    """True for an app manifest with skills or connectors."""
    return isinstance(data, dict) and bool({"agentSkills", "agentConnectors"} & data.keys())


def root(tree: Tree) -> tuple[Tree, list[Hit]]:
    """Return the tree, and the finding that it has no manifest of a plugin."""
    manifest = Package(tree).object(MANIFEST) if tree.is_file(MANIFEST) else None
    found = is_manifest(manifest) or (manifest is None and tree.is_file(MANIFEST))
    return tree, [] if found else [Hit("no-plugin")]


def find(package: Package) -> Iterator[Hit]:
    """Yield the findings about a package."""
    data, broken = _read(package, MANIFEST)
    yield from broken
    if data is None:
        return
    yield from _check_manifest(data, MANIFEST)
    yield from _check_icons(package.tree, data)
    yield from _check_skills(package, data)
    for place, remote in _list_remotes(data):
        yield from _check_tools(package, remote, place)


def find_file(package: Package, path: str) -> Iterator[Hit] | None:
    """Return the findings about a manifest without its package; None for any other file."""
    data = package.json(path).data
    return _check_manifest(data, path) if is_manifest(data) else None


def _read(package: Package, path: str) -> tuple[dict[str, Any] | None, list[Hit]]:
    try:
        data = package.json(path).data
    except TextError as error:
        return None, [Hit("json", path, detail=error.detail, line=error.line)]
    return (data, []) if isinstance(data, dict) else (None, [Hit("json", path)])


def _check_manifest(data: dict[str, Any], file: str) -> Iterator[Hit]:
    """Yield the findings about the manifest that need no other file."""
    yield from fields.check(table("cowork").fields["manifest"], data, file)
    version, schema = data.get("manifestVersion"), data.get("$schema")
    if isinstance(schema, str) and isinstance(version, str) and f"/v{version}/" not in schema:
        yield Hit("schema-version", file, ("$schema",), f"it is `{schema[:120]}`")
    if not data.get("agentSkills") and not data.get("agentConnectors"):
        yield Hit("no-plugin", file, detail="both lists are empty")
    yield from _check_names(data, file)
    for place, remote in _list_remotes(data):
        yield from _check_authorization(remote, version, file, place)


def _list_folders(data: dict[str, Any]) -> Iterator[tuple[int, str]]:
    skills = data.get("agentSkills")
    for n, skill in enumerate(skills if isinstance(skills, list) else ()):
        folder = skill.get("folder") if isinstance(skill, dict) else None
        if isinstance(folder, str) and folder:
            yield n, folder.removeprefix("./").rstrip("/")


def _check_names(data: dict[str, Any], file: str) -> Iterator[Hit]:
    """Yield folders and ids of connectors that stand twice."""
    folders: set[str] = set()
    for n, folder in _list_folders(data):
        if folder in folders:
            yield Hit("ASKILL-P008", file, ("agentSkills", n, "folder"), f"it is `{folder[:120]}`")
        folders.add(folder)
    ids: set[str] = set()
    connectors = data.get("agentConnectors")
    for n, connector in enumerate(connectors if isinstance(connectors, list) else ()):
        id = connector.get("id") if isinstance(connector, dict) else None
        if isinstance(id, str) and id.lower() in ids:
            yield Hit("connector-id", file, ("agentConnectors", n, "id"), f"it is `{id[:80]}`")
        ids.add(str(id).lower())


def _list_remotes(data: dict[str, Any]) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
    """Yield each remote MCP server of a connector, with its place."""
    connectors = data.get("agentConnectors")
    for n, connector in enumerate(connectors if isinstance(connectors, list) else ()):
        source = connector.get("toolSource") if isinstance(connector, dict) else None
        remote = source.get("remoteMcpServer") if isinstance(source, dict) else None
        if isinstance(remote, dict):
            yield ("agentConnectors", n, "toolSource", "remoteMcpServer"), remote


def _check_authorization(
    remote: dict[str, Any], version: Any, file: str, place: tuple[Any, ...]
) -> Iterator[Hit]:
    if version == "1.28" and not isinstance(remote.get("mcpToolDescription"), dict):
        yield Hit("tool-file", file, place, "the manifest is 1.28", severity="error")
    authorization = remote.get("authorization")
    if not isinstance(authorization, dict):
        return
    at = (*place, "authorization")
    type, reference = authorization.get("type"), authorization.get("referenceId")
    if type == "None" and "referenceId" in authorization:
        yield Hit("authorization", file, (*at, "referenceId"), "it is there with the type None")
    elif type != "None" and "referenceId" not in authorization:
        yield Hit("authorization", file, at, "the referenceId is missing")
    if type == "AzureKeyVault" and version == "1.28":
        yield Hit("authorization", file, (*at, "type"), "AzureKeyVault begins with 1.29")
    if isinstance(reference, str) and _PLACEHOLDER.search(reference):
        yield Hit("placeholder", file, (*at, "referenceId"), f"it is `{reference[:80]}`")
    if type == "ApiKeyPluginVault":
        yield Hit("api-key", file, (*at, "type"))
    if type == "DynamicClientRegistration":
        yield Hit("registration", file, at)


def _check_icons(tree: Tree, data: dict[str, Any]) -> Iterator[Hit]:
    written = data.get("icons")
    icons = written if isinstance(written, dict) else {}
    for key, side in _SIDES.items():
        named = icons.get(key)
        if not isinstance(named, str):
            continue
        path = named.removeprefix("./")
        if not tree.is_file(path):
            yield Hit("icon-size", MANIFEST, ("icons", key), f"`{named[:120]}` is not in the package")
            continue
        try:
            picture = read_picture(tree.files[path].read(_MOST_PICTURE))
        except (OSError, PictureError) as error:
            yield Hit("icon-size", path, detail=str(error))
            continue
        if (picture.format, picture.width, picture.height) != ("png", side, side):
            detail = f"it is {picture.format}, {picture.width:,} by {picture.height:,}, not {side} by {side}"
            yield Hit("icon-size", path, detail=detail)


def _check_skills(package: Package, data: dict[str, Any]) -> Iterator[Hit]:
    seen: set[str] = set()
    for n, folder in _list_folders(data):
        if folder in seen:
            continue
        seen.add(folder)
        at = ("agentSkills", n, "folder")
        if package.tree.kind(folder) != "folder":
            yield Hit("ASKILL-P001", MANIFEST, at, f"`{folder[:120]}` is not")
        elif not package.tree.is_file(f"{folder}/{_SKILL}"):
            yield Hit("ASKILL-P002", MANIFEST, at, f"`{folder[:120]}` has none")
        else:
            yield from _check_skill(package, folder)
            yield from _check_companions(package.tree, folder)


def _check_skill(package: Package, folder: str) -> Iterator[Hit]:
    path = f"{folder}/{_SKILL}"
    try:
        front = package.skill(path).front
    except TextError as error:
        yield Hit("ASKILL-P003", path, detail=error.detail, line=error.line)
        return
    if not isinstance(front, dict):
        yield Hit("ASKILL-P003", path)
        return
    name, text = front.get("name"), front.get("description")
    if not isinstance(name, str) or not name.strip():
        yield Hit("ASKILL-P004", path)
    else:
        if name != folder.rpartition("/")[2]:
            yield Hit("ASKILL-P006", path, ("name",), f"it is `{name[:80]}` in `{folder[:120]}`")
        if not _NAME.fullmatch(name) or len(name) > 64:
            yield Hit("ASKILL-P007", path, ("name",), f"it is `{name[:80]}`")
    if not isinstance(text, str) or not text.strip():
        yield Hit("ASKILL-P005", path, detail="it has none")
    elif len(text) > 1024:
        yield Hit("ASKILL-P005", path, ("description",), f"it has {len(text):,}")


def _check_companions(tree: Tree, folder: str) -> Iterator[Hit]:
    """Yield the findings about the files of a skill beside its SKILL.md."""
    paths = [path for path in tree.below(folder) if tree.is_file(path) and path != f"{folder}/{_SKILL}"]
    if len(paths) > _MOST_FILES:
        yield Hit("companion-count", f"{folder}/{_SKILL}", detail=f"it has {len(paths):,}")
    sizes = [tree.files[path].size for path in paths]
    large = next((path for path, size in zip(paths, sizes, strict=True) if size > _MOST_FILE), "")
    if large or sum(sizes) > _MOST_SKILL:
        yield Hit("companion-size", large or f"{folder}/{_SKILL}", detail=f"{sum(sizes):,} bytes in all")
    for path in paths:
        parts = path.removeprefix(f"{folder}/").split("/")
        if parts[-1] == _SKILL:
            yield Hit("nested-skill", path)
        wrong = next((part for part in parts if not _PART.fullmatch(part) or _DEVICE.fullmatch(part)), "")
        if wrong:
            yield Hit("companion-name", path, detail=f"`{wrong[:80]}` is refused")


def _check_tools(package: Package, remote: dict[str, Any], place: tuple[Any, ...]) -> Iterator[Hit]:
    """Yield the findings about the file that a connector's tools stand in."""
    described = remote.get("mcpToolDescription")
    named = described.get("file") if isinstance(described, dict) else None
    if not isinstance(named, str) or not named:
        return
    at, path = (*place, "mcpToolDescription", "file"), named.removeprefix("./")
    if path != named:
        yield Hit("tool-file-path", MANIFEST, at, f"it is `{named[:120]}`")
    data, broken = _read(package, path) if package.tree.is_file(path) else (None, [])
    yield from broken
    tools = data.get("tools") if data is not None else None
    if not isinstance(tools, list):
        if not broken:
            yield Hit("tool-file-missing", MANIFEST, at, f"`{named[:120]}` is not, or has none")
        return
    for n, tool in enumerate(tools):
        if not isinstance(tool, dict):
            yield Hit("tool", path, ("tools", n))
            continue
        yield from fields.check(table("cowork").fields["tool"], tool, path, ("tools", n))
        hints = tool.get("annotations")
        if not isinstance(hints, dict) or not isinstance(hints.get("readOnlyHint"), bool):
            yield Hit("annotations", path, ("tools", n), f"`{str(tool.get('name'))[:80]}` has none")
        if (where := _find_reference(tool.get("inputSchema"))) is not None:
            yield Hit("reference", path, ("tools", n, "inputSchema", *where))


def _find_reference(schema: Any) -> tuple[str | int, ...] | None:
    """Return the path of the first `$ref` that stands for a schema; None if there is none."""
    stack: list[tuple[Any, tuple[str | int, ...]]] = [(schema, ())]
    while stack:
        part, at = stack.pop()
        if isinstance(part, dict):
            if isinstance(part.get("$ref"), str):
                return at
            stack += reversed([(inner.schema, (*at, *inner.steps)) for inner in children(part)])
    return None


JUDGE = PackageJudge(
    "Microsoft 365 Copilot plugin (Copilot Cowork): an app package, or its manifest.json",
    root,
    find,
    find_file,
)
