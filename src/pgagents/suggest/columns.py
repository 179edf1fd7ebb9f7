"""Columns: the values of one member of a call or an answer, row by row, with facts from its name and
schema.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from pgagents.cel.expression import epoch
from pgagents.cel.printer import print_path

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
