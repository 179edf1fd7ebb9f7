"""Holds a catalogue of a document to one rule: each argument is carried, or a message names it.

The document is read here without a line of the importer's own: references inside it, `allOf`, no more. An
argument behind a reference to another file, and one inside of alternatives, is not counted.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

METHODS = ("get", "put", "post", "delete", "patch")
IGNORED = frozenset(("accept", "content-type"))
"""Headers that OpenAPI says are not parameters."""
MOST_DEEP = 60


def main(words: list[str]) -> int:
    """Print the arguments of a document that a catalogue neither has nor names; answer 1 if there are any."""
    *_, document, catalogue = words
    text = Path(document).read_text(encoding="utf-8")
    read = json.loads(text) if text[:1] == "{" else yaml.load(text, Loader=yaml.CSafeLoader)
    found = list(list_unsaid(read, Path(catalogue).read_text(encoding="utf-8")))
    print("\n".join(found))
    return 1 if found else 0


def list_unsaid(document: dict[str, Any], text: str) -> Iterator[str]:
    """Yield each argument of a document that is in no action of a catalogue, nor in its comments."""
    data = yaml.load(text, Loader=yaml.CSafeLoader)
    comments = "\n".join(line for line in text.splitlines() if line.lstrip().startswith("# "))
    by_call = {str(one.get("http")): one for one in data["actions"].values()}
    shapes = {call: _shape(call) for call in by_call}
    for method, path, operation, shared in _list_operations(document):
        label = f"{method.upper()} {path}"
        wanted = _shape(label)
        calls = [call for call, shape in shapes.items() if _is_call(shape, wanted)]
        action = by_call[min(calls, key=len)] if calls else None  # the shortest has the server's base alone
        if action is None:
            if label not in comments and path[:40] not in comments:
                yield f"{label}: neither an action nor named"
            continue
        taken = _list_names(action)
        for name in _list_arguments(document, operation, shared):
            if name.lower() not in taken and f"`{name}`" not in comments and name[:40] not in comments:
                yield f"{label}: argument `{name}` is neither carried nor named"


def _shape(call: str) -> tuple[str, str]:
    """Return the method and the path of a call, without the names of its placeholders."""
    method, _, path = call.partition(" ")
    return method, re.sub(r"\{[^{}]*\}", "{}", path)


def _is_call(shape: tuple[str, str], wanted: tuple[str, str]) -> bool:
    """True if an action's call is an operation's, whatever its placeholders are called."""
    return shape[0] == wanted[0] and shape[1].endswith(wanted[1])


def _list_names(action: dict[str, Any]) -> set[str]:
    """Return the names of an action's arguments, and those on the wire, in lower case."""
    given = action.get("input") or {}
    names = {str(name) for name in given} | {str(one.get("wire", "")) for one in given.values()}
    if any(one.get("in") == "whole_body" for one in given.values()):
        names.add("*")
    fixed = action.get("request_headers") or {}
    return {name.lower() for name in names | set(map(str, fixed))}


def _follow(document: dict[str, Any], value: Any) -> dict[str, Any]:
    for _ in range(MOST_DEEP):
        reference = value.get("$ref") if isinstance(value, dict) else None
        if not isinstance(reference, str):
            break
        if not reference.startswith("#/"):
            return {}
        value = document
        for step in reference[2:].split("/"):
            value = value.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def _list_operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any], list[Any]]]:
    for path, written in (document.get("paths") or {}).items():
        item = _follow(document, written) | {k: v for k, v in written.items() if k != "$ref"}
        for method in METHODS:
            if isinstance(item.get(method), dict):
                yield method, path, item[method], item.get("parameters") or []


def _list_arguments(document: dict[str, Any], operation: dict[str, Any], shared: list[Any]) -> Iterator[str]:
    for written in [*shared, *(operation.get("parameters") or [])]:
        parameter = _follow(document, written)
        place, name = parameter.get("in"), str(parameter.get("name", ""))
        if place in ("body", "path"):  # as many placeholders as the path has were compared with it
            continue
        exploded = place == "query" and "object" in str(
            _follow(document, parameter.get("schema")).get("type")
        )
        if name and not exploded and not (place == "header" and name.lower() in IGNORED):
            yield name
    content = _follow(document, operation.get("requestBody")).get("content") or {}
    body = next((one for kind, one in content.items() if "json" in kind), None)
    if body is not None and operation.get("requestBody"):
        yield from _list_members(document, body.get("schema"), 0)


def _list_members(document: dict[str, Any], schema: Any, depth: int) -> Iterator[str]:
    found = _follow(document, schema)
    if depth > MOST_DEEP or {"oneOf", "anyOf", "items"} & found.keys():
        return
    for name, member in (found.get("properties") or {}).items():
        if not _follow(document, member).get("readOnly"):
            yield name
    for part in found.get("allOf") or []:
        yield from _list_members(document, part, depth + 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
