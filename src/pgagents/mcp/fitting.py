"""Make an answer fit a tool's output schema by removing members, without any other change."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from itertools import islice
from typing import Any

from pgagents.mcp.tools import Output

MOST_PROBLEMS = 20
MOST_TRIES = 200


def fitting(output: Output, data: Any) -> tuple[Any, list[str]] | None:
    """Return the data without members that break the schema, and their paths. None if required members break
    it.

    No value is changed, and no item of a list is removed: a shorter list would look complete.
    """
    made, left_out, tries = copy.deepcopy(data), [], 0
    paths = _paths(output, made)
    while paths:
        if len(paths) > MOST_PROBLEMS:
            return None
        for path in _candidates(made, paths[0]):
            tries += 1
            if tries > MOST_TRIES:
                return None
            holder = _at(made, path[:-1])
            value = holder.pop(path[-1])
            after = _paths(output, made)
            if len(after) < len(paths):
                left_out.append(".".join(map(str, path)))
                paths = after
                break
            holder[path[-1]] = value
        else:
            return None
    return made, left_out


def _paths(output: Output, data: Any) -> list[tuple[str | int, ...]]:
    """Return the paths of values that break the schema, up to a maximum.

    Each unexpected member has its own path.
    """
    found: list[tuple[str | int, ...]] = []
    for error in islice(output.list_problems(data), MOST_PROBLEMS + 1):
        at = tuple(error.instance_path)
        found += [(*at, name) for name in getattr(error.kind, "unexpected", ())] or [at]
    return found


def _candidates(data: Any, path: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    """Yield members to remove: the one at the path, those inside it, then those around it."""
    if path and isinstance(path[-1], str):
        yield path
    there = _at(data, path)
    if isinstance(there, dict):
        yield from ((*path, name) for name in list(there))
    for end in range(len(path) - 1, 0, -1):
        if isinstance(path[end - 1], str):
            yield path[:end]


def _at(data: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        data = data[step]
    return data
