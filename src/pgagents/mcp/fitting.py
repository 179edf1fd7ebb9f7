"""Data that satisfies a tool's output schema, made of an answer that does not by leaving members out and nothing else."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from itertools import islice
from typing import Any

from pgagents.mcp.tools import Output

MOST_FAULTS = 20
MOST_TRIES = 200


def fitting(output: Output, data: Any) -> tuple[Any, list[str]] | None:
    """The data without members that do not fit, and where those stood; None where members that must be there do not fit.

    No value is changed, and no item of a list goes: a list that is shorter would say that there is no more.
    """
    made, left_out, tries = copy.deepcopy(data), [], 0
    paths = _paths(output, made)
    while paths:
        if len(paths) > MOST_FAULTS:
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
    """Where the data does not fit, of very many the first; where members may not be there at all, each of them."""
    found: list[tuple[str | int, ...]] = []
    for error in islice(output.faults(data), MOST_FAULTS + 1):
        at = tuple(error.instance_path)
        found += [(*at, name) for name in getattr(error.kind, "unexpected", ())] or [at]
    return found


def _candidates(data: Any, path: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    """Members that may go: what stands at the path, what stands in it, and then what it stands in."""
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
