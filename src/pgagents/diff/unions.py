"""Match the branches of two unions (`anyOf`, `oneOf`)."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

from pgagents.diff.named import form
from pgagents.diff.view import View
from pgagents.jsonschema.schema import REF, resolve

Schemas = Mapping[str, Any]
_KEYS = ("anyOf", "oneOf")


def alternatives(one: View) -> list[Any] | None:
    """Return the branches of a schema that is only a union; None for any other.

    A type with null counts as two branches.
    """
    if len(one.facts) != 1:
        return None
    (fact,) = one.facts
    said = [key for key in fact if key in one.rest[0]] if one.rest else []
    for key in _KEYS:
        if key in fact and said == [key] and not one.members and not one.items and not one.required:
            return list(fact[key])
    if "$ref" in fact or any(key in fact for key in _KEYS):
        return None
    kinds = fact.get("type")
    if isinstance(kinds, list) and len(kinds) == 2 and "null" in kinds and "enum" not in fact:
        (kind,) = (k for k in kinds if k != "null")
        return [{**fact, "type": kind}, {"type": "null"}]
    return [fact]


def split(one: View) -> tuple[list[Any] | None, list[dict[str, Any]]]:
    """Return a schema's only union (None unless there is exactly one), and its other constraints except
    members.
    """
    unions = [fact[key] for fact in one.rest for key in _KEYS if key in fact]
    rest = [{k: v for k, v in fact.items() if k not in _KEYS} for fact in one.rest]
    return (unions[0] if len(unions) == 1 else None), [fact for fact in rest if fact]


def match_branches(
    old: list[Any], known: Schemas, new: list[Any], others: Schemas
) -> tuple[list[tuple[Any, Any]], list[Any], list[Any]]:
    """Return pairs of branches, unmatched old ones, and unmatched new ones.

    Equal branches are paired first, then those with the same name, title, constants or type.
    """
    gone, come, pairs = list(old), list(new), []
    for mark in (_form, _name, _title, _constants, _kind):
        marks = {id(branch): mark(branch, known) for branch in gone} | {
            id(branch): mark(branch, others) for branch in come
        }
        for branch in list(gone):
            wanted = marks[id(branch)]
            same = [b for b in come if marks[id(b)] == wanted]
            rivals = [b for b in gone if marks[id(b)] == wanted]
            if wanted is not None and same and (mark is _form or len(same) == len(rivals) == 1):
                pairs.append((branch, same[0]))
                gone = [b for b in gone if b is not branch]
                come = [b for b in come if b is not same[0]]
    if len(gone) == len(come) == 1 and _kind(gone[0], known) == _kind(come[0], others):
        pairs.append((gone.pop(), come.pop()))
    return pairs, gone, come


def _form(branch: Any, _known: Schemas) -> Hashable:
    return form(branch)


def _name(branch: Any, _known: Schemas) -> Hashable:
    ref = branch.get("$ref") if isinstance(branch, Mapping) else None
    return ref[len(REF) :] if isinstance(ref, str) else None


def _title(branch: Any, known: Schemas) -> Hashable:
    there = resolve(branch, known) if isinstance(branch, Mapping) else {}
    return there.get("title") if isinstance(there.get("title"), str) else None


def _constants(branch: Any, known: Schemas) -> Hashable:
    """Return the members with a single possible value, which distinguish branches; None if there are none."""
    there = resolve(branch, known) if isinstance(branch, Mapping) else {}
    told = {}
    for name, member in (there.get("properties") or {}).items():
        if isinstance(member, Mapping) and ("const" in member or len(member.get("enum") or ()) == 1):
            told[name] = str(member.get("const", (member.get("enum") or [None])[0]))
    return tuple(sorted(told.items())) or None


def _kind(branch: Any, known: Schemas) -> Hashable:
    there = resolve(branch, known) if isinstance(branch, Mapping) else {}
    kinds = there.get("type")
    return tuple(sorted(kinds)) if isinstance(kinds, list) else kinds if isinstance(kinds, str) else None
