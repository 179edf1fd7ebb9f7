"""Find which members of its variables an expression reads, and reduce values to these members.

The evaluator copies everything that it is given, so less data is faster.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

Paths = frozenset[tuple[str, ...]]
WHOLE: Paths = frozenset({()})
"""The paths are unknown, so the whole value is kept."""
MOST_STEPS = 20
"""Steps of a path that are followed. Everything below a longer path is kept."""
EACH = "*"
_MACROS = frozenset(("all", "exists", "exists_one", "map"))
MOST_ITEMS = 50
"""Paths that a macro's item name may have before all data counts as read. Each further macro could double
them.
"""
_HIDING = ("\\", '"""', "'''", "//")
_TOKEN = re.compile(r""""[^"]*"|'[^']*'|[A-Za-z_]\w*|\S""")


def paths_of(text: str, names: Iterable[str]) -> dict[str, Paths]:
    """Return, for each variable, the paths that a CEL expression may read. A path includes everything below
    it.

    The step `EACH` leads to the items of a list that a macro loops over. If a text could hide code from this
    simple scan (escapes, raw or long strings, comments), everything counts as read.
    """
    if any(sign in text for sign in _HIDING) or text.count('"') % 2 or text.count("'") % 2:
        return dict.fromkeys(names, WHOLE)
    tokens = [*_TOKEN.findall(text), *[""] * 5]
    found: dict[str, set[tuple[str, ...]]] = {name: set() for name in names}
    stands_for: dict[str, set[tuple[str, ...]]] = {name: {(name,)} for name in found}
    """Paths of each name; a macro's item name has the path of an item of each list it is ever used with."""
    declared: set[int] = set()
    for at, token in enumerate(tokens):
        if token not in stands_for or at in declared or (at and tokens[at - 1] == "."):
            continue
        path, end = _path(tokens, at + 1)
        item = _item(tokens, end)
        for before in tuple(stands_for[token]):
            name, *steps = (*before, *path)
            if item:
                declared.add(end + 3)
                stands_for.setdefault(item, set()).add((name, *steps, EACH)[:MOST_STEPS])
                if len(stands_for[item]) > MOST_ITEMS:
                    return dict.fromkeys(names, WHOLE)
                steps += [EACH, ""]  # keeps the list's length even if no item has a member that is read
            found[name].add(tuple(steps[:MOST_STEPS]))
    return {name: frozenset(paths) or WHOLE for name, paths in found.items()}


def _path(tokens: list[str], at: int) -> tuple[list[str], int]:
    """Return the members named from here on, and the index after them. A method's name is not a member."""
    path: list[str] = []
    while tokens[at] == "." and tokens[at + 1].isidentifier() and tokens[at + 2] != "(":
        path.append(tokens[at + 1])
        at += 2
    return path, at


def _item(tokens: list[str], at: int) -> str:
    """Return the item name of a macro that begins here and returns no items itself; otherwise empty."""
    dot, macro, bracket, item, comma = tokens[at : at + 5]
    return (
        item if (dot, bracket, comma) == (".", "(", ",") and macro in _MACROS and item.isidentifier() else ""
    )


def only(value: Any, paths: Paths) -> Any:
    """Return the value reduced to the members that lie on one of the paths."""
    return _cut(value, _tree(paths))


@lru_cache(maxsize=5_000)
def _tree(paths: Paths) -> Mapping[str, Any] | None:
    """Group paths by their first step; None if a path ends here, so that everything is kept."""
    if () in paths:
        return None
    firsts = dict.fromkeys(path[0] for path in sorted(paths))
    return {first: _tree(frozenset(path[1:] for path in paths if path[0] == first)) for first in firsts}


def _cut(value: Any, tree: Mapping[str, Any] | None) -> Any:
    if tree is None:
        return value
    if isinstance(value, list | tuple):
        return [_cut(item, tree[EACH]) for item in value] if EACH in tree else value
    if not isinstance(value, dict | Mapping) or EACH in tree:  # a macro goes through an object's keys
        return value
    return {
        name: value[name] if inside is None else _cut(value[name], inside)
        for name, inside in tree.items()
        if name in value
    }
