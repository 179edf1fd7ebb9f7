"""Bound the values of an argument: at how many places they are tried, and how large they may be.

Schemas that name each other can stand for very many places: ten that name the next twice make 2,047,
thirty make two thousand million. A small document may do so by accident or to do harm. So values are made
of at most MOST_PLACES places of an argument: all that must be given, then those nearest to the argument
itself.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pgagents.base.http import json_bytes
from pgagents.base.jsonschema.combine import TEXTS, join
from pgagents.base.jsonschema.direction import is_read_only
from pgagents.base.jsonschema.schema import resolve
from pgagents.base.jsonschema.walk import CONDITIONS, HOLDING, NAMED, Child, children
from pgagents.catalogue.encoding.medium import MAX_BOUNDARY

MOST_PLACES = 350
"""Most places of one argument at which values are tried.

The shipped catalogues have at most 13; the largest argument of DigitalOcean's document (2026-11) has 323.
"""
MOST_OF_CALL = 1_500
"""Most places of all arguments of one call; those with fewer than their share are tried whole."""
MOST_LEVELS = 40
"""Most levels of members, items and alternatives of one argument."""
MOST_COUNTED = 10_000
"""Number of places at which counting ends."""
MOST_REQUIRED = 100_000
"""Most places that one argument may have to be given at all, each item of a list counted."""
MOST_REFUSED = 50
"""Number of optional places that do not fit, after which no further one is tried."""
_CACHED = 500
_WHOLE = (*CONDITIONS, "then", "else", "propertyNames")
"""Keywords that mean something else if a part of their schema is left out, so a part has none of them."""

Schema = Mapping[str, Any]
Names = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reduced:
    """A schema from which values are made, with the named schemas that it refers to.

    `places` is 0 if it is the written schema. Otherwise it is a part of it, without references: `kept` of
    `places` places, where MOST_COUNTED means at least so many.
    """

    schema: Schema
    schemas: Mapping[str, Any]
    kept: int = 0
    places: int = 0
    too_many: bool = False
    """True if the least value has more places than are made."""

    @property
    def limit(self) -> str:
        """Why not every place is tried; empty if each is."""
        if not self.places:
            return ""
        every = f"{'more than ' if self.places >= MOST_COUNTED else ''}{self.places:,}"
        return f"values are tried at {self.kept:,} of its {every} places, those nearest to the argument first"


_known: OrderedDict[tuple[int | str, int, int], tuple[Schema, Mapping[str, Any], Reduced]] = OrderedDict()
"""The schemas that were reduced last, by name or identity; they are kept alive, so that no other gets it."""


def reduce(schema: Schema, schemas: Mapping[str, Any], most: int = MOST_PLACES) -> Reduced:
    """Return the schema itself if it stands for few places, otherwise the part of it that is tried."""
    named = schema.get("$ref") if schema.keys() - TEXTS == {"$ref"} else None
    key = (named or id(schema), id(schemas), most)
    if key not in _known:
        made = _reduce(schema, schemas, most)
        _known[key] = (schema, schemas, made)
        if len(_known) > _CACHED:
            _known.popitem(last=False)
        return made
    return _known[key][2]


def _reduce(schema: Schema, schemas: Mapping[str, Any], most: int) -> Reduced:
    if (
        count_places(schema, schemas, most) <= most
        and _count(schema, schemas, MOST_COUNTED, MOST_LEVELS * 2, inside=2) <= MOST_COUNTED
        and _count_required(schema, schemas, MOST_REQUIRED) <= MOST_REQUIRED
    ):
        return Reduced(schema, schemas)
    places = count_places(schema, schemas, MOST_COUNTED, MOST_COUNTED)
    too_many = _count_required(schema, schemas, MOST_REQUIRED) > MOST_REQUIRED
    made, kept = _Part(schemas, most).make(schema, 0 if too_many else MOST_REQUIRED)
    return Reduced(made, {}, kept, max(places, kept + 1), too_many)


def share_places(counts: Sequence[int]) -> int:
    """Return at how many places of each argument values are tried, by the places that they all have."""
    if sum(counts) <= MOST_OF_CALL:
        return MOST_PLACES
    room, share = MOST_OF_CALL, 1
    for number, count in enumerate(sorted(counts)):
        share = max(1, room // (len(counts) - number))
        if count > share:
            break
        room -= count
    return min(share, MOST_PLACES)


def count_places(schema: Schema, schemas: Mapping[str, Any], most: int, levels: int = MOST_LEVELS) -> int:
    """Return how many places the schema stands for; a schema inside itself is one place.

    Any number above `most` means that there are more, and so does a place more than `levels` deep.
    """
    return _count(schema, schemas, most, levels, 1)


def say_too_many(schema: Schema, schemas: Mapping[str, Any], name: str) -> str:
    """Return why no value of an argument is made; empty if few enough of its places must be given."""
    if not reduce(schema, schemas).too_many:
        return ""
    return (
        f"no `{name}` is made: the least that its schema allows has more than {MOST_REQUIRED:,} places, "
        f"or more than {MOST_LEVELS} levels"
    )


def _count(schema: Schema, schemas: Mapping[str, Any], most: int, levels: int, inside: int) -> int:
    count = 0
    waiting: list[tuple[Schema, Names, int]] = [(schema, (), 0)]
    while waiting and count <= most:
        node, above, level = waiting.pop()
        count += 1
        if level > levels:
            return most + 1
        joined = join(node, schemas)
        if any(above.count(name) >= inside for name in joined.names):
            continue
        names: Names = (*above, *joined.names)
        waiting += [(child.schema, names, level + 1) for child in _children(joined.schema)]
    return count


def _count_required(
    schema: Schema, schemas: Mapping[str, Any], most: int, above: Names = (), level: int = 0
) -> int:
    """Return how many places a value must have; any number above `most` if they are more, or too deep."""
    count, waiting = 0, [(schema, above, level, 1)]
    while waiting and count <= most:
        node, above, level, times = waiting.pop()
        count += times
        if level > MOST_LEVELS:
            return most + 1
        joined = join(node, schemas)
        if not joined.names.isdisjoint(above):
            continue
        names: Names = (*above, *joined.names)
        for child in _children(joined.schema):
            if _must_stay(joined.schema, child):
                each = joined.schema.get("minItems", 1) if child.keyword == "items" else 1
                waiting.append((child.schema, names, level + 1, times * each))
    return count


def _children(schema: Schema) -> list[Child]:
    """Return the schemas directly inside a joined one that values are held to."""
    return [c for c in children(schema) if isinstance(c.schema, Mapping) and c.kind != "definition"]


def _must_stay(schema: Schema, child: Child) -> bool:
    """True if a value needs the inner schema: a required member, a needed item, a first alternative."""
    key, (_, name) = child.keyword, (*child.steps, 0)[:2]
    if key == "properties":
        required = schema.get("required", ())
        return isinstance(required, list | tuple) and name in required
    if key in ("items", "prefixItems"):
        return bool(schema.get("minItems", 0) > name)
    if key in ("oneOf", "anyOf"):
        return bool(name == 0)
    return key in ("contains", "allOf")


class _Part:
    """Makes the part of a schema that is tried: a tree without references."""

    def __init__(self, schemas: Mapping[str, Any], most: int) -> None:
        self.schemas, self.most, self.kept, self.refused = schemas, most, 0, 0
        self.waiting: deque[tuple[dict[str, Any], Child, Names, int]] = deque()

    def make(self, schema: Schema, most: int) -> tuple[dict[str, Any], int]:
        """Return the part with at most so many needed places, and how many places it has."""
        root = self._take(schema, (), 0, most)
        while self.waiting and self.kept < self.most and self.refused < MOST_REFUSED:
            into, child, above, level = self.waiting.popleft()
            room = self.most - self.kept
            if _count_required(child.schema, self.schemas, room, above, level) > room:
                self.refused += 1
                continue
            _put(into, child, self._take(child.schema, above, level, MOST_REQUIRED))
        return root, self.kept

    def _take(self, schema: Schema, above: Names, level: int, most: int) -> dict[str, Any]:
        """Return a schema with what its values need. Its optional parts wait for their turn."""
        self.kept += 1
        joined = join(schema, self.schemas)
        made = {k: v for k, v in joined.schema.items() if k not in HOLDING or isinstance(v, bool)}
        if self.kept > most or level > MOST_LEVELS or not joined.names.isdisjoint(above):
            return made
        if "properties" in joined.schema:
            made["properties"] = {}
        names: Names = (*above, *joined.names)
        optional = []
        for child in _children(joined.schema):
            if _must_stay(joined.schema, child):
                _put(made, child, self._take(child.schema, names, level + 1, most))
            elif child.keyword not in _WHOLE and not is_read_only(child.schema, self.schemas):
                optional.append((made, child, names, level + 1))
        self.waiting.extend(optional)
        return made


def _put(into: dict[str, Any], child: Child, made: dict[str, Any]) -> None:
    key, *name = child.steps
    if not name:
        into[str(key)] = made
    elif key in NAMED:
        into.setdefault(str(key), {})[name[0]] = made
    else:
        listed = into.setdefault(str(key), [])
        if key != "prefixItems" or name[0] == len(listed):  # an item stays at its place
            listed.append(made)


# -- values that are too large to be made and sent.
#
# Generated documents often have the greatest number of 32 bits as a bound, and mean that there is none.


MOST_ITEMS = 10_000
"""Most items of a list that is made. Longer lists take seconds to check at each place where they are sent."""
SHORT = 2
"""Items of a list that is made in place of one that is too long."""
_DEEPEST = 12

Schemas = Mapping[str, Any]


def is_too_long(length: int, each: int = 1) -> bool:
    """True if no text of so many characters is made; `each` is the size of a character in bytes."""
    return length * each > MAX_BOUNDARY


def fit_count(count: int, item: Any) -> int:
    """Return `count` if a list of so many such items is made, else the number of a short list."""
    fits = count <= SHORT or (count <= MOST_ITEMS and count * len(json_bytes(item)) <= MAX_BOUNDARY)
    return count if fits else SHORT


def has_far_bound(schema: Mapping[str, Any]) -> bool:
    """True if the longest text or list that a schema allows is too large to be made."""
    return is_too_long(schema.get("maxLength", 0)) or schema.get("maxItems", 0) > MOST_ITEMS


def say_too_long(number: int, what: str) -> str:
    """Return why no value with so many characters or items is sent."""
    return (
        f"such a value has {number:,} {what}, and none is made of more than {MAX_BOUNDARY:,} bytes "
        f"or {MOST_ITEMS:,} items"
    )


def say_unmade(schema: Mapping[str, Any], schemas: Schemas, name: str) -> str:
    """Return why no valid value of an argument is made; empty if its least value is small enough."""
    if too_many := say_too_many(schema, schemas, name):
        return too_many
    part = reduce(schema, schemas)
    return (
        f"no `{name}` is made: the least that its schema allows has more than {MAX_BOUNDARY:,} bytes "
        f"or {MOST_ITEMS:,} items"
        if _least_size(part.schema, part.schemas, _DEEPEST) > MAX_BOUNDARY
        else ""
    )


def _least_size(schema: Mapping[str, Any], schemas: Schemas, depth: int) -> int:
    """Return about how many bytes the least value of a schema has; more than the limit for too many items."""
    schema = resolve(schema, schemas)
    if not depth or {"const", "enum", "default"} & schema.keys():
        return 1
    items, members = schema.get("minItems", 0), schema.get("minProperties", 0)
    if max(items, members) > MOST_ITEMS:
        return MAX_BOUNDARY + 1
    inner = schema.get("properties", {})
    sizes = [
        schema.get("minLength", 0),
        items * _least_size(schema.get("items", {}), schemas, depth - 1) if items else 0,
        sum(_least_size(inner[n], schemas, depth - 1) for n in _list_required(schema) if n in inner),
        *(_least_size(part, schemas, depth - 1) for part in schema.get("allOf", ())),
        min((_least_size(part, schemas, depth - 1) for part in _list_alternatives(schema)), default=0),
    ]
    return max(1, *map(int, sizes))


def _list_required(schema: Mapping[str, Any]) -> list[Any]:
    """Return the required members of a schema; an argument's own `required` is a flag."""
    needed = schema.get("required", ())
    return list(needed) if isinstance(needed, list | tuple) else []


def _list_alternatives(schema: Mapping[str, Any]) -> list[Any]:
    return list(schema.get("oneOf") or schema.get("anyOf") or ())
