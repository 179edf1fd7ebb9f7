"""The named schemas of one edition, with cached answers to repeated questions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pgagents.jsonschema.schema import reach, refs

WORDS = (
    "title",
    "description",
    "default",
    "examples",
    "example",
    "externalDocs",
    "deprecated",
    "readOnly",
    "writeOnly",
)
"""Keywords of a schema that do not restrict values."""
ANNOTATIONS = frozenset((*WORDS, "$comment"))


_DATA = frozenset(("enum", "const", "x-other-keywords"))
"""Keywords whose values are data, never schemas, whatever their members are named."""


class Named(dict[str, Any]):
    """Named schemas. They must not change any more."""

    def __init__(self, schemas: Mapping[str, Any]) -> None:
        super().__init__(schemas)
        self.forms = {name: form(schema) for name, schema in schemas.items()}
        self.near = {name: refs(schema) & schemas.keys() for name, schema in schemas.items()}
        self.reached: dict[str, frozenset[str]] = {}
        self.compared: dict[Any, Any] = {}
        self.turned: dict[str, Named] = {}
        self._changed: dict[int, tuple[Named, frozenset[str]]] = {}

    def reach(self, name: str) -> frozenset[str]:
        """Return the names that a schema refers to, directly or not, including its own."""
        if name not in self.reached:
            self.reached[name] = reach(name, self.near)
        return self.reached[name]

    def leads_to_change(self, name: str, others: Named) -> bool:
        """Return True if a schema, or one that it refers to, differs in the other edition."""
        if id(others) not in self._changed:
            self._changed[id(others)] = others, frozenset(n for n in self if self[n] != others.get(n))
        return name not in self.near or not self._changed[id(others)][1].isdisjoint(self.reach(name))

    def closure(self, schema: Mapping[str, Any]) -> frozenset[str]:
        """Return all names that a schema refers to, directly or not."""
        return frozenset().union(*(self.reach(name) for name in refs(schema) if name in self))


def make_named(schemas: Mapping[str, Any]) -> Named:
    """Return the schemas with cached answers."""
    return schemas if isinstance(schemas, Named) else Named(schemas)


def form(schema: Any) -> str:
    """Return the schema as text, without titles, descriptions and examples."""
    return json.dumps(bare(schema), sort_keys=True)


def bare(schema: Any) -> Any:
    """Return the schema without titles, descriptions and examples."""
    if not isinstance(schema, Mapping):
        return schema
    made: dict[str, Any] = {}
    for key, value in schema.items():
        if key in ("properties", "$defs", "patternProperties") and isinstance(value, Mapping):
            made[key] = {name: bare(member) for name, member in value.items()}
        elif key in ("oneOf", "anyOf", "allOf"):
            made[key] = [bare(member) for member in value]
        elif key == "required" and isinstance(value, list):
            made[key] = sorted(value)
        elif key in _DATA:
            made[key] = value
        elif key not in ANNOTATIONS:
            made[key] = bare(value)
    return made
