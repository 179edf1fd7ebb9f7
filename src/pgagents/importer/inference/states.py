"""Infer the states of a resource from an enumerated member, and its transitions from the actions' verbs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pgagents.base.jsonschema.schema import Schema
from pgagents.base.text import list_said_of_thing, plain_word
from pgagents.importer.inference.pages import read_schema
from pgagents.importer.operations import ImportedAction

CREATED, CONFLICT = 201, 409
_MEMBERS = ("state", "status", "phase", "lifecycle_state", "lifecycleState")
_VERBS = {
    "activate": ("active",),
    "begin": ("begun", "running"),
    "deactivate": ("inactive",),
    "disable": ("inactive",),
    "enable": ("active",),
    "finish": ("done", "complete"),
    "complete": ("done",),
    "pay": ("paid",),
    "reopen": ("open",),
    "restore": ("active",),
    "resume": ("active", "running"),
    "send": ("sent",),
    "start": ("running", "in_progress", "active"),
    "unarchive": ("active",),
    "unpublish": ("draft",),
    "withdraw": ("withdrawn",),
}
"""The states of verbs that have an irregular past participle, or another usual state."""
ENDINGS = frozenset(
    ("archive", "cancel", "close", "delete", "end", "remove", "terminate", "void", "withdraw")
)
"""Verbs that may leave a test's instance in its last state forever, if no action deletes it."""
_ASIDE = ENDINGS - {"close", "end"} | {"abandon", "decline", "fail", "reject", "suspend"}
"""Verbs of transitions that can begin in any state, because they need not come last."""


@dataclass(frozen=True, slots=True)
class States:
    """The states of a resource: their keys, the operations that show them, and the action that ends one."""

    section: Mapping[str, Any]
    reasons: tuple[str, ...]
    ending: ImportedAction | None


def infer_states(
    item: Schema,
    acting: Mapping[str, ImportedAction],
    made_with: Mapping[str, Any],
    named: Mapping[str, Any],
    codes: Mapping[str, Any],
) -> States | None:
    """Return the states of a resource; None if no action is certain to change its state.

    `item` is the schema of an instance. `acting` has the actions on one instance, by the last word of their
    paths. `made_with` has the arguments of the create.
    """
    found = _find_state(item, named)
    if found is None:
        return None
    member, states, initial = found
    given = made_with.get(member)
    initial = str(given) if given in states else initial
    moves: dict[str, tuple[str, str, ImportedAction, str]] = {}
    unsure: list[tuple[str, ImportedAction, str]] = []
    for word, action in acting.items():
        to, otherwise = find_target(word, states), _find_refusal(action, codes)
        if to and otherwise and not list_needed(action):
            moves[action.name] = (word, to, action, otherwise)
        elif otherwise and not list_needed(action) and CREATED not in action.action["output"]:
            unsure.append((word, action, otherwise))
    if not moves:
        return None
    left = [s for s in states if s != initial and s not in {to for _, to, *_ in moves.values()}]
    if len(unsure) == len(left) == 1:  # `start` leads to `working` where all others lead elsewhere
        [(word, action, otherwise)] = unsure
        moves[action.name] = (word, left[0], action, otherwise)
    reached = [s for s in states if s == initial or s in {to for _, to, *_ in moves.values()}]
    section: dict[str, Any] = {"state": member, "states": list(states), "initial": initial, "moves": {}}
    aside = {to for word, to, *_ in moves.values() if plain_word(word) in _ASIDE}
    for name, (word, to, action, otherwise) in moves.items():
        said = list_said_of_thing(_say(action), (s for s in states if s != to))
        begins = said or _find_beginning(word, to, reached, initial, aside)
        if begins:
            move = {"from": begins, "to": to, "input": {}, "otherwise": otherwise, "inferred": True}
            section["moves"][name] = move
    ends = (a for n, (word, to, a, _) in moves.items() if word in ENDINGS and n in section["moves"])
    reasons = tuple(str(action.action["http"]) for _, _, action, _ in moves.values())
    return States(section, reasons, next(ends, None)) if section["moves"] else None


def _say(one: ImportedAction) -> str:
    return f"{one.action['title']}. {one.action['description']}"


def _find_state(item: Schema, named: Mapping[str, Any]) -> tuple[str, Sequence[str], str] | None:
    """Return the member with an instance's state, all states, and the first one."""
    for name in _MEMBERS:
        schema = read_schema(item.get("properties", {}).get(name, {}), named)
        states = [s for s in schema.get("enum", ()) if isinstance(s, str) and s]
        if len(states) > 1 and len(states) == len(schema["enum"]):
            return name, states, schema["default"] if schema.get("default") in states else states[0]
    return None


def find_target(word: str, states: Sequence[str]) -> str:
    """Return the one state that a verb leads to; empty if none is certain."""
    plain = plain_word(word)
    stem = plain.removesuffix("e")
    forms = {plain, f"{stem}ed", f"{stem}{stem[-1:]}ed", f"{stem.removesuffix('y')}ied"}
    forms |= {plain_word(form) for form in _VERBS.get(plain, ())}
    named = [s for s in states if plain_word(s) in forms]
    return named[0] if len(named) == 1 else ""


def _find_refusal(action: ImportedAction, codes: Mapping[str, Any]) -> str:
    """Return the action's error for a wrong state; empty unless it documents exactly one."""
    found = [name for name in action.action.get("errors", ()) if find_status(codes.get(name)) == CONFLICT]
    return found[0] if len(found) == 1 else ""


def find_status(code: Any) -> Any:
    """Return the status of an error code. A code may be written as its status alone."""
    return code.get("status") if isinstance(code, Mapping) else code


def _find_beginning(word: str, to: str, reached: list[str], initial: str, aside: set[str]) -> list[str]:
    """Return the states in which a verb can begin: usually the one listed before the verb's state.

    `aside` are the states of verbs that can begin in any other.
    """
    if to == initial:
        return [s for s in reached if s != initial]
    if plain_word(word) in _ASIDE:
        return [s for s in reached if s not in aside]
    before = [s for s in reached[: reached.index(to)] if s != to]
    return [before[-1]] if before else [initial]


def list_needed(one: ImportedAction) -> list[str]:
    """Return the required arguments of an action outside its path."""
    path = str(one.action["http"])
    given = one.action.get("input", {})
    return [name for name, p in given.items() if p.get("required") and "{" + name + "}" not in path]
