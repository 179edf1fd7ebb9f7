"""Walk, resolve and compile JSON Schemas whose references read `#/components/schemas/NAME`.

This is the only module that imports jsonschema-rs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Set
from functools import cache, lru_cache
from typing import Any, NamedTuple

from pgagents.source.origin import plain

REF = "#/components/schemas/"
MANY_TOGETHER = 20
"""Number of connected named schemas from which one validator contains them all.

Compiling each of them separately would be slow.
"""
_ONE = (
    "items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames",
    "unevaluatedItems", "unevaluatedProperties",
)  # fmt: skip
_LISTS = ("oneOf", "anyOf", "allOf", "prefixItems")
_MANY = ("properties", "$defs", "patternProperties", "dependentSchemas")


def subschemas(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the schema and every schema inside it. References are not followed."""
    stack: list[Any] = [schema]
    while stack:
        node = stack.pop()
        if not isinstance(
            node, dict | Mapping
        ):  # isinstance with an abstract class is slow, so dict comes first
            continue
        yield node
        for key in _ONE:
            if key in node:
                stack.append(node[key])
        for key in _LISTS:
            if key in node:
                stack.extend(node[key] or ())
        for key in _MANY:
            if key in node:
                stack.extend((node[key] or {}).values())


def refs(schema: Mapping[str, Any]) -> set[str]:
    """Return the names of the component schemas that the schema refers to directly."""
    return {str(s["$ref"])[len(REF) :] for s in subschemas(schema) if str(s.get("$ref", "")).startswith(REF)}


def closure(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> list[str]:
    """Return the names of all component schemas that the schema needs, directly or not, in the order of
    `schemas`.
    """
    seen: set[str] = set()
    wanted = refs(schema) if schemas else set()
    while wanted:
        name = wanted.pop()
        if name not in seen and name in schemas:
            seen.add(name)
            wanted |= refs(schemas[name])
    return [name for name in schemas if name in seen] if seen else []


def cycles(schemas: Mapping[str, Any]) -> set[str]:
    """Return the names of component schemas that refer to themselves, directly or not."""
    return {name for name in schemas if name in closure(schemas[name], schemas)}


def reach(name: str, near: Mapping[str, Set[str]]) -> frozenset[str]:
    """Return the names that a schema refers to, directly or not, including its own.

    `near` has the names of each schema's own references.
    """
    seen, wanted = {name}, [name]
    while wanted:
        for other in near[wanted.pop()] - seen:
            seen.add(other)
            wanted.append(other)
    return frozenset(seen)


def resolve(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow a chain of references and return the schema at its end. A schema without `$ref` is returned
    as it is.
    """
    seen = set()
    while isinstance(schema.get("$ref"), str) and schema["$ref"].startswith(REF):
        name = schema["$ref"][len(REF) :]
        if name in seen or name not in schemas:
            break
        seen.add(name)
        schema = schemas[name]
    return schema


def standalone(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema together with all component schemas it needs."""
    return {**schema, "components": {"schemas": {n: schemas[n] for n in closure(schema, schemas)}}}


def validator(schema: Mapping[str, Any], schemas: Mapping[str, Any], *, formats: bool = True) -> Any:
    """Compile a JSON Schema 2020-12 validator with `is_valid` and `iter_errors`. Raises ValueError for an
    invalid schema.
    """
    import jsonschema_rs

    try:
        return jsonschema_rs.Draft202012Validator(
            plain(standalone(schema, schemas)), validate_formats=formats
        )
    except jsonschema_rs.ValidationError as error:
        raise ValueError(error.message) from None


class Validators:
    """Compile validators for many schemas that share named schemas. Each distinct schema is compiled once.

    A reference to a named schema that reaches many others uses one validator that holds all of them.
    """

    def __init__(self, schemas: Mapping[str, Any]) -> None:
        self.near = {name: refs(schema) & schemas.keys() for name, schema in schemas.items()}
        self.plain = {name: plain(schema) for name, schema in schemas.items()}
        self.reached: dict[str, frozenset[str]] = {}
        self.compiled: dict[str, Any] = {}
        self.together: list[tuple[frozenset[str], Any]] = []

    def are_of(self, schemas: Mapping[str, Any]) -> bool:
        """True if `schemas` equals the named schemas that these validators were made with."""
        return self.plain.keys() == schemas.keys() and all(
            self.plain[name] == plain(schema) for name, schema in schemas.items()
        )

    def of(self, schema: Mapping[str, Any]) -> Any:
        """Return the compiled validator of a schema; see `validator`. Raises ValueError for an invalid
        schema.
        """
        import jsonschema_rs

        bare = plain({key: value for key, value in schema.items() if key != "description"})
        written = json.dumps(bare, sort_keys=True)
        if written not in self.compiled:
            names = frozenset().union(*(self._reach(name) for name in refs(bare) if name in self.near))
            alone = str(bare.get("$ref", ""))[len(REF) :] if len(bare) == 1 else ""
            if alone in names and len(names) >= MANY_TOGETHER:
                self.compiled[written] = self._together(alone, names)
                return self.compiled[written]
            whole = {**bare, "components": {"schemas": {name: self.plain[name] for name in names}}}
            try:
                self.compiled[written] = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
            except jsonschema_rs.ValidationError as error:
                raise ValueError(error.message) from None
        return self.compiled[written]

    def _together(self, name: str, names: frozenset[str]) -> _OneOf:
        """Return a validator of one named schema that uses a shared one for all schemas it reaches.

        Most named schemas reach the same others, so few validators must be compiled.
        """
        import jsonschema_rs

        validator = next((known for of, known in self.together if names <= of), None)
        if validator is None:
            members = {each: {"$ref": f"{REF}{each}"} for each in names}
            whole = {
                "properties": members,
                "components": {"schemas": {each: self.plain[each] for each in names}},
            }
            try:
                validator = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
            except jsonschema_rs.ValidationError as error:
                raise ValueError(error.message) from None
            self.together.append((names, validator))
        return _OneOf(name, validator)

    def _reach(self, name: str) -> frozenset[str]:
        if name not in self.reached:
            self.reached[name] = reach(name, self.near)
        return self.reached[name]


class _Error(NamedTuple):
    """A validation error: its message, and the path to the invalid part of the value."""

    message: str
    instance_path: list[str | int]


class _OneOf:
    """A validator of one named schema in a shared validator, which expects the value under the schema's
    name.
    """

    def __init__(self, name: str, validator: Any) -> None:
        self.name, self.validator = name, validator

    def is_valid(self, value: Any) -> bool:
        return bool(self.validator.is_valid({self.name: value}))

    def iter_errors(self, value: Any) -> Iterator[_Error]:
        for error in self.validator.iter_errors({self.name: value}):
            yield _Error(error.message, list(error.instance_path)[1:])


MOST_PATTERN = 10_000
"""Longest regular expression that is compiled, in characters."""


@lru_cache(maxsize=2_000)
def finder(pattern: str) -> Callable[[str], bool]:
    """Compile a pattern into a function that searches a text in linear time.

    Python's own `re` can backtrack for hours, so it is never given a pattern from a catalogue, a document or
    a server. Raises ValueError for a pattern that this engine refuses.
    """
    if len(pattern) > MOST_PATTERN:
        raise ValueError(f"it has {len(pattern):,} characters, and at most {MOST_PATTERN:,} are read")
    found: Callable[[str], bool] = validator({"type": "string", "pattern": pattern}, {}).is_valid
    return found


def find_pattern_error(pattern: str) -> str:
    """Return the reason why the engine refuses a pattern; empty if it accepts it."""
    try:
        finder(pattern)
    except ValueError as error:
        return str(error) if len(pattern) > MOST_PATTERN else "it grows too large"
    return ""


def list_problems(schema: Mapping[str, Any]) -> list[tuple[tuple[str | int, ...], str]]:
    """Return the path and message of each error that makes this an invalid JSON Schema."""
    return [(tuple(e.instance_path), e.message) for e in _meta().iter_errors(plain(schema))]


@cache
def _meta() -> Any:
    import jsonschema_rs

    return jsonschema_rs.Draft202012Validator(
        {"$ref": "https://json-schema.org/draft/2020-12/schema"}, validate_formats=True
    )


def foreign_validator(schema: Mapping[str, Any]) -> Any:
    """Compile a schema in the dialect of its `$schema`, by default 2020-12. Nothing is fetched.

    Raises ValueError for an invalid schema, and for references that lead nowhere or to other documents.
    """
    import jsonschema_rs

    try:
        return jsonschema_rs.validator_for(plain(schema), retriever=_refuse)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError) as error:
        message = getattr(error, "message", str(error)) or str(error)
        raise ValueError(message.splitlines()[0][:300]) from None


def _refuse(uri: str) -> Any:
    raise ValueError(f"{uri} is not fetched")
