"""Infer a JSON Schema from values, and widen it with each further value. No value is kept."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

MOST_DEPTH, MOST_MEMBERS, MOST_ITEMS = 30, 300, 200
MANY_KEYS = 20
"""Number of members from which an object counts as a map, if its keys differ from value to value."""
_FORMATS = {
    "date-time": re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:[Zz]|[+-]\d\d:?\d\d)"),
    "date": re.compile(r"\d{4}-\d\d-\d\d"),
    "uuid": re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.I),
    "email": re.compile(r"[^@\s]{1,64}@[^@\s]{1,200}\.[a-z]{2,20}", re.I),
    "uri": re.compile(r"https?://[^\s]{3,2000}", re.I),
}
_VALUE = re.compile(r"\d+|[0-9a-f]{8,}|.*@.*|[0-9a-f-]{32,}|.*\d{3,}.*|.*[\s/].*", re.I)
"""Matches keys that are values: numbers, hashes, addresses, ids."""


@dataclass(slots=True)
class Shape:
    """The shape of all values seen so far."""

    kinds: set[str] = field(default_factory=set)
    formats: set[str] | None = None
    members: dict[str, Shape] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    objects: int = 0
    """Number of objects among the values."""
    items: Shape | None = None
    rest: Shape | None = None
    """The shape of all members, once the object counts as a map."""

    def add(self, value: Any, depth: int = 0) -> None:
        """Widen the shape so that it includes this value."""
        if depth > MOST_DEPTH:
            return
        if isinstance(value, dict):
            self._add_object(value, depth)
        elif isinstance(value, list):
            self.kinds.add("array")
            self.items = self.items or Shape()
            for item in value[:MOST_ITEMS]:
                self.items.add(item, depth + 1)
        elif isinstance(value, str):
            self.kinds.add("string")
            fitting = {name for name, pattern in _FORMATS.items() if pattern.fullmatch(value)}
            self.formats = fitting if self.formats is None else self.formats & fitting
        else:
            self.kinds.add(_kind(value))

    def _add_object(self, value: dict[str, Any], depth: int) -> None:
        self.kinds.add("object")
        self.objects += 1
        if self.rest is None and _is_map(value, self):
            self.rest = Shape()
            for member in self.members.values():
                self.rest.join(member)
            self.members = {}
        for name, member in list(value.items())[:MOST_MEMBERS]:
            if self.rest is not None:
                self.rest.add(member, depth + 1)
                continue
            self.members.setdefault(name, Shape()).add(member, depth + 1)
            self.counts[name] = self.counts.get(name, 0) + 1

    def join(self, other: Shape) -> None:
        """Widen the shape so that it includes all values of another shape."""
        self.kinds |= other.kinds
        if other.formats is not None:
            self.formats = other.formats if self.formats is None else self.formats & other.formats
        self.objects += other.objects
        for name, member in other.members.items():
            self.members.setdefault(name, Shape()).join(member)
            self.counts[name] = self.counts.get(name, 0) + other.counts.get(name, 0)
        for mine, theirs in (("items", other.items), ("rest", other.rest)):
            if theirs is not None:
                own = getattr(self, mine) or Shape()
                own.join(theirs)
                setattr(self, mine, own)

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the shape."""
        kinds = sorted(self.kinds - {"integer"} if "number" in self.kinds else self.kinds, key=_ORDER.index)
        made: dict[str, Any] = {}
        if kinds:
            made["type"] = kinds[0] if len(kinds) == 1 else kinds
        if "string" in self.kinds and self.formats:
            made["format"] = min(self.formats, key=list(_FORMATS).index)
        if "array" in self.kinds:
            made["items"] = self.items.schema() if self.items is not None else {}
        if self.rest is not None:
            made["additionalProperties"] = self.rest.schema()
        elif "object" in self.kinds:
            made["properties"] = {name: member.schema() for name, member in self.members.items()}
            needed = [name for name, count in self.counts.items() if count == self.objects]
            if needed:
                made["required"] = needed
        return made


_ORDER = ["object", "array", "string", "number", "integer", "boolean", "null"]


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    return "integer" if isinstance(value, int) or value.is_integer() else "number"


def _is_map(value: dict[str, Any], known: Shape) -> bool:
    """True if an object is a map: all its keys look like values, or it has many that no other object has."""
    if len(value) > 1 and all(_VALUE.fullmatch(name) for name in value):
        return True
    if any("@" in name for name in value):
        return True
    strangers = sum(name not in known.members for name in value)
    return known.objects > 1 and strangers >= MANY_KEYS and strangers > len(value) / 2


def describe_texts(values: Iterable[str]) -> dict[str, Any]:
    """Return the schema of values that were sent as text, in a query, a path or a form."""
    shape = Shape()
    listed = list(values)
    for kind, pattern in (
        ("integer", r"-?\d{1,15}"),
        ("number", r"-?\d+(?:\.\d+)?"),
        ("boolean", r"true|false"),
    ):
        if listed and all(re.fullmatch(pattern, value) for value in listed):
            return {"type": kind}
    for value in listed:
        shape.add(value)
    return shape.schema() or {"type": "string"}
