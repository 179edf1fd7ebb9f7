"""One edition of a document: references resolved, schemas in one form, and the lines of its values."""

from __future__ import annotations

import hashlib
import json
import math
import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from functools import cached_property
from json.decoder import JSONDecodeError
from typing import Any, Protocol

from pgagents.base.jsonschema.schema import REF, refs
from pgagents.base.places import Node, Pointer, Source
from pgagents.base.reading import parse
from pgagents.diff.schemas import MARKS, OTHER, WORDS, Named, Who, form

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
            made[key] = {name: self._member(spot.at(key, name), key, depth + 1) for name in part}
        else:
            return False
        return True

    def _member(self, spot: Any, key: str, depth: int) -> Any:
        """Convert the schema of a member. One that this side neither sends nor reads has its mark alone."""
        mark = MARKS[self.who]
        if key == "properties" and self._is_marked(spot, mark):
            return Node({mark: True}, origin=self.edition.place(spot))
        return self._schema(spot, depth)

    def _is_marked(self, spot: Any, mark: str) -> bool:
        own = isinstance(spot.value, dict) and spot.value.get(mark) is True
        return own or self.edition.mapping(self.edition.open(spot)).get(mark) is True

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
        members = spot.value.get("properties")
        for name in members if isinstance(members, dict) else ():
            if name in made["required"] and self._is_marked(spot.at("properties", name), MARKS[self.who]):
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


class Document(Protocol):
    """A file or URL that was read."""

    @property
    def location(self) -> str: ...
    @property
    def name(self) -> str: ...


class Spot(Protocol):
    """A value and its place. `pointer` is a JSON Pointer in its document."""

    @property
    def value(self) -> Any: ...
    @property
    def document(self) -> Document: ...
    @property
    def pointer(self) -> str: ...
    def at(self, *steps: str | int) -> Any: ...


class Tree(Protocol):
    """A document and all documents that it refers to."""

    def root(self) -> Any: ...
    def follow(self, found: Any) -> Any: ...
    def target(self, found: Any) -> Any: ...


class Edition:
    """One side of a comparison."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.root: Spot = tree.root()
        self.documents: list[Document] = [self.root.document]
        self.old_style = not re.match(r"3\.[1-9]", str(self.mapping(self.root).get("openapi", "")))
        self._schemas: dict[Who, Converter] = {}

    def schemas(self, who: Who) -> Converter:
        """Return the converter of schemas for one direction: sent by callers, or received by readers."""
        if who not in self._schemas:
            self._schemas[who] = Converter(self, who, old_style=self.old_style)
        return self._schemas[who]

    def place(self, spot: Spot) -> Pointer:
        """Return the number of a spot's document, followed by the steps in it."""
        for number, document in enumerate(self.documents):
            if document.location == spot.document.location:
                return (number, *steps(spot.pointer))
        self.documents.append(spot.document)
        return (len(self.documents) - 1, *steps(spot.pointer))

    def open(self, spot: Spot, *keys: str | int) -> Spot:
        """Return the value at these keys, with references resolved."""
        found: Spot = self.tree.follow(spot.at(*keys) if keys else spot)
        return found

    @cached_property
    def has_xml(self) -> bool:
        """Return whether any body may be XML. Only then does the keyword `xml` matter."""
        stack = [self.root.value]
        while stack:
            value = stack.pop()
            if isinstance(value, dict):
                content = value.get("content")
                if isinstance(content, dict) and any("xml" in str(name).lower() for name in content):
                    return True
                stack.extend(value.values())
            elif isinstance(value, list):
                stack.extend(value)
        return False

    @staticmethod
    def mapping(spot: Spot | None) -> Mapping[str, Any]:
        """Return the value if it is a mapping, otherwise an empty one."""
        return spot.value if spot is not None and isinstance(spot.value, dict) else {}

    def members(self, spot: Spot, key: str) -> dict[str, Spot]:
        """Return the members of the mapping under `key`, with references resolved and without extensions."""
        inside = self.open(spot, key)
        return {name: self.open(inside, name) for name in self.mapping(inside) if not name.startswith("x-")}

    def text(self, spot: Spot, key: str) -> str:
        """Return a member if it is text, otherwise an empty text."""
        value = self.mapping(spot).get(key)
        return value if isinstance(value, str) else ""


MAX_VALUES = 1_000_000
_SPACE = " \t\r\n"
Wanted = dict[str, Any]


def lines(text: str, name: str, pointers: Iterable[Pointer]) -> dict[Pointer, str]:
    """Return `file:line:column` of each pointer, or of its nearest parent in the text."""
    wanted = set(pointers)
    if not wanted:
        return {}
    if text.lstrip("\ufeff" + _SPACE)[:1] in ("{", "["):
        try:
            return _in_json(text, name, wanted)
        except (JSONDecodeError, IndexError, RecursionError):
            pass  # YAML in braces
    source = parse(text, name, max_values=MAX_VALUES, foreign=True)
    return {pointer: source.locate(_as_in(source, pointer)).position for pointer in wanted}


def _as_in(source: Source, pointer: Pointer) -> Pointer:
    """Return the pointer with numbers for its steps into lists."""
    value, made = source.data, []
    for step in pointer:
        key: Any = step
        if isinstance(value, list):
            key = int(step) if str(step).isdecimal() else step
        made.append(key)
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            break
    return tuple(made)


def _in_json(text: str, name: str, wanted: set[Pointer]) -> dict[Pointer, str]:
    tree: Wanted = {}
    for pointer in wanted:
        node = tree
        for step in pointer:
            node = node.setdefault(str(step), {})
    starts = [0]
    at = text.find("\n")
    while at >= 0:
        starts.append(at + 1)
        at = text.find("\n", at + 1)
    found: dict[Pointer, int] = {}
    _Scan(text, found).value(_skip(text, 1 if text[:1] == "\ufeff" else 0), tree, ())
    told = {}
    for pointer in wanted:
        near = pointer
        while near and near not in found:
            near = near[:-1]
        offset = found.get(near, 0)
        line = bisect_right(starts, offset)
        told[pointer] = f"{name}:{line}:{offset - starts[line - 1] + 1}"
    return told


def _skip(text: str, at: int) -> int:
    while text[at] in _SPACE:
        at += 1
    return at


class _Scan:
    """Scan a JSON text along the wanted pointers. The standard library's scanner skips everything else."""

    def __init__(self, text: str, found: dict[Pointer, int]) -> None:
        self.text, self.found = text, found
        self.decoder = json.JSONDecoder()

    def value(self, at: int, wanted: Wanted, path: Pointer) -> int:
        """Record the wanted places in the value that begins at `at`. Return the index after the value."""
        text = self.text
        if not wanted or text[at] not in "{[":
            return self.decoder.raw_decode(text, at)[1]
        mapping, number = text[at] == "{", 0
        at = _skip(text, at + 1)
        while text[at] not in "}]":
            begin = at
            key = str(number)
            if mapping:
                key, at = self.decoder.raw_decode(text, at)
                if not isinstance(key, str):
                    raise JSONDecodeError("a member's name is no string", text, begin)
                at = _skip(text, _skip(text, at) + 1)
            if key in wanted:
                self.found[(*path, key)] = begin
            at = _skip(text, self.value(at, wanted.get(key, {}), (*path, key)))
            number += 1
            if text[at] == ",":
                at = _skip(text, at + 1)
        return at + 1
