"""Compare members by their names: equal, opposite, or ids of the same object."""

from __future__ import annotations

from pgagents.suggest.columns import Column, words_of
from pgagents.suggest.tables import Table

_OPPOSITES = (
    ("min", "max"), ("min", "avg"), ("avg", "max"), ("least", "most"), ("lowest", "highest"), ("low", "high"),
    ("starts", "ends"), ("start", "end"), ("started", "ended"), ("from", "to"), ("begin", "end"),
    ("available", "total"), ("available", "copies"), ("available", "capacity"), ("used", "limit"),
    ("created", "updated"), ("created", "ended"), ("created", "expires"), ("started", "expires"),
    ("placed", "ended"), ("placed", "expires"), ("created", "paid"), ("refunded", "amount"),
    ("captured", "amount"),
    ("done", "total"), ("count", "total"), ("sold", "total"), ("free", "total"),
)  # fmt: skip
_EDGES = frozenset(("at", "time", "on", "date", "is", "has"))


def alike(one: Column, other: Column) -> bool:
    """Return True if two members have the same name, apart from words such as `at`."""
    if one.last == other.last:
        return True
    a, b = (tuple(w for w in c.words if w not in _EDGES) for c in (one, other))
    return bool(a) and bool(b) and a == b


def opposites(one: Column, other: Column) -> bool:
    """Return True if the names say that the first is the lower and the second the upper value."""
    first, second = set(one.words), set(other.words)
    return any(low in first and high in second for low, high in _OPPOSITES)


def is_id(column: Column) -> bool:
    """Return True for a member whose name says that it is an id."""
    return bool(column.words) and column.words[-1] in ("id", "ids", "code", "key", "uuid", "number", "vin")


def is_same_id(target: Column, given: Column) -> bool:
    """Return True if the names say that a member is the id which an argument refers to.

    `product_id` is the member of that name, and the `id` of a `product` or of the answer.
    """
    if not given.refers:
        return False
    if alike(target, given):
        return True
    around = words_of(target.path[-2]) if len(target.path) > 2 else ()
    return target.words == ("id",) and given.words in ((*around, "id"), around)


def is_reckonable(column: Column) -> bool:
    """Return True for a number that arithmetic laws may read."""
    if column.kind != "number" or column.refers or column.unit in ("deg", "year"):
        return False
    return not (column.words and column.words[-1] in ("id", "code", "version", "status"))


def is_another(table: Table, target: Column) -> bool:
    """Return True if `before` is another object than the member's, so that their ids always differ."""
    ids = [
        (c, b)
        for c in table.of_root("response")
        for b in table.of_root("before")
        if c.path[:-1] == target.path[:-1] and is_id(c) and b.path[1:] == (c.last,)
    ]
    return bool(ids) and all(a != b for one, was in ids for a, b in zip(one.values, was.values, strict=True))
