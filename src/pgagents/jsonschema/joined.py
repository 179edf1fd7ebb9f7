"""Make one schema of a schema with references and an `allOf`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from pgagents.jsonschema.intersect import Flat, intersect
from pgagents.jsonschema.schema import REF, resolve

TEXTS = frozenset(("title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly"))
"""Keywords that exclude no value."""
_MIXED = frozenset((
    "prefixItems", "contains", "minContains", "maxContains", "if", "then", "else", "patternProperties",
    "unevaluatedProperties", "unevaluatedItems",
))  # fmt: skip
"""Keywords whose effect depends on other keywords of the same part."""


@dataclass(frozen=True, slots=True)
class Joined:
    """A schema without `$ref` and `allOf` at its top level. Its members may have them.

    `is_exact` is false if it may accept more values than the written one. `names` are the named schemas that
    are in it.
    """

    schema: Mapping[str, Any]
    is_exact: bool
    names: frozenset[str]


def join(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Joined:
    """Return one schema for a schema, the one behind its reference, and the parts of its `allOf`."""
    names: set[str] = set()
    end = resolve(schema, schemas)
    while schema is not end:
        names.add(str(schema["$ref"])[len(REF) :])
        schema = schemas[str(schema["$ref"])[len(REF) :]]
    if "allOf" not in end:
        return Joined(end, is_exact=True, names=frozenset(names))
    parts = list_parts(end, schemas, names)
    made, is_exact = Flat({}, ()), True
    for part in reversed(parts):
        own = {key: value for key, value in part.items() if key not in ("$ref", "allOf")}
        made, lost = intersect(made, Flat(own, ()))
        is_exact = is_exact and not lost
    limiting = [part for part in parts if part.keys() - TEXTS - {"$ref", "allOf"}]
    mixes = len(limiting) > 1 and not _MIXED.isdisjoint(made)
    return Joined(made, is_exact and not mixes, frozenset(names))


def list_parts(
    schema: Mapping[str, Any],
    schemas: Mapping[str, Any],
    names: set[str] | None = None,
    keys: Collection[str] = ("allOf",),
) -> list[Mapping[str, Any]]:
    """Return a schema and all that apply with it: the targets of references, and the parts of `allOf`.

    With `anyOf` and `oneOf` among the `keys` they are those that may apply, too. Each named schema is one
    part, however often it is referred to. The names are added to `names`.
    """
    met = names if names is not None else set()
    found, waiting = [], [schema]
    while waiting:
        part = waiting.pop()
        found.append(part)
        waiting += [inner for key in keys for inner in part.get(key) or () if isinstance(inner, Mapping)]
        name = str(part.get("$ref", "")).removeprefix(REF)
        if name in schemas and name not in met:
            met.add(name)
            waiting.append(schemas[name])
    return found
