"""Remove the values that pydantic refuses from a copy of the data, so that the rest can be checked too.

Pointers stay valid: a refused member of a mapping is removed, and a refused item of a list is replaced by a
neighbour.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any

from pydantic import ValidationError

from pgagents.catalogue.language.catalogue import Catalogue
from pgagents.catalogue.language.messages import pointer_of
from pgagents.source.source import Pointer

MAX_ROUNDS = 30
_STAND_IN: dict[str, Callable[[], Any]] = {
    "pgagents": lambda: 1,
    "api": lambda: {
        "id": "x",
        "title": "x",
        "version": "0.0.0",
        "server": "https://x.invalid",
        "contact": "x@x.invalid",
        "for_people": "x",
        "for_models": "x",
    },
    "errors": lambda: {"envelope": "x", "codes": {"x": 400}, "framework": {"invalid": "x", "no_key": "x"}},
    "actions": lambda: {
        "x": {"title": "x", "description": "x", "http": "GET /x", "effect": "read", "output": {200: None}}
    },
}
_LINE: dict[str, Callable[[str], str]] = {
    "title": lambda _: "x",
    "description": lambda _: "x",
    "effect": lambda _: "read",
    "http": lambda name: f"GET /-/{name}",
}


def prune(data: Any, error: ValidationError) -> tuple[Catalogue, Any, set[Pointer]] | None:
    """Remove every refused value. Return the remaining catalogue, its data, and the pointers of removed
    values.

    None if nothing is left to check, as when the root is not a mapping.
    """
    if not isinstance(data, dict):
        return None
    rest, dropped = _copy(data), set[Pointer]()
    for _ in range(MAX_ROUNDS):
        refused = error.errors(include_url=False, include_input=False, include_context=False)
        pointers = {pointer_of(e, rest) for e in refused if not _keep_action(rest, e, dropped)}
        parents = {
            p[:n] for p in pointers for n in range(1, len(p))
        }  # errors at parents belong to other branches of a union
        for pointer in sorted(pointers - parents, key=lambda p: (-len(p), str(p))):
            if pointer:
                dropped.add(_remove(rest, pointer))
            else:
                for section in _STAND_IN.keys() - rest.keys():
                    dropped.add((section,))
                    rest[section] = _STAND_IN[section]()
        try:
            return Catalogue.model_validate(rest), rest, dropped
        except ValidationError as again:
            error = again
    return None


def _keep_action(rest: dict[str, Any], error: Any, dropped: set[Pointer]) -> bool:
    """Insert a placeholder for a line that an action lacks, so that its other problems are reported too.

    Return True if the error was such a missing line.
    """
    pointer, key = pointer_of(error, rest), error["loc"][-1]
    if (
        error["type"] != "missing"
        or len(pointer) != 2
        or pointer[0] not in ("actions", "operator")
        or key not in _LINE
    ):
        return False
    rest[str(pointer[0])][pointer[1]][key] = _LINE[key](str(pointer[1]))
    dropped.add((*pointer, key))
    return True


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _copy(v) for k, v in value.items()}
    return [_copy(v) for v in value] if isinstance(value, list) else value


def first_members(value: Any, most: int) -> Any:
    """Return a copy in which each collection below the root has at most `most` members; the root
    keeps 1,000.
    """
    if not isinstance(value, dict):
        return value
    return {key: _first(member, most) for key, member in islice(value.items(), 1_000)}


def _first(value: Any, most: int) -> Any:
    if isinstance(value, dict):
        return {key: _first(member, most) for key, member in islice(value.items(), most)}
    return [_first(member, most) for member in value[:most]] if isinstance(value, list) else value


def _remove(data: Any, pointer: Pointer) -> Pointer:
    """Remove the value at a pointer and return the pointer of the removed value.

    An item of a list is overwritten by a neighbour. If it is the only item, the whole list is removed.
    """
    *path, last = pointer
    parent: Any = data
    for step in path:
        within = isinstance(parent, list) or step in parent
        parent = parent[step] if within else {}
    if isinstance(parent, list) and isinstance(last, int):
        others = [item for index, item in enumerate(parent) if index != last]
        if not others:
            return _remove(data, tuple(path))
        parent[last] = others[0]
    elif isinstance(parent, dict):
        parent.pop(last, None)
    return pointer
