"""Which members of its variables an expression reads, and a value with nothing but these: the evaluator copies all that it is given."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

Paths = frozenset[tuple[str, ...]]
WHOLE: Paths = frozenset({()})
"""Nothing is known of what is read, so all of it is kept."""
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
    while tokens[at] == "." and tokens[at + 1].isidentifier() and tokens[at + 2] != "(":
        path.append(tokens[at + 1])
        at += 2
    return tuple(path)


def only(value: Any, paths: Iterable[tuple[str, ...]]) -> Any:
    """The value with those of its members alone that lie on one of the paths."""
    inside: dict[str, list[tuple[str, ...]]] = {}
    for path in paths:
        if not path:
            return value
        inside.setdefault(path[0], []).append(path[1:])
    if not isinstance(value, Mapping):
        return value
    return {name: only(value[name], further) for name, further in inside.items() if name in value}
