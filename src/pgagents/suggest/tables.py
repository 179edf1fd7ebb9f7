"""Arrange samples as tables, and read facts for mining from their columns and from the schemas."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from pgagents.base.cel.functions import epoch
from pgagents.base.cel.syntax import print_path
from pgagents.base.jsonschema.direction import find_written_name
from pgagents.base.jsonschema.schema import REF
from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.model import Model
from pgagents.suggest.samples import Sample, Samples

# -- columns


Kind = Literal["number", "text", "time", "flag", "list", "rows", "object", "none", "mixed"]


class _Missing:
    """The type of MISSING."""


MISSING: Any = _Missing()
"""The value of a member that is missing."""
SELF = "§"
"""The variable for an object in a table of objects. It is replaced by the object's path."""
_UNITS = {
    "km": "km", "m": "m", "miles": "miles", "hours": "h", "hour": "h", "minutes": "min", "days": "d",
    "seconds": "s", "s": "s", "ms": "ms", "cents": "cents", "pct": "pct", "percent": "pct", "bytes": "bytes",
    "lat": "deg", "lng": "deg", "lon": "deg", "latitude": "deg", "longitude": "deg", "year": "year",
}  # fmt: skip
_MONEY = frozenset(
    [
        "amount",
        "price",
        "rate",
        "fee",
        "total",
        "subtotal",
        "cost",
        "payout",
        "charge",
        "charged",
        "balance",
        "paid",
        "due",
        "tax",
        "discount",
        "net",
        "gross",
        "refunded",
        "captured",
        "fees",
        "captured_amount",
        "estimate",
    ]
)
_WORD = re.compile(r"[a-z0-9]+|[A-Z][a-z0-9]*")
LEAST_EPOCH_S, MOST_EPOCH_S = 900_000_000.0, 9_000_000_000.0
"""Numbers in this range count as times in seconds: from 1998 to 2255."""
SECONDS = {"h": 3600.0, "min": 60.0, "s": 1.0, "d": 86400.0, "ms": 0.001}


def words_of(name: str) -> tuple[str, ...]:
    """Return the words of a member's name in lower case."""
    return tuple(word.lower() for word in _WORD.findall(name))


def text_key(value: Any) -> Any:
    """Return a key that is equal for equal JSON values, and different for 1 and true."""
    if isinstance(value, dict | list):
        return json.dumps(value, sort_keys=True, default=str)
    return (type(value) is bool, value)


@dataclass(slots=False, eq=False)
class Column:
    """One member. `path` begins with the variable.

    `schema` is the member's declared schema. `choices` are the values of its enum or boolean.
    """

    path: tuple[str, ...]
    values: list[Any]
    schema: Mapping[str, Any] = field(default_factory=dict)
    choices: tuple[Any, ...] = ()
    required: bool = False
    refers: bool = False
    """True for an argument that names an instance."""
    inside: str = ""
    """The name of the pooled object that contains the member."""
    guards: tuple[str, ...] = ()
    """Conditions under which the path can be read and has a value, the outermost first."""

    @property
    def root(self) -> str:
        """The variable: `input`, `response`, `before`, `now`, or `§` for a member of an object."""
        return self.path[0]

    @property
    def last(self) -> str:
        """The member's own name."""
        return self.path[-1]

    @cached_property
    def text(self) -> str:
        """The path in CEL."""
        return text_of(self.path)

    @cached_property
    def words(self) -> tuple[str, ...]:
        return words_of(self.last)

    @cached_property
    def there(self) -> list[Any]:
        """Return the values that are neither missing nor null."""
        return [v for v in self.values if v is not MISSING and v is not None]

    @cached_property
    def lacks(self) -> bool:
        """True if the member is missing in some rows."""
        return any(v is MISSING for v in self.values)

    @cached_property
    def nulls(self) -> bool:
        """True if the member is null in some rows."""
        return any(v is None for v in self.values)

    @cached_property
    def distinct(self) -> dict[Any, Any]:
        """Return the member's different values by a key, without null and MISSING."""
        return {text_key(v): v for v in self.there}

    @cached_property
    def kind(self) -> Kind:
        """Return the kind that all values have in common."""
        kinds = {_kind(v) for v in self.there}
        if not kinds:
            return "none"
        if kinds == {"text"} and all(map(_is_time, self.distinct.values())):
            return "time"
        if kinds == {"list", "rows"}:
            return "rows"
        return kinds.pop() if len(kinds) == 1 else "mixed"

    @cached_property
    def unit(self) -> str:
        """Return the unit in the name, or `money` for amounts; empty if there is none."""
        last = self.words[-1] if self.words else ""
        if last in _UNITS and last != "m":
            return _UNITS[last]
        return "money" if self.is_money else ""

    @cached_property
    def is_money(self) -> bool:
        """True for numbers that look like amounts: by their name, and with at most two decimal places."""
        if self.kind != "number" or not self.there or (self.words and self.words[-1] in _UNITS):
            return False
        two = all(abs(v * 100 - round(v * 100)) < 1e-6 for v in self.there)
        whole = all(float(v).is_integer() for v in self.there) and self.schema.get("type") == "integer"
        return two and not whole and not _MONEY.isdisjoint(self.words)

    @cached_property
    def is_epoch(self) -> bool:
        """True for numbers that are times in seconds since 1970."""
        return self.kind == "number" and all(LEAST_EPOCH_S <= v < MOST_EPOCH_S for v in self.there)

    @cached_property
    def whole(self) -> bool:
        """True if all numbers are whole."""
        return self.kind == "number" and all(float(v).is_integer() for v in self.there)


def text_of(path: Sequence[str]) -> str:
    """Return a path in CEL."""
    return SELF + print_path(("x", *path[1:]))[1:] if path[0] == SELF else print_path(path)


def _kind(value: Any) -> Kind:
    if isinstance(value, bool):
        return "flag"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "text"
    if isinstance(value, list):
        return "rows" if value and all(isinstance(v, Mapping) for v in value) else "list"
    return "object" if isinstance(value, Mapping) else "mixed"


def _is_time(text: str) -> bool:
    return len(text) >= 16 and text[4:5] == "-" and math.isfinite(epoch(text))


MOST_ROWS = 2_000
MOST_COLUMNS = 90
MOST_ITEMS = 40
MOST_AT = 300
DEPTH = 4


@dataclass(frozen=True, slots=True)
class Site:
    """A place for a law: an action, and the path of an object there. `many` is true for a list's items."""

    action: str
    path: tuple[str, ...] = ()
    many: bool = False
    sure: bool = True
    """False if the object may be missing or null."""


@dataclass(slots=True, eq=False)
class Table:
    """Rows of values. `kind` is `action`, `items` or `object`. `sites` are the places for its laws."""

    name: str
    kind: str
    sites: list[Site]
    columns: list[Column] = field(default_factory=list)
    rows: int = 0
    writes: bool = False
    """True for an action that changes something."""
    seen: dict[Site, tuple[int, frozenset[tuple[str, ...]]]] = field(default_factory=dict)
    """The number of objects seen at each site of a kind of object, and all members that they had."""
    at: dict[Site, list[dict[tuple[str, ...], Any]]] = field(default_factory=dict)
    """The members of some objects seen at each site of a kind of object."""
    amounts: int = 0
    """Number of different amounts in all answers that are not whole numbers."""

    def of_root(self, *roots: str) -> list[Column]:
        """Return the columns of these variables."""
        return [c for c in self.columns if c.root in roots]

    @property
    def answered(self) -> list[Column]:
        """Return the columns of the answer."""
        return self.of_root("response", SELF)


@dataclass(slots=True)
class _Rows:
    """Rows as mappings from path to value, before they become columns."""

    schemas: dict[tuple[str, ...], tuple[Mapping[str, Any], bool, bool, str]] = field(default_factory=dict)
    rows: list[dict[tuple[str, ...], Any]] = field(default_factory=list)
    seen: set[Any] = field(default_factory=set)

    def add(self, row: dict[tuple[str, ...], Any]) -> None:
        key = tuple((path, text_key(value)) for path, value in row.items())
        if key not in self.seen and len(self.rows) < MOST_ROWS:
            self.seen.add(key)
            self.rows.append(row)

    def columns(self, schemas: Named) -> list[Column]:
        paths = list(dict.fromkeys(path for row in self.rows for path in row))[:MOST_COLUMNS]
        found = []
        for path in paths:
            schema, required, refers, inside = self.schemas.get(path, ({}, False, False, ""))
            values = [row.get(path, MISSING) for row in self.rows]
            choices = declared_values(schema, schemas)
            guards = self._list_guards(path, schemas)
            found.append(Column(path, values, schema, choices, required, refers, inside, guards))
        return found

    def _list_guards(self, path: tuple[str, ...], schemas: Named) -> tuple[str, ...]:
        """Return the conditions under which a path can be read, one for each part that may be missing or
        null.
        """
        found = ["before != null"] if path[0] == "before" else []
        for end in range(2, len(path) + 1):
            part = path[:end]
            known = self.schemas.get(part)
            required = known is not None and known[1]
            schema: Any = known[0] if known is not None else None
            around = [row for row in self.rows if end == 2 or isinstance(row.get(part[:-1]), Mapping)]
            if not required or (part[0] != "before" and any(part not in row for row in around)):
                found.append(f"has({text_of(part)})")
            if any(row.get(part, MISSING) is None for row in around) or may_be_null(schema, schemas):
                found.append(f"{text_of(part)} != null")
        return tuple(found)


def make_tables(model: Model, samples: Samples) -> list[Table]:
    """Return the tables of all actions that have samples."""
    found: list[Table] = []
    pools: dict[str, _Pool] = {}
    for name in sorted(samples.by_action):
        action = model.action(name)
        if action is None:
            continue
        maker = _Maker(model, action, pools)
        found += maker.make(samples.of_action(name))
    for pool in pools.values():
        if pool.rows.rows:
            columns = pool.rows.columns(model.schemas)
            sites = list(pool.sites)
            seen = {site: (pool.counts[site], frozenset(pool.members[site])) for site in sites}
            rows = len(pool.rows.rows)
            found.append(Table(pool.name, "object", sites, columns, rows, seen=seen, at=pool.at))
    amounts = {v for t in found for c in t.answered if c.is_money for v in c.there if v % 1}
    for table in found:
        table.amounts = len(amounts)
    return found


@dataclass(slots=True)
class _Pool:
    """All places and rows of one kind of object."""

    name: str
    rows: _Rows = field(default_factory=_Rows)
    sites: dict[Site, None] = field(default_factory=dict)
    counts: Counter[Site] = field(default_factory=Counter)
    members: dict[Site, set[tuple[str, ...]]] = field(default_factory=dict)
    at: dict[Site, list[dict[tuple[str, ...], Any]]] = field(default_factory=dict)


@dataclass(slots=True)
class _Maker:
    """Make the tables of one action, and add its objects to the pools."""

    model: Model
    action: Action
    pools: dict[str, _Pool]
    whole: _Rows = field(default_factory=_Rows)
    lists: dict[tuple[str, ...], _Rows] = field(default_factory=dict)
    sure: dict[tuple[str, ...], bool] = field(default_factory=dict)

    def make(self, samples: Sequence[Sample]) -> Iterator[Table]:
        name = str(self.action.name)
        for sample in samples:
            self._add(sample)
        schemas = self.model.schemas
        writes = self.action.effect == "write"
        yield Table(name, "action", [Site(name)], self.whole.columns(schemas), len(self.whole.rows), writes)
        for path, rows in self.lists.items():
            site = Site(name, path, many=True, sure=self.sure[path])
            yield Table(f"{name} {path[-1]}", "items", [site], rows.columns(schemas), len(rows.rows))

    def _add(self, sample: Sample) -> None:
        values = sample.values
        given = dict(self._input(values["input"]))
        row = dict(given)
        row[("now",)] = given[("now",)] = values["now"]
        status = values["status"]
        output = next((o for o in self.action.outputs if o.status == status), self.action.success)
        schema: Mapping[str, Any] = output.schema or {}
        self._walk(("response",), values["response"], schema, row, given, "", self.whole, schema, ())
        if isinstance(values["before"], Mapping):
            self._flatten(("before",), values["before"], row)
        self.whole.add(row)

    def _input(self, given: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
        """Yield the arguments, and the members of arguments that are objects."""
        for param in self.action.params:
            name = str(param.name)
            if name == self.action.idempotency:
                continue
            path = ("input", name)
            always = param.required or "default" in param.schema
            self._declare(self.whole, path, param.schema, always, bool(param.refers_to))
            if name in given:
                yield path, given[name]
                if isinstance(given[name], Mapping):
                    yield from self._members(path, given[name], param.schema)

    def _members(
        self, path: tuple[str, ...], value: Mapping[str, Any], schema: Mapping[str, Any]
    ) -> Iterator[tuple[tuple[str, ...], Any]]:
        for member, inner in value.items():
            own = (*path, str(member))
            self._declare(self.whole, own, member_schema(schema, (member,), self.model.schemas), False, False)
            yield own, inner

    def _declare(
        self,
        rows: _Rows,
        path: tuple[str, ...],
        schema: Mapping[str, Any],
        required: bool,
        refers: bool,
        inside: str = "",
    ) -> None:
        known = rows.schemas.get(path)
        rows.schemas[path] = (schema, required and (known is None or known[1]), refers, inside)

    def _walk(
        self,
        path: tuple[str, ...],
        value: Any,
        schema: Any,
        row: dict[tuple[str, ...], Any],
        given: Mapping[tuple[str, ...], Any],
        inside: str,
        rows: _Rows,
        top: Any,
        below: tuple[str, ...],
    ) -> None:
        """Add a value and its members to a row.

        `top` is the schema at the row's root, and `below` the path from it.
        """
        schemas = self.model.schemas
        if len(path) > 1 or (isinstance(value, list) and path != (SELF,)):
            row[path] = value
            self._declare(rows, path, schema, self._is_required(top, below), False, inside)
        if isinstance(value, Mapping) and len(below) < DEPTH:
            name = name_object(schema, schemas)
            if name and rows is self.whole and not inside:
                sure = is_required(top, below, schemas) and not may_be_null(schema, schemas)
                self._pool(name, Site(str(self.action.name), path, sure=sure), value, schema)
                inside = name
            for member, inner in value.items():
                if isinstance(member, str):
                    own = member_schema(schema, (member,), schemas)
                    deeper = (*below, member)
                    self._walk((*path, member), inner, own, row, given, inside, rows, top, deeper)
        elif isinstance(value, list) and rows is self.whole and value and isinstance(value[0], Mapping):
            sure = is_required(top, below, schemas) and not may_be_null(schema, schemas)
            self._list(path, value, item_schema(schema, schemas), given, sure)

    def _is_required(self, top: Any, below: tuple[str, ...]) -> bool:
        """Return True if a member must be present whenever its object is."""
        around = member_schema(top, below[:-1], self.model.schemas) if len(below) > 1 else top
        return not below or is_required(around, below[-1:], self.model.schemas)

    def _list(
        self,
        path: tuple[str, ...],
        items: list[Any],
        schema: Any,
        given: Mapping[tuple[str, ...], Any],
        sure: bool,
    ) -> None:
        """Add the items of a list, each with the call's arguments."""
        rows = self.lists.setdefault(path, _Rows())
        self.sure[path] = sure
        for own, declared in self.whole.schemas.items():
            if own[0] == "input":
                rows.schemas[own] = declared
        name = name_object(schema, self.model.schemas)
        inside = name or f"{self.action.name} {path[-1]}"
        for item in items[:MOST_ITEMS]:
            if isinstance(item, Mapping):
                row = dict(given)
                self._walk((SELF,), item, schema, row, given, inside, rows, schema, ())
                rows.add(row)
                self._pool(inside, Site(str(self.action.name), path, many=True, sure=sure), item, schema)

    def _pool(self, name: str, site: Site, value: Mapping[str, Any], schema: Any) -> None:
        pool = self.pools.setdefault(name, _Pool(name))
        pool.sites[site] = None
        row: dict[tuple[str, ...], Any] = {}
        self._walk((SELF,), value, schema, row, {}, "", pool.rows, schema, ())
        pool.rows.add(row)
        pool.counts[site] += 1
        if len(own := pool.at.setdefault(site, [])) < MOST_AT:
            own.append(row)
        pool.members.setdefault(site, set()).update(row)

    def _flatten(self, path: tuple[str, ...], value: Any, row: dict[tuple[str, ...], Any]) -> None:
        if len(path) > 1:
            row[path] = value
        if isinstance(value, Mapping) and len(path) < DEPTH:
            for member, inner in value.items():
                if isinstance(member, str):
                    self._flatten((*path, member), inner, row)


# -- facts from schemas


MOST_DEPTH = 12
Schema = Mapping[str, Any]
Named = Mapping[str, Schema]


def resolve_all(schema: Any, schemas: Named) -> list[Schema]:
    """Return the schemas that a value must satisfy together: the schema, its references, and parts of
    `allOf`.
    """
    found: list[Schema] = []
    waiting = [schema]
    while waiting and len(found) < MOST_DEPTH:
        one = waiting.pop(0)
        if not isinstance(one, Mapping):
            continue
        found.append(one)
        ref = str(one.get("$ref", ""))
        if ref.startswith(REF):
            waiting.append(schemas.get(ref[len(REF) :]))
        waiting += one.get("allOf") or ()
        for either in ("anyOf", "oneOf"):  # an object or null
            rest = [s for s in one.get(either) or () if isinstance(s, Mapping) and s.get("type") != "null"]
            waiting += rest if len(rest) == 1 else ()
    return found


def name_object(schema: Any, schemas: Named) -> str:
    """Return the name of the innermost named schema of an object; empty if it has none."""
    names = [str(one["$ref"])[len(REF) :] for one in resolve_all(schema, schemas) if "$ref" in one]
    return find_written_name(names[-1]) if names else ""


def member_schema(schema: Any, path: Sequence[str], schemas: Named) -> Schema:
    """Return the schema of the member at a path, empty if it is not declared."""
    at: Any = schema
    for name in path:
        parts = resolve_all(at, schemas)
        at = next((p["properties"][name] for p in parts if name in (p.get("properties") or {})), None)
        if at is None:
            return {}
    return at if isinstance(at, Mapping) else {}


def item_schema(schema: Any, schemas: Named) -> Schema:
    """Return the schema of a list's items, empty if it is not declared."""
    return next((p["items"] for p in resolve_all(schema, schemas) if isinstance(p.get("items"), Mapping)), {})


def is_required(schema: Any, path: Sequence[str], schemas: Named) -> bool:
    """Return True if the member at a path and all objects around it must be present."""
    at: Any = schema
    for number, name in enumerate(path):
        if not any(name in (p.get("required") or ()) for p in resolve_all(at, schemas)):
            return False
        at = member_schema(at, (name,), schemas)
        if number + 1 < len(path) and may_be_null(at, schemas):
            return False
    return True


def may_be_null(schema: Any, schemas: Named) -> bool:
    """Return True if the schema allows null."""
    for part in resolve_all(schema, schemas):
        kinds = part.get("type")
        if kinds == "null" or (isinstance(kinds, list) and "null" in kinds):
            return True
        if any(
            isinstance(s, Mapping) and s.get("type") == "null"
            for key in ("anyOf", "oneOf")
            for s in part.get(key) or ()
        ):
            return True
    return False


def declared_values(schema: Any, schemas: Named) -> tuple[Any, ...]:
    """Return the values of an `enum`, or both booleans; empty for any other schema."""
    for part in resolve_all(schema, schemas):
        if isinstance(part.get("enum"), Sequence) and not isinstance(part["enum"], str):
            return tuple(v for v in part["enum"] if v is not None)
        if part.get("type") == "boolean" or part.get("type") == ["boolean", "null"]:
            return (True, False)
    return ()


def format_of(schema: Any, schemas: Named) -> str:
    """Return the declared `format`."""
    return next((str(p["format"]) for p in resolve_all(schema, schemas) if "format" in p), "")
