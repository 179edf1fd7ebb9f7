"""Working with JSON Schemas whose references read `#/components/schemas/NAME`. The only module that knows jsonschema-rs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache, lru_cache
from typing import Any, NamedTuple

from pgagents.source.origin import plain

REF = "#/components/schemas/"
MANY_TOGETHER = 20
"""Named schemas that refer to each other: from so many on one validator holds them all, as compiling them again takes longest."""
_ONE = (
    "items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames", "unevaluatedItems", "unevaluatedProperties",
)  # fmt: skip
_LISTS = ("oneOf", "anyOf", "allOf", "prefixItems")
_MANY = ("properties", "$defs", "patternProperties", "dependentSchemas")


def subschemas(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The schema and every schema inside it, references not followed."""
    stack: list[Any] = [schema]
    while stack:
        node = stack.pop()
        if not isinstance(node, dict | Mapping):  # an abstract class takes long to ask
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
    """Names of the component schemas it refers to directly."""
    return {str(s["$ref"])[len(REF) :] for s in subschemas(schema) if str(s.get("$ref", "")).startswith(REF)}


def closure(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> list[str]:
    """Names of all component schemas it needs, directly or not, in the order of `schemas`."""
    seen: set[str] = set()
    wanted = refs(schema) if schemas else set()
    while wanted:
        name = wanted.pop()
        if name not in seen and name in schemas:
            seen.add(name)
            wanted |= refs(schemas[name])
    return [name for name in schemas if name in seen] if seen else []


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


class Validators:
    """Validators of many schemas that refer to the same named ones: each distinct schema is compiled once.

    Where named schemas refer to each other in a ring, one validator holds all of them; what they are and where they
    lead is worked out once too.
    """

    def __init__(self, schemas: Mapping[str, Any]) -> None:
        self.near = {name: refs(schema) & schemas.keys() for name, schema in schemas.items()}
        self.plain = {name: plain(schema) for name, schema in schemas.items()}
        self.reached: dict[str, frozenset[str]] = {}
        self.compiled: dict[str, Any] = {}
        self.together: list[tuple[frozenset[str], Any]] = []

    def are_of(self, schemas: Mapping[str, Any]) -> bool:
        """Whether these are the named schemas that the validators refer to."""
        return self.plain.keys() == schemas.keys() and all(self.plain[name] == plain(schema) for name, schema in schemas.items())

    def of(self, schema: Mapping[str, Any]) -> Any:
        """As `validator`. Raises ValueError for an invalid schema."""
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
        """A validator of one named schema, compiled with all that it reaches: those share one, as most reach the same ones."""
        import jsonschema_rs

        validator = next((known for of, known in self.together if names <= of), None)
        if validator is None:
            members = {each: {"$ref": f"{REF}{each}"} for each in names}
            whole = {"properties": members, "components": {"schemas": {each: self.plain[each] for each in names}}}
            try:
                validator = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
            except jsonschema_rs.ValidationError as error:
                raise ValueError(error.message) from None
            self.together.append((names, validator))
        return _OneOf(name, validator)

    def _reach(self, name: str) -> frozenset[str]:
        if name not in self.reached:
            seen, wanted = {name}, [name]
            while wanted:
                for near in self.near[wanted.pop()] - seen:
                    seen.add(near)
                    wanted.append(near)
            self.reached[name] = frozenset(seen)
        return self.reached[name]


class _Error(NamedTuple):
    """What a validator says against a value, and where in it."""

    message: str
    instance_path: list[str | int]


class _OneOf:
    """A validator of one schema among those that a validator holds: the value stands under the schema's name."""

    def __init__(self, name: str, validator: Any) -> None:
        self.name, self.validator = name, validator

    def is_valid(self, value: Any) -> bool:
        return bool(self.validator.is_valid({self.name: value}))

    def iter_errors(self, value: Any) -> Iterator[_Error]:
        for error in self.validator.iter_errors({self.name: value}):
            yield _Error(error.message, list(error.instance_path)[1:])


MOST_PATTERN = 10_000
"""So many characters of a regular expression are read."""


@lru_cache(maxsize=2_000)
def finder(pattern: str) -> Callable[[str], bool]:
    """Whether a text has what the pattern searches for, in time that does not grow with the pattern's choices.

    Python's own `re` can take longer than anybody waits, so it is never given a pattern from a catalogue, a document or a server.
    Raises ValueError for a pattern that this engine does not take.
    """
    if len(pattern) > MOST_PATTERN:
        raise ValueError(f"it has {len(pattern):,} characters, and at most {MOST_PATTERN:,} are read")
    found: Callable[[str], bool] = validator({"type": "string", "pattern": pattern}, {}).is_valid
    return found


def unbounded(pattern: str) -> str:
    """Why the engine does not take a pattern; "" where it does."""
    try:
        finder(pattern)
    except ValueError as error:
        return str(error) if len(pattern) > MOST_PATTERN else "it grows too large"
    return ""


def faults(schema: Mapping[str, Any]) -> list[tuple[tuple[str | int, ...], str]]:
    """What makes this no valid JSON Schema: path inside it and message."""
    return [(tuple(e.instance_path), e.message) for e in _meta().iter_errors(plain(schema))]


@cache
def _meta() -> Any:
    import jsonschema_rs

    return jsonschema_rs.Draft202012Validator({"$ref": "https://json-schema.org/draft/2020-12/schema"}, validate_formats=True)
