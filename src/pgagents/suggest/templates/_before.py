"""Tell whether `before` is the same object as the one in the answer."""

from __future__ import annotations

from pgagents.suggest.columns import Column
from pgagents.suggest.tables import Table
from pgagents.suggest.templates._names import is_id


def is_another(table: Table, target: Column) -> bool:
    """Return True if `before` is another object than the one that has a member: they never have one id."""
    ids = [
        (c, b)
        for c in table.of_root("response")
        for b in table.of_root("before")
        if c.path[:-1] == target.path[:-1] and is_id(c) and b.path[1:] == (c.last,)
    ]
    return bool(ids) and all(a != b for one, was in ids for a, b in zip(one.values, was.values, strict=True))
