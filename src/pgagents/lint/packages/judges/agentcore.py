"""Judge an OpenAPI document as a target of Amazon Bedrock AgentCore Gateway."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pgagents.base.http import media_type_of
from pgagents.base.jsonschema.walk import NAMED
from pgagents.base.places import Pointer, read_step
from pgagents.lint.packages import fields
from pgagents.lint.packages.fields import Hit, table
from pgagents.lint.packages.package import Package, PackageJudge, TextError
from pgagents.lint.packages.tree import Tree

_FILES = ("openapi.json", "openapi.yaml", "openapi.yml")
_METHODS = ("get", "post", "put", "delete", "patch", "head", "options", "trace")
_REQUESTS = (
    "application/json",
    "application/xml",
    "multipart/form-data",
    "application/x-www-form-urlencoded",
)
_RESPONSES = ("application/json", "application/xml")
_STYLES = ("matrix", "label", "deepObject")
_COMPLEX = re.compile(r"\{[;?]|\{\*\}")
_COMPOSED = ("oneOf", "anyOf", "allOf")
_NAMED = NAMED.keys() | {"schemas"}
"""Keywords whose members are names, not keywords."""
_VALUES = frozenset(("example", "examples", "default", "enum", "const"))
"""Keywords that contain values, not schemas."""


def find(package: Package) -> Iterator[Hit]:
    """Yield the findings about the package's document."""
    path = next((name for name in _FILES if package.tree.is_file(name)), "")
    if not path:
        yield Hit("no-document")
        return
    yield from check_file(package, path)


def check_file(package: Package, path: str) -> Iterator[Hit]:
    """Yield the findings about one document. YAML is judged too."""
    try:
        data = package.json(path).data
    except TextError:
        data = package.yaml(path).data
        yield Hit("yaml", path)
    if not isinstance(data, dict):
        yield Hit("version", path)
        return
    yield from fields.check(table("agentcore").fields["document"], data, path)
    yield from _check_operations(data, path)
    for part in ("paths", "components"):
        for at in _compositions(data.get(part), (part,)):
            yield Hit("composition", path, at, f"`{at[-1]}`")
    if data.get("security"):
        yield Hit("security", path, ("security",))
    components = data.get("components")
    if isinstance(components, dict) and components.get("securitySchemes"):
        yield Hit("security-ignored", path, ("components", "securitySchemes"))


def _check_operations(data: dict[str, Any], path: str) -> Iterator[Hit]:
    paths = data.get("paths")
    for route, item in paths.items() if isinstance(paths, dict) else ():
        if _COMPLEX.search(str(route)):
            yield Hit("complex-path", path, ("paths", route))
        if not isinstance(item, dict):
            continue
        for method in _METHODS:
            if isinstance(item.get(method), dict):
                yield from _check_operation(data, item[method], path, ("paths", route, method))
        yield from _check_styles(data, item, path, ("paths", route))


def _check_operation(
    data: dict[str, Any], operation: dict[str, Any], path: str, at: Pointer
) -> Iterator[Hit]:
    if not operation.get("operationId"):
        yield Hit("operation-id", path, at, f"{str(at[2]).upper()} {str(at[1])[:80]}")
    if operation.get("callbacks"):
        yield Hit("callbacks", path, (*at, "callbacks"))
    if operation.get("security"):
        yield Hit("security-ignored", path, (*at, "security"))
    body = _follow(data, operation.get("requestBody"))
    yield from _check_media(body, path, (*at, "requestBody"), "request-media", _REQUESTS)
    responses = operation.get("responses")
    for status, response in responses.items() if isinstance(responses, dict) else ():
        here = (*at, "responses", status)
        yield from _check_media(_follow(data, response), path, here, "response-media", _RESPONSES)
    yield from _check_styles(data, operation, path, at)


def _check_media(
    holder: dict[str, Any], path: str, at: Pointer, code: str, known: tuple[str, ...]
) -> Iterator[Hit]:
    content = holder.get("content")
    for media in content if isinstance(content, dict) else ():
        if media_type_of(str(media)) not in known:
            yield Hit(code, path, (*at, "content", media), f"it is `{str(media)[:80]}`")


def _check_styles(data: dict[str, Any], holder: dict[str, Any], path: str, at: Pointer) -> Iterator[Hit]:
    listed = holder.get("parameters")
    for n, parameter in enumerate(listed if isinstance(listed, list) else ()):
        style = _follow(data, parameter).get("style")
        if style in _STYLES:
            yield Hit("style", path, (*at, "parameters", n), f"it is `{style}`")


def _follow(data: dict[str, Any], value: Any) -> dict[str, Any]:
    """Return the target of a reference into this document, over a few steps; an empty object if it leads
    nowhere.
    """
    for _ in range(5):
        reference = value.get("$ref") if isinstance(value, dict) else None
        if not isinstance(reference, str) or not reference.startswith("#/"):
            break
        value = data
        for step in reference[2:].split("/"):
            step = read_step(step)
            value = value.get(step) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def _compositions(data: Any, at: Pointer) -> Iterator[Pointer]:
    """Yield the places of oneOf, anyOf and allOf, without searching inside them."""
    stack: list[tuple[Any, Pointer, bool]] = [(data, at, False)]
    while stack:
        value, here, named = stack.pop()
        if isinstance(value, list):
            stack += [(one, (*here, n), False) for n, one in enumerate(value)]
        elif isinstance(value, dict):
            for key, inner in value.items():
                if not named and key in _COMPOSED and isinstance(inner, list):
                    yield (*here, key)
                elif named or key not in _VALUES:
                    stack.append((inner, (*here, key), not named and key in _NAMED))


def find_file(package: Package, path: str) -> Iterator[Hit] | None:
    """Return the findings about one document."""
    return check_file(package, path)


def _root(tree: Tree) -> tuple[Tree, list[Hit]]:
    return tree, []


JUDGE = PackageJudge("Amazon Bedrock AgentCore Gateway: an OpenAPI document", _root, find, find_file)
