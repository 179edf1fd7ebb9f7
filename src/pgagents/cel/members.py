"""Find the members of variables that an expression reads, and remove all other members from values.

The evaluator copies every value that it receives, so smaller values are faster.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from pgagents.cel.reading import path_of
from pgagents.cel.syntax import Macro, Node, children

Path = tuple[str, ...]
Paths = frozenset[Path]
WHOLE: Paths = frozenset({()})
"""The paths are unknown, so the whole value is kept."""
MOST_STEPS = 20
"""Longest path that is followed, in steps. Everything below a longer path is kept."""
EACH = "\ue000each"
"""A step that is no member's name: it begins with a private-use character."""


def paths_of(node: Node, names: Iterable[str]) -> dict[str, Paths]:
    """Return the paths that an expression reads, by variable. A path includes everything below it.

    The step `EACH` leads to the items of a list that a macro loops over.
    """
    found: dict[str, set[Path]] = {name: set() for name in names}
    _collect(node, {name: (name,) for name in found}, found)
    return {name: frozenset(paths) or WHOLE for name, paths in found.items()}


def _collect(node: Node, stands_for: Mapping[str, Path], found: Mapping[str, set[Path]]) -> None:
    """Add the paths that a node reads to `found`.

    `stands_for` maps the item name of a macro to the path of its list.
    """
    if path := _whole_path(node, stands_for):
        found[path[0]].add(path[1:][:MOST_STEPS])
    elif isinstance(node, Macro):
        over = _whole_path(node.of, stands_for) if node.name != "filter" else ()
        if over:
            # the list's length is read even if no item is
            found[over[0]].add((*over[1:], EACH, "")[:MOST_STEPS])
        else:
            _collect(node.of, stands_for, found)
        item = (over[0], *(*over[1:], EACH)[:MOST_STEPS]) if over else ()
        for arg in node.args:
            _collect(arg, {**stands_for, node.item: item}, found)
    else:
        for child in children(node):
            _collect(child, stands_for, found)


def _whole_path(node: Node, stands_for: Mapping[str, Path]) -> Path:
    """Return the variable and the members of a member path; empty for any other node."""
    name, *steps = path_of(node) or ("",)
    before = stands_for.get(name, ())
    return (*before, *steps) if before else ()


def only(value: Any, paths: Paths) -> Any:
    """Return the value with only the members that lie on one of the paths."""
    return _cut(value, _tree(paths))


@lru_cache(maxsize=5_000)
def _tree(paths: Paths) -> Mapping[str, Any] | None:
    """Group paths by their first step; None if a path ends here, which keeps everything."""
    if () in paths:
        return None
    firsts = dict.fromkeys(path[0] for path in sorted(paths))
    return {first: _tree(frozenset(path[1:] for path in paths if path[0] == first)) for first in firsts}


def _cut(value: Any, tree: Mapping[str, Any] | None) -> Any:
    if tree is None:
        return value
    if isinstance(value, list | tuple):
        return [_cut(item, tree[EACH]) for item in value] if EACH in tree else value
    if not isinstance(value, dict | Mapping) or EACH in tree:  # a macro over an object loops over its keys
        return value
    return {
        name: value[name] if inside is None else _cut(value[name], inside)
        for name, inside in tree.items()
        if name in value
    }
