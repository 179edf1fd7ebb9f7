"""Operation by operation: which ones Copilot can call, and what it would make of the others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pgagents.lint.copilot.messages import templates
from pgagents.lint.said import Said
from pgagents.source import Pointer

METHODS = ("get", "post", "put", "patch", "delete")
OTHERS = ("head", "options", "trace")
JSON = "application/json"
_NAME = re.compile(r"[A-Za-z0-9_]{1,64}", re.A)
_MOST_TEXT = 1024
_COMPOSED = ("oneOf", "anyOf", "allOf")


@dataclass(slots=True)
class Walked:
    """What came of the operations: `functions` are the names of those that Copilot can call, with their descriptions."""

    said: list[Said] = field(default_factory=list)
    functions: list[tuple[str, str]] = field(default_factory=list)
    dropped: list[tuple[str, str]] = field(default_factory=list)
    count: int = 0


def operations(data: dict[str, Any]) -> Walked:
    """Walk every path in the document's order."""
    walked = Walked()
    ids: set[str] = set()
    paths = data.get("paths")
    for path, item in paths.items() if isinstance(paths, dict) else ():
        for method, operation in item.items() if isinstance(item, dict) else ():
            if method.lower() in (*METHODS, *OTHERS) and isinstance(operation, dict):
                walked.count += 1
                _operation(walked, data, ids, (path, method), operation)
    return walked


def _operation(walked: Walked, data: dict[str, Any], ids: set[str], where: tuple[str, str], operation: dict[str, Any]) -> None:
    at: Pointer = ("paths", *where)
    shown = f"{where[1].upper()} {where[0]}"
    said = [*_identity(operation, ids, shown, at), *_security(data, operation, shown, at), *_texts(operation, shown, at)]
    if where[1] in OTHERS:
        said.append(Said("unlisted-method", f"{shown}: the parser does not list it, so Copilot does not call it", at))
    said += _sent(data, operation, where[1], shown, at)
    walked.said += said
    reasons = [s.id for s in said if templates()[s.id].effect == "drops operation"]
    if reasons:
        walked.dropped.append((shown, ", ".join(reasons)))
    else:
        walked.functions.append((str(operation["operationId"]), str(operation.get("description") or operation.get("summary") or "")))


def _identity(operation: dict[str, Any], ids: set[str], shown: str, at: Pointer) -> Iterator[Said]:
    id = operation.get("operationId")
    if not isinstance(id, str) or not id:
        yield Said("missing-operation-id", f"{shown} has no operationId", at)
        return
    if id in ids:
        yield Said("duplicate-operation-id", f"operationId `{id[:80]}` stands here again", (*at, "operationId"))
    ids.add(id)
    if not _NAME.fullmatch(id):
        yield Said("function-name", f"`{id[:80]}` is no name that the manifest takes for a function", (*at, "operationId"))
        if re.search(r"[^A-Za-z0-9]", id):
            yield Said("operationid-contains-special-characters", f"`{id[:80]}` is renamed", (*at, "operationId"))


def _security(data: dict[str, Any], operation: dict[str, Any], shown: str, at: Pointer) -> Iterator[Said]:
    required = operation.get("security", data.get("security"))
    components = data.get("components")
    schemes = components.get("securitySchemes") if isinstance(components, dict) else None
    for one in required if isinstance(required, list) else ():
        if not isinstance(one, dict):
            continue
        if len(one) > 1:
            yield Said("multiple-auth-not-supported", f"{shown} asks for {' and '.join(map(str, one))} together", at)
        for name in one:
            scheme = schemes.get(name) if isinstance(schemes, dict) else None
            if isinstance(scheme, dict):
                yield from _scheme(str(name), scheme, ("components", "securitySchemes", name))


def _scheme(name: str, scheme: dict[str, Any], at: Pointer) -> Iterator[Said]:
    kind = scheme.get("type")
    flows = scheme.get("flows")
    if kind == "apiKey" and scheme.get("in") == "cookie":
        yield Said("cookie-key", f"`{name}` travels in a cookie, which Copilot does not send", at)
    elif (kind == "http" and str(scheme.get("scheme")).lower() != "bearer") or kind == "openIdConnect":
        yield Said("unsupported-auth-type", f"`{name}` is {scheme.get('scheme') or kind}, which the generator leaves out", at)
    elif kind == "oauth2" and isinstance(flows, dict) and "authorizationCode" not in flows:
        yield Said("unsupported-auth-type", f"`{name}` has no authorization code flow", at)


def _texts(operation: dict[str, Any], shown: str, at: Pointer) -> Iterator[Said]:
    text = operation.get("description")
    if not isinstance(text, str) or not text.strip():
        yield Said("no-description", f"{shown} has no description", at)
    elif len(text) > _MOST_TEXT:
        said = f"the description of {shown} has {len(text):,} characters; Copilot reads {_MOST_TEXT:,}"
        yield Said("long-description", said, (*at, "description"))
    if at[-1] in ("post", "put", "patch", "delete") and operation.get("x-openai-isConsequential") is False:
        yield Said("harmless-write", f"{shown} writes, but is marked as harmless", (*at, "x-openai-isConsequential"))


def _sent(data: dict[str, Any], operation: dict[str, Any], method: str, shown: str, at: Pointer) -> Iterator[Said]:
    """What is said of parameters and of the body, each kind of trouble once an operation; for a write the generator fails at the first."""
    first: dict[str, Pointer] = {}
    for schema, pointer in _schemas(data, operation, at):
        for trouble, place in _trouble(data, schema, pointer):
            first.setdefault(trouble, place)
    if method != "get" and (place := next((p for t, p in first.items() if t != "circular-reference"), ())):
        yield Said("update-manifest-failed", f"Unsupported schema in {method} {at[1]}", place)
    for trouble, place in first.items():
        if method == "get" or trouble == "circular-reference":
            yield Said(trouble, f"{shown}: {_TROUBLES[trouble]}", place)
    body = _followed(data, operation.get("requestBody"))
    content = body.get("content") if isinstance(body, dict) else None
    if isinstance(content, dict) and content and JSON not in content:
        yield Said("no-json-body", f"{shown} takes {', '.join(map(str, content))[:80]}, not {JSON}", (*at, "requestBody"))


_TROUBLES = {
    "nested-objects": "an object stands inside what is sent",
    "composition": "oneOf, anyOf or allOf stands in what is sent",
    "circular-reference": "a schema refers to itself",
}


def _schemas(data: dict[str, Any], operation: dict[str, Any], at: Pointer) -> Iterator[tuple[Any, Pointer]]:
    """The schemas of what is sent: of each parameter, and of each member of the body."""
    written = operation.get("parameters")
    for n, param in enumerate(written if isinstance(written, list) else ()):
        followed = _followed(data, param)
        if isinstance(followed, dict):
            yield followed.get("schema"), (*at, "parameters", n)
    body = _followed(data, operation.get("requestBody"))
    content = body.get("content") if isinstance(body, dict) else None
    media = content.get(JSON) if isinstance(content, dict) else None
    place = (*at, "requestBody", "content", JSON, "schema")
    root = _followed(data, media.get("schema")) if isinstance(media, dict) else None
    if not isinstance(root, dict):
        return
    if any(key in root for key in _COMPOSED):
        yield root, place
    members = root.get("properties")
    for name, member in members.items() if isinstance(members, dict) else ():
        yield member, (*place, "properties", name)


def _trouble(data: dict[str, Any], schema: Any, at: Pointer) -> Iterator[tuple[str, Pointer]]:
    """What keeps a schema of one argument from being flat."""
    seen: set[str] = set()
    here = schema
    while isinstance(here, dict):
        ref = here.get("$ref")
        if isinstance(ref, str):
            if ref in seen:
                yield "circular-reference", at
                return
            seen.add(ref)
            here = _at(data, ref)
            continue
        if any(key in here for key in _COMPOSED):
            yield "composition", at
        if here.get("type") == "object" or "properties" in here:
            yield "nested-objects", at
            members = here.get("properties")
            if any(isinstance(m, dict) and m.get("$ref") in seen for m in (members.values() if isinstance(members, dict) else ())):
                yield "circular-reference", at
            return
        here = here.get("items") if here.get("type") == "array" else None


def _followed(data: dict[str, Any], value: Any) -> Any:
    seen: set[str] = set()
    while isinstance(value, dict) and isinstance(value.get("$ref"), str) and value["$ref"] not in seen:
        seen.add(value["$ref"])
        value = _at(data, value["$ref"])
    return value


def _at(data: Any, ref: str) -> Any:
    """What a reference inside the document leads to, or None."""
    if not ref.startswith("#/"):
        return None
    for step in ref[2:].split("/"):
        name = step.replace("~1", "/").replace("~0", "~")
        data = data.get(name) if isinstance(data, dict) else None
    return data
