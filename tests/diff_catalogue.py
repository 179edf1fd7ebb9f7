"""Single edits of a catalogue, key by key of its language."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from pgagents.catalogue.language.catalogue import document

ROOT = Path(__file__).parents[1]
LANGUAGE = document()
Key = tuple[str, str]
"""A part of the language (`Action`) and a key of it; the file itself is `Catalogue`."""


def keys() -> set[Key]:
    """Every key of every part."""
    found = {("Catalogue", key) for key in LANGUAGE["properties"]}
    for name, part in LANGUAGE["$defs"].items():
        for one in [part, *part.get("anyOf", ())]:
            found |= {(name, key) for key in one.get("properties", ())}
    return found


def places(data: Any) -> Iterator[tuple[Key, tuple[Any, ...]]]:
    """Return the places of the language's keys in a catalogue."""
    yield from _places(data, LANGUAGE, "Catalogue", ())


def _places(
    value: Any, schema: Any, part: str, path: tuple[Any, ...]
) -> Iterator[tuple[Key, tuple[Any, ...]]]:
    if "$ref" in schema:
        part = schema["$ref"].rpartition("/")[2]
        schema = LANGUAGE["$defs"][part]
    for branch in schema.get("anyOf", ()):
        if "$ref" in branch or branch.get("type") in (
            None,
            "object" if isinstance(value, dict) else "array" if isinstance(value, list) else "-",
        ):
            yield from _places(value, branch, part, path)
    if isinstance(value, dict):
        for key, inside in value.items():
            if str(key) in schema.get("properties", {}):
                yield (part, str(key)), (*path, key)
                yield from _places(inside, schema["properties"][str(key)], part, (*path, key))
            elif inner := next(
                (
                    v
                    for v in [
                        schema.get("additionalProperties"),
                        *schema.get("patternProperties", {}).values(),
                    ]
                    if isinstance(v, dict)
                ),
                None,
            ):
                yield from _places(inside, inner, part, (*path, key))
    elif isinstance(value, list) and isinstance(schema.get("items"), dict):
        for n, inside in enumerate(value):
            yield from _places(inside, schema["items"], part, (*path, n))


def edits(data: Any, path: tuple[Any, ...]) -> Iterator[str]:
    """The catalogue without the value at a place, and with another one there."""
    for change in (_gone, _other):
        made = copy.deepcopy(data)
        at = made
        for step in path[:-1]:
            at = at[step]
        if change(at, path[-1]):
            yield written(made)


def written(data: Any) -> str:
    """The text of a catalogue's data, each value in one line."""
    return str(yaml.dump(data, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True, width=10**6))


def _gone(at: Any, key: Any) -> bool:
    del at[key]
    return True


def _other(at: Any, key: Any) -> bool:
    value = at[key]
    if isinstance(value, bool):
        at[key] = not value
    elif isinstance(value, int | float):
        at[key] = value + 1
    elif isinstance(value, str):
        at[key] = value + "x"
    elif isinstance(value, list) and value:
        at[key] = value[:-1]
    else:
        return False
    return True
