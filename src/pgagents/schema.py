"""Working with JSON Schemas whose references read `#/components/schemas/NAME`. The only module that knows jsonschema-rs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from pgagents.origin import plain

REF = "#/components/schemas/"


def subschemas(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The schema and every schema inside it, references not followed."""
    stack: list[Any] = [schema]
    while stack:
        node = stack.pop()
        if not isinstance(node, Mapping):
            continue
        yield node
        for key in ("items", "additionalProperties", "not"):
            stack.append(node.get(key))
        for key in ("oneOf", "anyOf", "allOf", "prefixItems"):
            stack.extend(node.get(key) or ())
        for key in ("properties", "$defs", "patternProperties"):
            stack.extend((node.get(key) or {}).values())


def refs(schema: Mapping[str, Any]) -> set[str]:
    """Names of the component schemas it refers to directly."""
    return {str(s["$ref"])[len(REF) :] for s in subschemas(schema) if str(s.get("$ref", "")).startswith(REF)}


def closure(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> list[str]:
    """Names of all component schemas it needs, directly or not, in the order of `schemas`."""
    seen: set[str] = set()
    wanted = refs(schema)
    while wanted:
        name = wanted.pop()
        if name not in seen and name in schemas:
            seen.add(name)
            wanted |= refs(schemas[name])
    return [name for name in schemas if name in seen]


def cycles(schemas: Mapping[str, Any]) -> set[str]:
    """Names of component schemas that refer to themselves, directly or not."""
    return {name for name in schemas if name in closure(schemas[name], schemas)}


def resolve(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema behind a chain of references; a schema without `$ref` is itself."""
    seen = set()
    while isinstance(schema.get("$ref"), str) and schema["$ref"].startswith(REF):
        name = schema["$ref"][len(REF) :]
        if name in seen or name not in schemas:
            break
        seen.add(name)
        schema = schemas[name]
    return schema


def standalone(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> dict[str, Any]:
    """The schema with the component schemas it needs beside it."""
    return {**schema, "components": {"schemas": {n: schemas[n] for n in closure(schema, schemas)}}}


def validator(schema: Mapping[str, Any], schemas: Mapping[str, Any], *, formats: bool = True) -> Any:
    """A compiled 2020-12 validator with `is_valid` and `iter_errors`. Raises ValueError for an invalid schema."""
    import jsonschema_rs

    try:
        return jsonschema_rs.Draft202012Validator(plain(standalone(schema, schemas)), validate_formats=formats)
    except jsonschema_rs.ValidationError as error:
        raise ValueError(error.message) from None


def faults(schema: Mapping[str, Any]) -> list[tuple[tuple[str | int, ...], str]]:
    """What makes this no valid JSON Schema: path inside it and message."""
    return [(tuple(e.instance_path), e.message) for e in _meta().iter_errors(plain(schema))]


@cache
def _meta() -> Any:
    import jsonschema_rs

    return jsonschema_rs.Draft202012Validator({"$ref": "https://json-schema.org/draft/2020-12/schema"}, validate_formats=True)
