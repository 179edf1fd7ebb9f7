"""Simulate the builder's checks of schemas: references, objects without `properties`, circles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pgagents.lint.importers.gpt_builder.messages import say
from pgagents.lint.importers.messages import ImporterMessage
from pgagents.source.source import Pointer

REF = "#/components/schemas/"
_LISTS = ("allOf", "anyOf", "oneOf")
_ONE = ("items", "additionalProperties", "not")


def schemas_of(data: dict[str, Any]) -> dict[str, Any]:
    """Return the component schemas; empty if they are not a mapping."""
    components = data.get("components")
    schemas = components.get("schemas") if isinstance(components, dict) else None
    return schemas if isinstance(schemas, dict) else {}


def components(data: dict[str, Any]) -> list[ImporterMessage]:
    """Return the builder's messages about the components section."""
    section = data.get("components")
    schemas = section.get("schemas") if isinstance(section, dict) else None
    if not isinstance(schemas, dict):
        at: Pointer = (
            ("components", "schemas")
            if isinstance(section, dict) and "schemas" in section
            else ("components",)
        )
        return [say("components-schemas", at if "components" in data else ())]
    said = [
        s
        for name, schema in schemas.items()
        for s in walk(schema, ("components", "schemas", name), ("components", "schemas", name), schemas)
    ]
    if circle := circular(schemas):
        said.append(say("circular", ("components", "schemas", circle[0])))
    schemes = section.get("securitySchemes") if isinstance(section, dict) else None
    if isinstance(schemes, dict) and len(schemes) > 1:
        said.append(say("multi-security", ("components", "securitySchemes")))
    return said


def walk(
    schema: Any, context: tuple[str, ...], pointer: Pointer, schemas: dict[str, Any]
) -> Iterator[ImporterMessage]:
    """Yield messages about a schema and all schemas inside it. References are checked, but not followed."""
    stack: list[tuple[Any, tuple[str, ...], Pointer]] = [(schema, context, pointer)]
    while stack:
        node, context, pointer = stack.pop()
        if not isinstance(node, dict):
            continue
        ref = node.get("$ref")
        if isinstance(ref, str):
            name = ref.removeprefix(REF)
            if not ref.startswith(REF) or name not in schemas:
                yield say("unknown-component", pointer, ctx=context, name=name.rsplit("/", 1)[-1])
            continue
        if node.get("type") == "object" and not isinstance(node.get("properties"), dict):
            yield say("object-missing-properties", pointer, ctx=context)
        stack.extend(
            reversed(
                [(part, (*context, *map(str, steps)), (*pointer, *steps)) for steps, part in parts(node)]
            )
        )


def parts(node: dict[str, Any]) -> Iterator[tuple[Pointer, Any]]:
    """Yield the schemas directly inside a schema, each with its path."""
    properties = node.get("properties")
    if isinstance(properties, dict):
        yield from ((("properties", name), part) for name, part in properties.items())
    for key in _ONE:
        if isinstance(node.get(key), dict):
            yield (key,), node[key]
    for key in _LISTS:
        several = node.get(key)
        if isinstance(several, list):
            yield from (((key, n), part) for n, part in enumerate(several))


def circular(schemas: dict[str, Any]) -> list[str]:
    """Return the names on one cycle of references among component schemas; empty if there is none."""
    edges = {name: [n for n in _refs(schema) if n in schemas] for name, schema in schemas.items()}
    done: set[str] = set()
    for start in edges:
        path: list[str] = []
        on_path: set[str] = set()
        stack: list[tuple[str, Iterator[str]]] = []
        here: str | None = start
        while here is not None or stack:
            if here is not None and here in on_path:
                return path[path.index(here) :]
            if here is not None and here not in done:
                path.append(here)
                on_path.add(here)
                stack.append((here, iter(edges[here])))
            here = None
            while stack and here is None:
                here = next(stack[-1][1], None)
                if here is None:
                    name, _ = stack.pop()
                    path.pop()
                    on_path.discard(name)
                    done.add(name)
    return []


def _refs(schema: Any) -> list[str]:
    """Return the names of the components that a schema refers to, anywhere inside it."""
    found, stack = [], [schema]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            ref = node.get("$ref")
            if isinstance(ref, str) and ref.startswith(REF):
                found.append(ref.removeprefix(REF))
            stack.extend(part for _, part in parts(node))
    return found


def resolve(schema: Any, schemas: dict[str, Any]) -> Any:
    """Follow a chain of references and return the schema at its end; an empty one if a reference leads
    nowhere.
    """
    seen: set[str] = set()
    while isinstance(schema, dict) and isinstance(schema.get("$ref"), str):
        name = schema["$ref"].removeprefix(REF)
        if name in seen or name not in schemas:
            return {}
        seen.add(name)
        schema = schemas[name]
    return schema
