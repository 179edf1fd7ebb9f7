"""Judge a connector of the Power Platform to an MCP server: definition, properties, sign-in and icon."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pgagents.base.pictures import PictureError, read_picture
from pgagents.lint.packages import fields
from pgagents.lint.packages.fields import Hit, table
from pgagents.lint.packages.package import Package, PackageJudge, TextError
from pgagents.lint.packages.tree import Tree

DEFINITION, PROPERTIES, ICON = "apiDefinition.swagger.json", "apiProperties.json", "icon.png"
PROTOCOL = "x-ms-agentic-protocol"
_METHODS = ("get", "put", "post", "delete", "options", "head", "patch")
_METADATA = {"Website", "Privacy policy", "Categories"}
_PRODUCT = re.compile(r"\bpower (apps|automate|platform|bi|pages)\b|\bcopilot studio\b", re.I)
_TITLE = re.compile(rf"\b(api|connector)\b|{_PRODUCT.pattern}", re.I)
_COLOURS = ("#ffffff", "#007ee5")
_SECRETS = {"apiKey": "securestring", "oauth2": "oauthSetting"}
"""The types of connection parameters that keep a secret, by the type of the sign-in."""
_MOST_ICON = 1_000_000
Operation = tuple[str, str, dict[str, Any]]
"""The path, the method and the operation."""


def is_definition(data: Any) -> bool:
    """True for a Swagger document with an operation that speaks MCP."""
    return isinstance(data, dict) and "swagger" in data and any(PROTOCOL in o for *_, o in _list(data))


def root(tree: Tree) -> tuple[Tree, list[Hit]]:
    """Return the tree, and the finding that it has no connector."""
    return tree, [] if tree.is_file(DEFINITION) else [Hit("no-connector")]


def find(package: Package) -> Iterator[Hit]:
    """Yield the findings about a connector."""
    data, broken = _read(package, DEFINITION)
    yield from broken
    if data is not None:
        yield from _check_definition(data, DEFINITION)
    properties, broken = _read(package, PROPERTIES)
    yield from broken
    inner = properties.get("properties") if properties is not None else None
    if isinstance(inner, dict):
        yield from _check_properties(inner, data or {})
    elif not broken:
        yield Hit("json", PROPERTIES, ("properties",), "it has no object `properties`")
    yield from _check_icon(package.tree)


def find_file(package: Package, path: str) -> Iterator[Hit] | None:
    """Return the findings about a definition without its package; None for any other file."""
    data = package.json(path).data
    return _check_definition(data, path) if is_definition(data) else None


def _read(package: Package, path: str) -> tuple[dict[str, Any] | None, list[Hit]]:
    if not package.tree.is_file(path):
        return None, [Hit("json", path, detail="it is not in the package")]
    try:
        data = package.json(path).data
    except TextError as error:
        return None, [Hit("json", path, detail=error.detail, line=error.line)]
    return (data, []) if isinstance(data, dict) else (None, [Hit("json", path)])


def _list(data: dict[str, Any]) -> Iterator[Operation]:
    """Yield the operations of a definition."""
    paths = data.get("paths")
    for path, item in paths.items() if isinstance(paths, dict) else ():
        for method in _METHODS:
            operation = item.get(method) if isinstance(item, dict) else None
            if isinstance(operation, dict):
                yield str(path), method, operation


def _check_definition(data: dict[str, Any], file: str) -> Iterator[Hit]:
    yield from fields.check(table("power_platform").fields["definition"], data, file)
    info = data.get("info")
    texts = info if isinstance(info, dict) else {}
    for key, code, words in (("title", "title", _TITLE), ("description", "description", _PRODUCT)):
        found = words.search(texts[key]) if isinstance(texts.get(key), str) else None
        if found:
            yield Hit(code, file, ("info", key), f"it says `{found[0]}`")
    yield from _check_metadata(data, file)
    for name, scheme in _list_schemes(data):
        if scheme.get("type") == "apiKey" and scheme.get("in") != "header":
            yield Hit("sign-in", file, ("securityDefinitions", name), f"it is sent in {scheme.get('in')}")
    agents = [one for one in _list(data) if PROTOCOL in one[2]]
    if not agents:
        yield Hit("no-agent", file, ("paths",))
    for path, method, operation in agents:
        yield from _check_operation(operation, file, ("paths", path, method), method)


def _check_metadata(data: dict[str, Any], file: str) -> Iterator[Hit]:
    rows = data.get("x-ms-connector-metadata")
    rows = rows if isinstance(rows, list) else []
    named = {row.get("propertyName") for row in rows if isinstance(row, dict) and row.get("propertyValue")}
    if missing := sorted(_METADATA - named):
        at = ("x-ms-connector-metadata",) if "x-ms-connector-metadata" in data else ()
        yield Hit("metadata", file, at, f"{', '.join(missing)} is missing")


def _check_operation(operation: dict[str, Any], file: str, at: tuple[Any, ...], method: str) -> Iterator[Hit]:
    yield from fields.check(table("power_platform").fields["operation"], operation, file, at)
    if method != "post":
        yield Hit("method", file, at, f"it is a {method.upper()}")
    answers = operation.get("responses")
    if not isinstance(answers, dict) or not isinstance(answers.get("200"), dict):
        yield Hit("answer", file, at)
    summary, text = operation.get("summary"), operation.get("description")
    if isinstance(summary, str) and isinstance(text, str) and summary.strip() == text.strip().rstrip("."):
        yield Hit("operation-description", file, (*at, "description"), "it is the summary")


def _list_schemes(data: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    schemes = data.get("securityDefinitions")
    for name, scheme in schemes.items() if isinstance(schemes, dict) else ():
        if isinstance(scheme, dict):
            yield str(name), scheme


def _check_properties(properties: dict[str, Any], definition: dict[str, Any]) -> Iterator[Hit]:
    at = ("properties",)
    yield from fields.check(table("power_platform").fields["properties"], properties, PROPERTIES, at)
    colour = properties.get("iconBrandColor")
    if isinstance(colour, str) and colour.lower() in _COLOURS:
        yield Hit("colour", PROPERTIES, (*at, "iconBrandColor"), f"it is {colour}")
    asked = properties.get("connectionParameters")
    parameters = list(asked.values()) if isinstance(asked, dict) else []
    types = {one.get("type") for one in parameters if isinstance(one, dict)}
    for name, scheme in _list_schemes(definition):
        wanted = _SECRETS.get(str(scheme.get("type")))
        if wanted is not None and wanted not in types:
            detail = f"no parameter is a {wanted}, as `{name[:80]}` of the definition needs"
            yield Hit("sign-in", PROPERTIES, (*at, "connectionParameters"), detail)


def _check_icon(tree: Tree) -> Iterator[Hit]:
    if not tree.is_file(ICON):
        yield Hit("icon", detail=f"{ICON} is not in the package")
        return
    if tree.files[ICON].size >= _MOST_ICON:
        yield Hit("icon", ICON, detail=f"it has {tree.files[ICON].size:,} bytes")
        return
    try:
        picture = read_picture(tree.files[ICON].read(_MOST_ICON))
    except (OSError, PictureError) as error:
        yield Hit("icon", ICON, detail=str(error))
        return
    if picture.format != "png" or picture.width != picture.height:
        yield Hit("icon", ICON, detail=f"it is {picture.format}, {picture.width:,} by {picture.height:,}")


JUDGE = PackageJudge(
    f"Power Platform connector to an MCP server, for Copilot Studio: a package, or its {DEFINITION}",
    root,
    find,
    find_file,
)
