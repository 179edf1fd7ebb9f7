"""Which members of its variables an expression reads, and a value with nothing but these: the evaluator copies all that it is given."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

Paths = frozenset[tuple[str, ...]]
WHOLE: Paths = frozenset({()})
"""Nothing is known of what is read, so all of it is kept."""
MOST_STEPS = 20
"""Of a longer path all that is behind these is kept."""
_HIDING = ("\\", '"""', "'''", "//")
_TOKEN = re.compile(r""""[^"]*"|'[^']*'|[A-Za-z_]\w*|\S""")


def paths_of(text: str, names: Iterable[str]) -> dict[str, Paths]:
    """By variable, the paths that a CEL expression may read; of a path all that is behind it.

    Where a text could hide code from so plain a look (escapes, raw or long strings, comments), everything counts as read.
    """
    if any(sign in text for sign in _HIDING) or text.count('"') % 2 or text.count("'") % 2:
        return dict.fromkeys(names, WHOLE)
    tokens = [*_TOKEN.findall(text), "", "", ""]
    found: dict[str, set[tuple[str, ...]]] = {name: set() for name in names}
    for at, token in enumerate(tokens):
        if token in found and (at == 0 or tokens[at - 1] != "."):
            found[token].add(_path(tokens, at + 1))
    return {name: frozenset(paths) or WHOLE for name, paths in found.items()}


def _path(tokens: list[str], at: int) -> tuple[str, ...]:
    """The members named from here on; a method's name is none."""
    path: list[str] = []
    while len(path) < MOST_STEPS and tokens[at] == "." and tokens[at + 1].isidentifier() and tokens[at + 2] != "(":
        path.append(tokens[at + 1])
        at += 2
    return tuple(path)


def only(value: Any, paths: Paths) -> Any:
    """The value with those of its members alone that lie on one of the paths."""
    return _cut(value, _tree(paths))


@lru_cache(maxsize=5_000)
def _tree(paths: Paths) -> Mapping[str, Any] | None:
    """The paths by their first steps; None where one ends here, so that all is kept."""
    if () in paths:
        return None
    firsts = dict.fromkeys(path[0] for path in sorted(paths))
    return {first: _tree(frozenset(path[1:] for path in paths if path[0] == first)) for first in firsts}


def _cut(value: Any, tree: Mapping[str, Any] | None) -> Any:
    if tree is None or not isinstance(value, dict | Mapping):
        return value
    return {name: value[name] if inside is None else _cut(value[name], inside) for name, inside in tree.items() if name in value}
