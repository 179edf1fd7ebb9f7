"""Adapt schemas to requests or to answers.

OpenAPI requires a `readOnly` member of answers alone, and a `writeOnly` member of requests alone. A named
schema may serve both. Where they differ, each direction has a variant of its own, under a name of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pgagents.base.jsonschema.combine import list_parts
from pgagents.base.jsonschema.schema import REF, refs
from pgagents.base.jsonschema.walk import CONDITIONS, Child, children, rewrite, walk
from pgagents.base.places import Node, origin_of

Direction = Literal["sent", "answered"]
_ABSENT: dict[Direction, str] = {"sent": "readOnly", "answered": "writeOnly"}
"""By direction, the mark of members that it does not have."""
_OWN = ("$ref", "required", "discriminator")
"""Keywords that differ by direction, beside those that hold schemas."""


class OneWay:
    """Adapts schemas to one direction. `variants` are the named schemas that differ from the written ones."""

    def __init__(self, schemas: Mapping[str, Node], direction: Direction) -> None:
        self.schemas, self.direction, self.mark = schemas, direction, _ABSENT[direction]
        self._names: dict[str, str] = {}
        self._known: dict[str, bool] = {}
        """By named schema, True if this direction has no member of it."""
        self._marks = any(self._has_mark(schema) for schema in schemas.values())
        changed = {name for name, schema in schemas.items() if self.adapt(schema) is not schema}
        users = _list_users(schemas, changed) if changed else set()
        self._names = {name: f"{name}.{direction}" for name in schemas if name in users}
        self.variants = {new: self.adapt(schemas[name]) for name, new in self._names.items()}

    def adapt(self, schema: Node) -> Node:
        """Return the schema without the requirement of members that this direction does not have.

        It refers to variants. A schema that needs no change is returned itself.
        """
        if not self._marks and not self._has_mark(schema):
            return schema
        adapted: Node = self._walk(schema, frozenset())
        return adapted

    def _has_mark(self, schema: Mapping[str, Any]) -> bool:
        return any(self.mark in part for part in walk(schema))

    def _walk(self, schema: Any, outer: frozenset[str]) -> Any:
        """Return an adapted schema.

        `outer` are the absent members of the schemas around it that apply to the same value.
        """
        if not isinstance(schema, Mapping):
            return schema
        inner = [child for child in children(schema) if child.keyword not in CONDITIONS]
        matters = "required" in schema or any(child.kind == "value" for child in inner)
        absent = outer | self._list_absent(schema) if matters else outer
        if absent and "$ref" in schema and self._requires(schema["$ref"], absent):
            return self._write_out(schema, absent)
        return self._adapt_keywords(schema, absent)

    def _requires(self, reference: Any, absent: frozenset[str]) -> bool:
        """True if a named schema requires a member that only the schema around its reference marks."""
        name = str(reference).removeprefix(REF)
        if name not in self.schemas:
            return False
        parts = list_parts(self.schemas[name], self.schemas)
        required = {str(member) for part in parts for member in part.get("required", ())}
        return not (required & absent) <= self._list_absent(self.schemas[name])

    def _write_out(self, schema: Mapping[str, Any], absent: frozenset[str]) -> Mapping[str, Any]:
        """Return a schema with the parts behind its reference in place of the reference.

        The variant of the named schema serves others too, so it keeps what it requires.
        """
        named = self.schemas[str(schema["$ref"]).removeprefix(REF)]
        written = [_strip(part) for part in list_parts(named, self.schemas)]
        rest = {key: value for key, value in schema.items() if key != "$ref"}
        whole = Node({**rest, "allOf": [*written, *rest.get("allOf", ())]}, origin=origin_of(schema) or ())
        if not rest and len(written) == 1:
            whole = written[0]
        return self._adapt_keywords(whole, absent)

    def _adapt_keywords(self, schema: Mapping[str, Any], absent: frozenset[str]) -> Mapping[str, Any]:
        made = rewrite(schema, lambda child: self._adapt_inside(child, absent))
        own = {key: self._adapt_keyword(key, made[key], absent) for key in _OWN if key in made}
        if all(made[key] is value for key, value in own.items()):
            return made
        changed = {**made, **own}
        if own.get("required") == []:
            del changed["required"]
        return Node(changed, origin=origin_of(schema) or ())

    def _adapt_inside(self, child: Child, absent: frozenset[str]) -> Any:
        if child.keyword in CONDITIONS or child.kind in ("name", "definition"):
            return child.schema
        return self._walk(child.schema, absent if child.kind == "value" else frozenset())

    def _adapt_keyword(self, key: str, value: Any, absent: frozenset[str]) -> Any:
        if key == "$ref":
            return self._refer(value)
        if key == "required":
            kept = [name for name in value if name not in absent] if isinstance(value, list) else value
            return value if kept == value else kept
        mapping = value.get("mapping") if isinstance(value, Mapping) else None
        changed = {kind: self._refer(name) for kind, name in (mapping or {}).items()}
        return {**value, "mapping": changed} if changed != (mapping or {}) else value

    def _refer(self, reference: Any) -> Any:
        name = str(reference).removeprefix(REF)
        return REF + self._names[name] if name in self._names else reference

    def _list_absent(self, schema: Mapping[str, Any]) -> frozenset[str]:
        """Return the names of marked members of a schema, and of all parts that it consists of."""
        members = [part.get("properties") for part in list_parts(schema, self.schemas)]
        return frozenset(
            name
            for properties in members
            if isinstance(properties, Mapping)
            for name, member in properties.items()
            if isinstance(member, Mapping) and self._is_absent(member)
        )

    def _is_absent(self, member: Mapping[str, Any]) -> bool:
        if member.get(self.mark) is True:
            return True
        if not member.keys() & {"$ref", "allOf"}:
            return False
        name = str(member.get("$ref", "")).removeprefix(REF) if "allOf" not in member else ""
        known = self._known.get(name)
        if known is None:
            known = any(part.get(self.mark) is True for part in list_parts(member, self.schemas))
            self._known |= {name: known} if name else {}
        return known


def _strip(part: Mapping[str, Any]) -> Node:
    """Return the keywords of a schema that are its own."""
    own = {key: value for key, value in part.items() if key not in ("$ref", "allOf")}
    return Node(own, origin=origin_of(part) or ())


def _list_users(schemas: Mapping[str, Node], changed: set[str]) -> set[str]:
    """Return the names of changed schemas, and of all that refer to them, directly or not."""
    users: dict[str, list[str]] = {}
    for name, schema in schemas.items():
        for other in refs(schema):
            users.setdefault(other, []).append(name)
    found, waiting = set(changed), list(changed)
    while waiting:
        more = [name for name in users.get(waiting.pop(), ()) if name not in found]
        found.update(more)
        waiting += more
    return found


def is_read_only(member: Any, schemas: Mapping[str, Any]) -> bool:
    """True if a member is in answers only."""
    if not isinstance(member, Mapping):
        return False
    return any(part.get("readOnly") is True for part in list_parts(member, schemas))


def find_written_name(name: str) -> str:
    """Return the catalogue's own name of a schema or of its variant. The catalogue's names have no dot."""
    return name.partition(".")[0]


def restore(value: Any) -> Any:
    """Return a value whose references lead to the schemas as written, in place of their variants."""
    if isinstance(value, Mapping):
        made = {key: restore(inner) for key, inner in value.items()}
        reference = value.get("$ref")
        if isinstance(reference, str) and reference.startswith(REF):
            written = REF + find_written_name(reference[len(REF) :])
            made["$ref"] = reference if written == reference else written
        mapping = made.get("mapping")
        if isinstance(mapping, Mapping) and "propertyName" in made:
            names = {kind: find_written_name(str(name)) for kind, name in mapping.items()}
            made["mapping"] = mapping if names == mapping else names
        if all(made[key] is inner for key, inner in value.items()):
            return value
        return Node(made, origin=origin_of(value) or ()) if isinstance(value, Node) else made
    if isinstance(value, list):
        parts = [restore(part) for part in value]
        return value if all(a is b for a, b in zip(parts, value, strict=True)) else parts
    return value
