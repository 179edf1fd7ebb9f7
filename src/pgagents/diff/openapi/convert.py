"""Convert schemas of an OpenAPI document to JSON Schema 2020-12, with places, and names for references."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping
from typing import Any

from pgagents.diff.named import WORDS, Named, form
from pgagents.diff.shapes.difference import Who
from pgagents.jsonschema.schema import REF, refs
from pgagents.source.origin import Node
from pgagents.source.source import Pointer

KINDS = frozenset(("null", "boolean", "integer", "number", "string", "array", "object"))
NUMBERS = ("multipleOf", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum")
COUNTS = (
    "maxLength",
    "minLength",
    "maxItems",
    "minItems",
    "maxProperties",
    "minProperties",
    "minContains",
    "maxContains",
)
ONE = (
    "items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames",
    "unevaluatedItems", "unevaluatedProperties",
)  # fmt: skip
LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
MAPS = ("properties", "patternProperties", "dependentSchemas")
SAME = (
    "enum",
    "const",
    "pattern",
    "uniqueItems",
    "discriminator",
    "contentEncoding",
    "contentMediaType",
    "dependentRequired",
)
HINTS = frozenset(("int64", "float", "double", "decimal", "password"))
"""Formats that do not restrict values, because JSON has only one kind of number."""
OTHER = "x-other-keywords"
"""The key under which unknown keywords are kept, so that their changes are found."""
IGNORED = frozenset(("$ref", "$defs", "definitions", "nullable", "contentSchema", "$comment", "$schema"))
INT32 = 2**31
DEEPEST = 90


class Known(Named):
    """The named schemas of one edition. More are added while the document is read."""

    def __init__(self) -> None:
        super().__init__({})

    def add(self, name: str, schema: dict[str, Any]) -> None:
        """Add a schema under its name."""
        self[name] = schema
        self.forms[name] = form(schema)
        self.near[name] = refs(schema)


class Converter:
    """Convert schemas of one edition. Referenced schemas are converted once, into `known`."""

    def __init__(self, edition: Any, who: Who, *, old_style: bool) -> None:
        self.edition, self.who, self.old_style = edition, who, old_style
        self.known = Known()
        self.places: dict[str, Pointer] = {}
        self._names: dict[tuple[str, str], str] = {}
        self._wanted: list[tuple[str, Any]] = []

    def schema(self, spot: Any) -> Any:
        """Return the schema at a spot, after adding everything it refers to to `known`."""
        made = self._schema(spot, 0)
        while self._wanted:
            name, target = self._wanted.pop()
            self.places[name] = self.edition.place(target)
            inside = self._schema(target, 0)
            self.known.add(
                name,
                inside
                if isinstance(inside, dict)
                else Node({} if inside else {"not": {}}, origin=self.places[name]),
            )
        return made

    def _schema(self, spot: Any, depth: int) -> Any:
        value = spot.value
        if isinstance(value, bool):
            return value
        made = Node(origin=self.edition.place(spot))
        if not isinstance(value, dict) or depth > DEEPEST:
            return made
        if isinstance(value.get("$ref"), str):
            made["$ref"] = REF + self._name(self.edition.tree.target(spot))
            if self.old_style:
                return made  # OpenAPI 3.0 ignores keywords beside a reference
        other = {}
        for key, part in value.items():
            if self._keyword(made, key, part, spot, depth) or key in IGNORED or key.startswith("x-"):
                continue
            if key != "xml" or self.edition.has_xml:
                other[key] = part
        if other:
            made[OTHER] = other
        if self.old_style:
            _older(made, value)
        _ranges(made)
        if "required" in made:
            self._filter_required(made, spot)
        return made

    def _subschemas(self, made: Node, key: str, part: Any, spot: Any, depth: int) -> bool:
        """Convert a keyword that contains schemas. Return False if its value is invalid."""
        if key in ONE and isinstance(part, dict | bool):
            made[key] = self._schema(spot.at(key), depth + 1)
        elif key in LISTS and isinstance(part, list) and part:
            made[key] = [self._schema(spot.at(key, n), depth + 1) for n in range(len(part))]
        elif key in MAPS and isinstance(part, dict):
            made[key] = {name: self._schema(spot.at(key, name), depth + 1) for name in part}
        else:
            return False
        return True

    def _keyword(self, made: Node, key: str, part: Any, spot: Any, depth: int) -> bool:
        """Convert one keyword. Return False if it is unknown or its value is invalid."""
        if key in (*ONE, *LISTS, *MAPS):
            return self._subschemas(made, key, part, spot, depth)
        if key in NUMBERS and isinstance(part, bool):
            return self.old_style
        if key in WORDS:
            made[key] = part
        elif key in (*NUMBERS, *COUNTS, "type"):
            if not _is_valid(key, part):
                return False
            made[key] = part
        elif key == "required":
            if not isinstance(part, list):
                # draft 3 had it as a flag of a member, which nothing reads today
                return isinstance(part, bool)
            made[key] = [name for name in part if isinstance(name, str)]
        elif key == "format":
            if not isinstance(part, str):
                return False
            if part in HINTS:
                made["$comment"] = f"format {part}"
            else:
                made[key] = part
        elif key in SAME:
            if not isinstance(part, _TYPES.get(key, object)):
                return False
            made[key] = part
        else:
            return False
        return True

    def _filter_required(self, made: Node, spot: Any) -> None:
        """Drop members that exist only in the other direction (`readOnly`, `writeOnly`) from `required`."""
        mark = "readOnly" if self.who == "callers" else "writeOnly"
        members = spot.value.get("properties")
        for name in members if isinstance(members, dict) else ():
            if name in made["required"]:
                inside = self.edition.open(spot, "properties", name)
                own = members[name].get(mark) if isinstance(members[name], dict) else None
                if own is True or self.edition.mapping(inside).get(mark) is True:
                    made["required"] = [n for n in made["required"] if n != name]

    def _name(self, target: Any) -> str:
        """Return a name for a place. It is the same in both editions."""
        key = (target.document.location, target.pointer)
        if key not in self._names:
            first = target.document.location == self.edition.root.document.location
            path = list(steps(target.pointer))
            name = (
                str(path[-1])
                if first and path[:-1] == ["components", "schemas"]
                else "/".join(map(str, path[-3:])) or "document"
            )
            safe = re.sub(r"[^A-Za-z0-9._-]+", "_", name)[:80]
            whole = target.pointer if first else f"{target.document.name}#{target.pointer}"
            if safe != name or not first or path[:-1] != ["components", "schemas"]:
                safe += "." + hashlib.sha256(whole.encode(errors="surrogatepass")).hexdigest()[:8]
            self._names[key] = safe
            self._wanted.append((safe, target))
        return self._names[key]


_TYPES: dict[str, type] = {
    "enum": list,
    "pattern": str,
    "uniqueItems": bool,
    "discriminator": dict,
    "dependentRequired": dict,
}


def _is_valid(key: str, part: Any) -> bool:
    """True if a keyword for numbers, sizes or types has a value that JSON Schema allows."""
    if key in NUMBERS:
        number = isinstance(part, int | float) and math.isfinite(part)
        return number and not (key == "multipleOf" and part <= 0)
    if key in COUNTS:
        return isinstance(part, int) and not isinstance(part, bool) and part >= 0
    kinds = [part] if isinstance(part, str) else part
    return isinstance(kinds, list) and bool(kinds) and all(isinstance(k, str) and k in KINDS for k in kinds)


def _older(made: Node, value: Mapping[str, Any]) -> None:
    """Convert OpenAPI 3.0's own forms: `nullable`, and booleans for exclusive bounds."""
    if value.get("nullable") is True:
        if isinstance(made.get("type"), str):
            made["type"] = [made["type"], "null"]
        elif "type" not in made:
            made.setdefault(OTHER, {})["nullable"] = (
                True  # without a type, `nullable` has no effect, but authors often rely on it
            )
    for bound, edge in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if value.get(bound) is True and edge in made:
            made[bound] = made.pop(edge)


def _ranges(made: Node) -> None:
    """Convert the format int32 to bounds."""
    kinds = made.get("type")
    if made.get("format") == "int32" and kinds in ("integer", ["integer", "null"]):
        del made["format"]
        if made.get("minimum", -INT32) <= -INT32 and "exclusiveMinimum" not in made:
            made["minimum"] = -INT32
        if made.get("maximum", INT32 - 1) >= INT32 - 1 and "exclusiveMaximum" not in made:
            made["maximum"] = INT32 - 1


def steps(pointer: str) -> Pointer:
    """Return the steps of a JSON Pointer."""
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:])
