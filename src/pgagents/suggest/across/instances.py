"""Propose laws about an instance in several answers: members that never change, and values that are read
back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pgagents.cel.expression import Expression
from pgagents.cel.printer import print_path
from pgagents.cel.scope import Scope
from pgagents.cel.syntax import Node
from pgagents.model.action import ActionCall
from pgagents.model.model import Model
from pgagents.model.resource import Resource
from pgagents.suggest.columns import text_key
from pgagents.suggest.samples import Sample, Samples
from pgagents.verify.fixtures.instance import as_instance

LEAST = 3
"""Least number of instances that must have been seen, each in the answers of two calls."""
LEAST_CHANGED = 2
"""Least number of instances that must have changed.

Otherwise it means nothing that a member stayed the same.
"""


LATE_S = 30 * 86_400.0
"""Seconds after which a server may have forgotten parts of an instance."""
LONG = 5
"""Shortest text that two members do not share by accident, in characters."""


@dataclass(frozen=True, slots=True)
class ProposedMembers:
    """Members of a resource that never change, or (`law`) a law about reading it after it was made."""

    resource: str
    fixed: tuple[str, ...]
    law: str
    instances: int
    changed: int


@dataclass(slots=True)
class Life:
    """One instance from its creation on, with the later answers that show it."""

    made: Sample
    body: Mapping[str, Any]
    told: list[tuple[Sample, Mapping[str, Any]]] = field(default_factory=list)

    def changes(self, member: str) -> bool:
        """Return True if a later answer has another value of a member.

        An answer without the member does not count.
        """
        own = text_key(self.body[member])
        return any(text_key(body[member]) != own for _, body in self.told if member in body)


def propose_members(model: Model, samples: Samples) -> list[ProposedMembers]:
    """Return for each resource the members that never change, and a law about reading it back."""
    found: list[ProposedMembers] = []
    for resource in model.resources.values():
        if resource.made_by is None or any(_same(resource, model.resources[p.resource]) for p in found):
            continue
        lives = list_lives(resource, samples)
        fixed = _find_fixed(model, resource, lives)
        if fixed:
            changed = sum(_has_changed(life) for life in lives)
            found.append(ProposedMembers(resource.name, fixed, "", len(lives), changed))
        pairs = list_read_back(resource, lives)
        if law := _find_law(pairs, fixed):
            found.append(ProposedMembers(resource.name, (), law, len(pairs), 0))
    return found


def _same(one: Resource, other: Resource) -> bool:
    """Return True if the same action makes both resources."""
    a, b = one.made_by, other.made_by
    return one is not other and a is not None and b is not None and a.action is b.action


def list_lives(resource: Resource, samples: Samples) -> list[Life]:
    """Return the instances that were made in a run, each with later answers that show it."""
    made = resource.made_by
    if made is None:
        return []
    calls: dict[str, list[ActionCall]] = {}
    for call in (made, *resource.read_by, *resource.listed_by, resource.undone_by):
        if call is not None:
            calls.setdefault(str(call.action.name), []).append(call)
    for move in resource.moves:
        calls.setdefault(str(move.action.name), []).append(made)
    ordered = sorted((s for name in calls for s in samples.of_action(name)), key=lambda s: s.number)
    lives: dict[Any, Life] = {}
    for sample in ordered:
        for body in _list_bodies(calls[sample.action], sample):
            id = _identify(resource, body, sample)
            if id is None:
                continue
            if sample.action == str(made.action.name) and id not in lives:
                lives[id] = Life(sample, body)
            elif id in lives and sample is not lives[id].made and _is_early(lives[id].made, sample):
                lives[id].told.append((sample, body))
    return list(lives.values())


def _is_early(made: Sample, sample: Sample) -> bool:
    return bool(sample.values["now"] - made.values["now"] < LATE_S)


def _identify(resource: Resource, body: Mapping[str, Any], sample: Sample) -> Any:
    """Return the values that identify an instance: its id, and the arguments that place it."""
    id = resource.id_of(body)
    around = [sample.values["input"].get(name) for name in resource.placed_by]
    return None if id is None else text_key([id, *around])


def _list_bodies(calls: Iterable[ActionCall], sample: Sample) -> Iterator[Mapping[str, Any]]:
    """Yield the instances in an answer, each once."""
    seen: set[Node | None] = set()
    for call in calls:
        tree = call.at.tree if call.at is not None else None
        if tree in seen:
            continue
        seen.add(tree)
        at = Scope(sample.values).find_value(call.at) if call.at is not None else sample.values["response"]
        for item in at if isinstance(at, list) else [at]:
            body = as_instance(call, item)
            if isinstance(body, Mapping):
                yield body


def _has_changed(life: Life) -> bool:
    return any(life.changes(name) for name in life.body)


def _find_fixed(model: Model, resource: Resource, lives: Sequence[Life]) -> tuple[str, ...]:
    """Return the members that are constant in each instance and differ between instances.

    A member is left out if a later write has an argument of the same name. No run can show that such a member
    never changes.
    """
    told = [life for life in lives if life.told]
    if len(told) < LEAST or sum(map(_has_changed, told)) < LEAST_CHANGED:
        return ()
    arguments = _list_changeable(model, resource)
    found = []
    for name in dict.fromkeys(name for life in told for name in life.body):
        own = [life for life in told if name in life.body and any(name in body for _, body in life.told)]
        values = {text_key(life.body[name]) for life in own}
        usable = len(own) >= LEAST and len(values) > 1 and name not in arguments
        if usable and not any(life.changes(name) for life in own):
            found.append(name)
    return tuple(found)


def _list_changeable(model: Model, resource: Resource) -> set[str]:
    """Return the arguments of writes to existing instances, except those that name the instance."""
    makers = {str(r.made_by.action.name) for r in model.resources.values() if r.made_by is not None}
    named = {name for move in resource.moves for name, value in move.input.items() if _is_own(value, name)}
    return {
        str(p.name)
        for action in model.actions
        if action.effect == "write"
        and str(action.name) not in makers
        and any(p.refers_to == resource.name for p in action.params)
        for p in action.params
        if not p.refers_to
    } - named


def _is_own(value: Any, name: str) -> bool:
    """Return True for an argument that is the instance's member of the same name."""
    return isinstance(value, Expression) and value.wording == f"resource.{name}"


def list_read_back(resource: Resource, lives: Iterable[Life]) -> list[tuple[Life, Mapping[str, Any]]]:
    """Return each instance with the first answer that reads it, if no write came in between."""
    readers = {str(call.action.name) for call in resource.read_by}
    found = []
    for life in lives:
        first = next((one for one in life.told if one[0].action in readers), None)
        if first is not None and first[0].writes == life.made.writes:
            found.append((life, first[1]))
    return found


def _find_law(pairs: Sequence[tuple[Life, Mapping[str, Any]]], fixed: Iterable[str]) -> str:
    """Return the law that members are read back as they were made; empty without enough evidence.

    A member with a single known value counts if it is `fixed` or a long text.
    """
    if len({text_key(dict(life.body)) for life, _ in pairs}) < LEAST:
        return ""
    if all(text_key(dict(life.body)) == text_key(dict(body)) for life, body in pairs):
        return "created == read"
    shared = [n for n in pairs[0][0].body if all(n in life.body and n in body for life, body in pairs)]
    equal = [
        name
        for name in shared
        if all(text_key(life.body[name]) == text_key(body[name]) for life, body in pairs)
        and (
            name in fixed
            or len({text_key(life.body[name]) for life, _ in pairs}) > 1
            or len(str(pairs[0][0].body[name])) >= LONG
        )
    ]
    told = [(print_path(("created", name)), print_path(("read", name))) for name in equal]
    return " && ".join(f"{a} == {b}" for a, b in told)
