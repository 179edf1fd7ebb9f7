"""Check the values of a document by a table of fields: path, then constraints, each with its code.

A row is `path: [[kind, code, argument], …]`. `*` in a path stands for every item of a list or member of an
object. Only the first constraint that a value breaks is reported. `missing` is about an absent member,
`absent` about one whose parent is present.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pgagents.lint.packages.constraints import CONSTRAINTS
from pgagents.lint.packages.hit import Hit
from pgagents.source.source import Pointer

Row = Sequence[Sequence[Any]]
_ABSENT: Any = object()
_ORPHAN: Any = object()
"""Stands for an absent member whose parent is absent too."""


def check(
    rows: Mapping[str, Row], data: Any, file: str, prefix: Pointer = (), *, missing: str = "missing"
) -> Iterator[Hit]:
    """Yield a finding for each broken row.

    `missing` is the kind of rows about absent members in this layout.
    """
    for path, constraints in rows.items():
        for pointer, value in _resolve(data, tuple(path.split(".")), ()):
            hit = _check_value(constraints, value, missing)
            if hit is not None:
                code, detail, help = hit
                yield Hit(code, file, (*prefix, *pointer), detail, help)


def _resolve(data: Any, steps: Sequence[str], at: Pointer) -> Iterator[tuple[Pointer, Any]]:
    """Yield the values at a path with their pointers. An absent member is `_ABSENT` or `_ORPHAN`.

    Nothing is yielded below a value of a wrong type, because another row checks the type.
    """
    if not steps or not steps[0]:
        yield at, data
        return
    step, *rest = steps
    if step == "*":
        items: Iterator[tuple[Any, Any]] = iter(())
        if isinstance(data, list):
            items = iter(enumerate(data))
        elif isinstance(data, dict):
            items = iter(data.items())
        for key, value in items:
            yield from _resolve(value, rest, (*at, key))
    elif data is _ABSENT or data is _ORPHAN:
        yield from _resolve(_ORPHAN, rest, (*at, step))
    elif isinstance(data, dict):
        yield from _resolve(data.get(step, _ABSENT), rest, (*at, step))


def _check_value(constraints: Row, value: Any, missing: str) -> tuple[str, str, str] | None:
    for kind, code, *rest in constraints:
        argument = rest[0] if rest else None
        if value is _ABSENT or value is _ORPHAN:
            if kind == missing or (kind == "absent" and value is _ABSENT):
                return code, "it is not there", "add it"
            continue
        if kind not in CONSTRAINTS:
            continue
        function, step = CONSTRAINTS[kind]
        if detail := function(value, argument):
            return code, detail, step.format(argument=_show(argument))
    return None


def _show(argument: Any) -> str:
    shown = ", ".join(map(str, argument)) if isinstance(argument, list) else str(argument)
    return {"string": "a text", "object": "an object", "list": "a list", "boolean": "true or false"}.get(
        shown, "a text or a list" if shown == "text-or-list" else shown
    )
