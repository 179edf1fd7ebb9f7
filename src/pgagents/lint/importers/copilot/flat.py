"""Check arguments for what Microsoft's documents forbid but its generator does not check.

Arguments must not be nested, composed or circular.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pgagents.lint.importers.copilot.generator import JSON
from pgagents.lint.importers.copilot.references import MISSING, References, is_reference
from pgagents.lint.importers.messages import ImporterMessage
from pgagents.source.source import Pointer

_COMPOSED = ("oneOf", "anyOf", "allOf")
_TROUBLES = {
    "nested-objects": "an object stands inside what is sent",
    "composition": "oneOf, anyOf or allOf stands in what is sent",
    "circular-reference": "a schema refers to itself",
}


def troubles(references: References, operation: dict[str, Any], at: Pointer) -> Iterator[ImporterMessage]:
    """Yield a message for each kind of problem, at most once per operation."""
    first: dict[str, Pointer] = {}
    for schema, pointer in _schemas(references, operation, at):
        for trouble, place in _trouble(references, schema, pointer):
            first.setdefault(trouble, place)
    for trouble, place in first.items():
        yield ImporterMessage(trouble, f"{str(at[2]).upper()} {at[1]}: {_TROUBLES[trouble]}", place)


def _schemas(references: References, operation: dict[str, Any], at: Pointer) -> Iterator[tuple[Any, Pointer]]:
    """Yield the schema of each parameter and of each member of the body."""
    followed = references.follow
    written = followed(operation.get("parameters"))
    for n, param in enumerate(written if isinstance(written, list) else ()):
        param = followed(param)
        if isinstance(param, dict):
            yield param.get("schema"), (*at, "parameters", n)
    body = followed(operation.get("requestBody"))
    content = followed(body.get("content")) if isinstance(body, dict) else None
    media = followed(content.get(JSON)) if isinstance(content, dict) else None
    place = (*at, "requestBody", "content", JSON, "schema")
    root = followed(media.get("schema")) if isinstance(media, dict) else None
    if not isinstance(root, dict):
        return
    if any(key in root for key in _COMPOSED):
        yield root, place
    members = followed(root.get("properties"))
    for name, member in members.items() if isinstance(members, dict) else ():
        yield member, (*place, "properties", name)


def _trouble(references: References, schema: Any, at: Pointer) -> Iterator[tuple[str, Pointer]]:
    """Yield the reasons why the schema of one argument is not flat."""
    seen: set[str] = set()
    here = schema
    while isinstance(here, dict):
        if is_reference(here):
            if here["$ref"] in seen:
                yield "circular-reference", at
                return
            seen.add(here["$ref"])
            here = references.target(here["$ref"])
            here = None if here is MISSING else here
            continue
        if any(key in here for key in _COMPOSED):
            yield "composition", at
        if here.get("type") == "object" or "properties" in here:
            yield "nested-objects", at
            members = here.get("properties")
            if any(
                isinstance(m, dict) and m.get("$ref") in seen
                for m in (members.values() if isinstance(members, dict) else ())
            ):
                yield "circular-reference", at
            return
        here = here.get("items") if here.get("type") == "array" else None
