"""Resolve and compile JSON Schemas whose references read `#/components/schemas/NAME`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Set
from functools import cache, lru_cache
from typing import Any, NamedTuple

from pgagents.base.jsonschema.walk import children, walk
from pgagents.base.places import plain
from pgagents.base.text import brief

REF = "#/components/schemas/"
MANY_TOGETHER = 20
"""Number of connected named schemas from which one validator contains them all.

Compiling each of them separately would be slow.
"""


_DECODER = json.JSONDecoder()


def say_error(message: str, most: int) -> str:
    """Return the message of an error, with a long value at its beginning cut: what is wrong comes after."""
    try:
        _, end = _DECODER.raw_decode(message)
    except (ValueError, RecursionError):
        return message[:most]
    return (brief(message[:end]) + message[end:])[:most]


def refs(schema: Mapping[str, Any]) -> set[str]:
    """Return the names of the component schemas that the schema refers to directly."""
    return {str(s["$ref"])[len(REF) :] for s in walk(schema) if str(s.get("$ref", "")).startswith(REF)}


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


def find_keyword(schema: Mapping[str, Any], keyword: str, schemas: Mapping[str, Any]) -> Any:
    """Return a keyword's value, also of the schema that a reference names, or of a part of its `allOf`; None
    without one.
    """
    if keyword in schema:
        return schema[keyword]
    end = resolve(schema, schemas)
    parts = (resolve(part, schemas) for part in (end, *end.get("allOf", ())))
    return next((part[keyword] for part in parts if keyword in part), None)


MOST_TRIES = 10_000
"""Most schemas that one value may be held to at one place of it.

Twenty schemas that each name the next twice hold it to a million, and thirty to a thousand million.
"""
TOO_MANY_TRIES = 10 * MOST_TRIES
"""Number of schemas for one value at one place from which the schema is refused."""


def count_tries(schemas: Mapping[str, Any], prefix: str) -> dict[str, int]:
    """Return, for each named schema, how many schemas a value is held to that is held to it.

    Only those count that are about the value itself: parts, alternatives and conditions, not members or
    items. Parts under `allOf` count once, however often they are named; so does a schema inside itself.
    `prefix` stands before the names in references.
    """
    near = {name: _list_tried(schema, prefix) for name, schema in schemas.items()}
    found: dict[str, int] = {}
    for first in schemas:
        stack, begun = [first], {first}
        while stack:
            name = stack[-1]
            own, named = near[name]
            waiting = next((n for n in named if n in near and n not in found and n not in begun), None)
            if waiting is not None:
                begun.add(waiting)
                stack.append(waiting)
                continue
            found.setdefault(name, own + sum(times * found.get(other, 0) for other, times in named.items()))
            stack.pop()
    return found


def _list_tried(schema: Mapping[str, Any], prefix: str) -> tuple[int, Counter[str]]:
    """Return how many schemas a schema applies to the value itself, and how often it names others for it."""
    own, named, waiting = 0, Counter[str](), [schema]
    while waiting:
        part = waiting.pop()
        own += 1
        if "$ref" in part and str(part["$ref"]).startswith(prefix):
            named[str(part["$ref"])[len(prefix) :]] += 1
        waiting += [c.schema for c in children(part) if c.kind == "value" and isinstance(c.schema, Mapping)]
    return own, named


def join_repeated(schemas: Mapping[str, Any], prefix: str = REF) -> Mapping[str, Any]:
    """Return the named schemas, where no part is applied twice in one that has more than MOST_TRIES parts.

    They mean the same, and a validator applies each part to a value once.
    """
    many = [name for name, tries in count_tries(schemas, prefix).items() if tries > MOST_TRIES]
    joined = {name: _join_parts(name, schemas, prefix) for name in many if "allOf" in schemas[name]}
    return {**schemas, **joined} if joined else schemas


def _join_parts(name: str, schemas: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """Return a named schema whose parts are those of all that it names under `allOf`, each once."""
    parts, met, waiting = [], {name}, [schemas[name]]
    while waiting:
        part = waiting.pop()
        own = {key: value for key, value in part.items() if key not in ("$ref", "allOf")}
        other = str(part.get("$ref", ""))[len(prefix) :]
        if "$ref" in part and other not in schemas:
            own["$ref"] = part["$ref"]
        elif "$ref" in part and other not in met:
            met.add(other)
            waiting.append(schemas[other])
        parts += [own] if own else []
        waiting += [inner for inner in part.get("allOf") or () if isinstance(inner, Mapping)]
    return {"allOf": parts} if parts else {}


def list_endless(schemas: Mapping[str, Any], prefix: str = REF) -> list[str]:
    """Return the named schemas to which no value can be held in bounded time.

    They name the same schemas again and again, as alternatives or conditions, so that a value is held to more
    than TOO_MANY_TRIES. Only the innermost are listed, as the others are so because of them.
    """
    tries = count_tries(join_repeated(schemas, prefix), prefix)
    over = {name for name, count in tries.items() if count > TOO_MANY_TRIES}
    return [
        name for name in schemas if name in over and not over & set(_list_tried(schemas[name], prefix)[1])
    ]


def standalone(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema together with all component schemas it needs."""
    needed = {name: schemas[name] for name in closure(schema, schemas)}
    return {**schema, "components": {"schemas": join_repeated(needed)}}


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
        self.written = {name: plain(schema) for name, schema in schemas.items()}
        self.plain = join_repeated(self.written)
        self.reached: dict[str, frozenset[str]] = {}
        self.compiled: dict[str, Any] = {}
        self.together: list[tuple[frozenset[str], Any]] = []

    def are_of(self, schemas: Mapping[str, Any]) -> bool:
        """True if `schemas` equals the named schemas that these validators were made with."""
        return self.written.keys() == schemas.keys() and all(
            self.written[name] == plain(schema) for name, schema in schemas.items()
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


# -- schemas of several parts


_DEEPEST = 6
Schema = Mapping[str, Any]


def is_type(schema: Schema, kinds: tuple[str, ...]) -> bool:
    """True if a schema allows a value of one of these types."""
    written = schema.get("type", ())
    return bool({*kinds} & {*([written] if isinstance(written, str) else written)})


def says_nothing(schema: Schema) -> bool:
    """True if a schema takes any value: it has words for people alone."""
    return schema.keys() <= {"title", "description"}


def follow(schema: Schema, named: Mapping[str, Any], depth: int = 0) -> Schema:
    """Return the named schema that a reference leads to, with the properties of all its parts.

    What a part requires and does not describe has the schema of another part.
    """
    for _ in range(20):
        ref = schema.get("$ref")
        if not isinstance(ref, str) or not isinstance(named.get(ref), Mapping):
            break
        schema = named[ref]
    parts = schema.get("allOf") if depth < _DEEPEST else None
    if not isinstance(parts, list):
        return schema
    found: dict[str, Any] = {}
    followed = (follow(part, named, depth + 1) for part in parts if isinstance(part, Mapping))
    for one in (*followed, schema):
        found |= {n: s for n, s in one.get("properties", {}).items() if s != {} or n not in found}
    return {**schema, "properties": found} if found else schema
