"""The document that every peer is given: eight operations of Park Graph, cut from the generated one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WHOLE = Path("generated/openapi/openapi.json")
EIGHT = (
    "searchParking",
    "checkAvailability",
    "createSession",
    "listSessions",
    "getSession",
    "endSession",
    "releaseHold",
    "getHealth",
)
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation as the document has it; `inputs` is path, query and body as one object's schema,
    `output` the body of its 2xx.
    """

    id: str
    method: str
    path: str
    summary: str
    description: str
    inputs: dict[str, Any]
    places: dict[str, str]
    examples: tuple[dict[str, Any], ...]
    output: Any
    errors: tuple[str, ...]
    scopes: tuple[str, ...]
    open: bool


def cut(whole: dict[str, Any], keep: tuple[str, ...] = EIGHT) -> dict[str, Any]:
    """The document with these operations only, and the components that they use."""
    paths = {}
    for path, item in whole["paths"].items():
        kept = {
            method: operation for method, operation in item.items() if operation.get("operationId") in keep
        }
        if kept:
            paths[path] = kept
    less = {key: value for key, value in whole.items() if key != "webhooks"} | {"paths": paths}
    used: set[str] = set()
    _use(paths, whole, used)
    parts = {}
    for kind, named in whole["components"].items():
        kept = {
            name: part
            for name, part in named.items()
            if kind == "securitySchemes" or f"#/components/{kind}/{name}" in used
        }
        if kept:
            parts[kind] = kept
    return less | {"components": parts}


def operations(document: dict[str, Any]) -> list[Operation]:
    """Its operations, references to parameters, bodies and responses followed."""
    found = []
    for path, item in document["paths"].items():
        for method, said in item.items():
            found.append(_operation(document, path, method, said))
    return found


def follow(value: Any, document: Any) -> Any:
    """A value, or what its local `$ref` names."""
    while isinstance(value, dict) and isinstance(value.get("$ref"), str):
        target = document
        for step in value["$ref"].removeprefix("#").strip("/").split("/"):
            target = target[step.replace("~1", "/").replace("~0", "~")] if step else target
        value = target
    return value


def _operation(document: dict[str, Any], path: str, method: str, said: dict[str, Any]) -> Operation:
    properties: dict[str, Any] = {}
    required: list[str] = []
    places: dict[str, str] = {}
    examples: list[dict[str, Any]] = []
    for parameter in (follow(one, document) for one in said.get("parameters", ())):
        name = parameter["name"]
        places[name] = parameter["in"]
        if parameter["in"] == "header":
            continue
        properties[name] = {
            "description": parameter.get("description", ""),
            **follow(parameter["schema"], document),
        }
        required += [name] if parameter.get("required") else []
        examples += [{name: one["value"]} for one in parameter.get("examples", {}).values()]
    body = follow(said.get("requestBody"), document)
    if body:
        content = body["content"][JSON]
        schema = follow(content["schema"], document)
        properties |= schema["properties"]
        required += schema.get("required", [])
        places |= dict.fromkeys(schema["properties"], "body")
        examples += [one["value"] for one in content.get("examples", {}).values()]
    needs = said.get("security", document.get("security", []))
    answers = {status: follow(answer, document) for status, answer in said["responses"].items()}
    good = next(answer for status, answer in answers.items() if status.startswith("2"))
    return Operation(
        id=said["operationId"],
        method=method.upper(),
        path=path,
        summary=said.get("summary", ""),
        description=said.get("description", ""),
        inputs={"type": "object", "properties": properties, "required": required},
        places=places,
        examples=tuple(examples),
        output=good.get("content", {}).get(JSON, {}).get("schema"),
        errors=tuple(status for status in answers if not status.startswith("2")),
        scopes=tuple(scope for need in needs for scopes in need.values() for scope in scopes),
        open=not needs,
    )


def _use(value: Any, whole: dict[str, Any], used: set[str]) -> None:
    for ref in _refs(value):
        if ref not in used:
            used.add(ref)
            _use(follow({"$ref": ref}, whole), whole, used)


def _refs(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for one in value.values():
            yield from _refs(one)
    elif isinstance(value, list):
        for one in value:
            yield from _refs(one)


def read() -> dict[str, Any]:
    """The generated document, cut."""
    return cut(json.loads(WHOLE.read_text(encoding="utf-8")))
