"""Three-way merge of a later edition of a document into a catalogue that its author has edited.

Changes of the document since the last import are applied, and the author's changes stay. If both changed the
same place, the author's value stays and the conflict is recorded. Lists count as one value.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pgagents.source.source import Pointer
from pgagents.text.brief import brief

MISSING: Any = object()


@dataclass(frozen=True, slots=True)
class Edit:
    """One change to the author's file. The value MISSING removes the member."""

    at: Pointer
    value: Any


@dataclass(frozen=True, slots=True)
class Conflict:
    """A place that both the author and the document changed."""

    at: Pointer
    message: str


def merge(
    base: Mapping[Any, Any], ours: Mapping[Any, Any], new: Mapping[Any, Any], at: Pointer = ()
) -> Iterator[Edit | Conflict]:
    """Yield the edits and conflicts that update `ours` from the document's edition `base` to `new`."""
    for key in dict.fromkeys([*new, *base]):
        here = (*at, key)
        was, is_, becomes = base.get(key, MISSING), ours.get(key, MISSING), new.get(key, MISSING)
        if same(was, becomes) or same(is_, becomes):
            continue
        if all(isinstance(value, dict) for value in (was, is_, becomes)):
            yield from merge(was, is_, becomes, here)
        elif same(is_, was):
            yield Edit(here, becomes)
        elif was is MISSING and isinstance(is_, dict) and isinstance(becomes, dict):
            yield from merge({}, is_, becomes, here)
        else:
            yield Conflict(here, _describe_conflict(is_, becomes))


def _describe_conflict(ours: Any, new: Any) -> str:
    if new is MISSING:
        return "the document has this no longer; it stays because it was edited here"
    if ours is MISSING:
        return (
            f"the document now says {brief(json.dumps(new, default=str), 100)} where the catalogue says "
            "nothing any more"
        )
    return f"the document now says {brief(json.dumps(new, default=str), 100)}; the catalogue's own word stays"


def same(a: Any, b: Any) -> bool:
    """True if two JSON values are equal, where true differs from 1."""
    if a is MISSING or b is MISSING:
        return a is b
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(v, b[k]) for k, v in a.items())
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b) and isinstance(a, bool) == isinstance(b, bool)


def apply_edits(data: Any, edits: list[Edit]) -> Any:
    """Return a copy of the data with the edits applied."""
    made = json_copy(data)
    for edit in edits:
        holder = made
        for step in edit.at[:-1]:
            holder = holder[step]
        if edit.value is MISSING:
            holder.pop(edit.at[-1], None)
        else:
            holder[edit.at[-1]] = edit.value
    return made


def without_dangling(ours: Any, edits: list[Edit]) -> tuple[list[Edit], list[Conflict]]:
    """Remove edits that would delete an action, a code or a schema that is still referred to.

    Return the other edits, and a conflict for each action that stays.
    """
    conflicts: list[Conflict] = []
    while True:
        names = _find_references(apply_edits(ours, edits))
        kept = [e for e in edits if not (e.value is MISSING and e.at[:-1] in _HOMES and e.at[-1] in names)]
        if len(kept) == len(edits):
            return kept, conflicts
        said = "the document has this no longer; it stays because another part of this file names it"
        conflicts += [Conflict(e.at, said) for e in edits if e not in kept and e.at[:-1] == ("actions",)]
        edits = kept


_NAMING = frozenset((
    "$ref", "envelope", "data", "otherwise", "missing", "action", "registered_by", "issued_by", "instead",
))  # fmt: skip
"""Keys whose value is the name of an action, a schema or a code."""
_HOMES: tuple[Pointer, ...] = (("actions",), ("schemas",), ("errors", "codes"))


def _find_references(data: Any) -> set[Any]:
    """Return every text that names an action, a schema or a code."""
    found: set[Any] = set()
    stack = [data]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            for key, value in node.items():
                if key in _NAMING and isinstance(value, str):
                    found.add(value)
                elif key in ("errors", "always", "actions", "by") and isinstance(value, list):
                    found.update(v for v in value if isinstance(v, str))
                elif key == "framework" and isinstance(value, dict):
                    found.update(v for v in value.values() if isinstance(v, str))
                elif key in ("groups", "needs") and isinstance(value, dict):
                    found.update(
                        v for names in value.values() if isinstance(names, list) for v in map(str, names)
                    )
                stack.append(value)
        elif isinstance(node, list):
            stack.extend(node)
    return found


def json_copy(value: Any) -> Any:
    """Return a deep copy of JSON data."""
    if isinstance(value, dict):
        return {k: json_copy(v) for k, v in value.items()}
    return [json_copy(v) for v in value] if isinstance(value, list) else value
