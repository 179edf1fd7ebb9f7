"""Find the collections that a call may change, so that probes of other collections may run at the same time.

A collection holds the instances of one resource, or of several resources that share an action that makes,
reads, lists, moves or undoes them. It has the name of one of these resources.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pgagents.cel.expression import Expression
from pgagents.model.action import Action
from pgagents.model.model import Model
from pgagents.model.resource import Resource

Collections = frozenset[str] | None
"""The names of some collections; None stands for all collections."""


def meet(one: Collections, other: Collections) -> bool:
    """True if both sets contain the same collection."""
    if one is None or other is None:
        return one != frozenset() != other
    return not one.isdisjoint(other)


@dataclass(frozen=True, slots=True, eq=False)
class CollectionIndex:
    """The collections of a catalogue, and those that each action changes."""

    name_of: Mapping[str, str]
    """The name of each resource's collection."""
    above: Mapping[str, frozenset[str]]
    """By collection, those that may change with it: itself, and those to which its instances refer."""
    by_action: Mapping[str, frozenset[str]]
    """By action, the collections whose instances a call makes, reads, lists, moves, undoes or names."""
    named: Mapping[str, frozenset[str]]
    """By resource, those whose ids a call needs to make an instance of it, directly or through others.

    The resource itself is among them only if its calls need another instance of it.
    """

    def may_need(self, one: str, other: str) -> bool:
        """True if an instance of a resource may need one of the other resource, or the other way round."""
        a, b = self.name_of[one], self.name_of[other]
        if a == b:
            return other in self.named[one] or one in self.named[other]
        return b in self.above[a] or a in self.above[b]

    def list_of(self, resources: Iterable[str]) -> frozenset[str]:
        """Return the collections of these resources."""
        return frozenset(self.name_of[name] for name in resources if name in self.name_of)

    def list_changed(self, actions: Iterable[Action]) -> Collections:
        """Return the collections that calls of these actions may change; None if that is unknown.

        Making the instances that the calls need is included. It is unknown if the catalogue does not declare
        what a writing action changes.
        """
        found: set[str] = set()
        for action in actions:
            own = self.by_action.get(str(action.name), frozenset())
            if not own and action.effect == "write":
                return None
            found.update(*(self.above[name] for name in own))
        return frozenset(found)


def index_collections(model: Model) -> CollectionIndex:
    """Group the resources of a catalogue into collections."""
    name_of: dict[str, str] = {name: name for name in model.resources}
    by_user: dict[str, str] = {}
    for resource in model.resources.values():
        for action in _list_users(resource):
            _join(name_of, by_user.setdefault(str(action.name), resource.name), resource.name)
    near = {name: {name_of[name]} for name in dict.fromkeys(name_of.values())}
    direct = {name: {n for n in _list_named(r) if n in name_of} for name, r in model.resources.items()}
    for name, others in direct.items():
        near[name_of[name]] |= {name_of[other] for other in others}
    above = {name: frozenset(_reach(near, name)) for name in near}
    by_action: dict[str, frozenset[str]] = {}
    for action in model.actions:
        params = [p.refers_to for p in action.params if p.refers_to in name_of]
        used = [by_user[str(action.name)]] if str(action.name) in by_user else []
        by_action[str(action.name)] = frozenset(name_of[n] for n in (*params, *used) if n is not None)
    named = {name: frozenset(r for n in others for r in _reach(direct, n)) for name, others in direct.items()}
    return CollectionIndex(name_of, above, by_action, named)


def _list_users(resource: Resource) -> list[Action]:
    """Return the actions that make, read, list, move or undo instances of a resource."""
    calls = (resource.made_by, resource.undone_by, *resource.read_by, *resource.listed_by)
    return [*(call.action for call in calls if call is not None), *(move.action for move in resource.moves)]


def _join(name_of: dict[str, str], one: str, other: str) -> None:
    """Unite the collections of two resources."""
    kept, gone = name_of[one], name_of[other]
    for name, of in name_of.items():
        if of == gone:
            name_of[name] = kept


def _list_named(resource: Resource) -> list[str]:
    """Return the resources that an instance refers to when it is made, that contain it, or that count it."""
    made = resource.made_by
    named = [p.refers_to for p in made.action.params if p.refers_to] if made is not None else []
    for value in made.input.values() if made is not None else ():
        named += value.names if isinstance(value, Expression) else ()
    within = [resource.within] if resource.within is not None else []
    return [*named, *within, *([resource.takes.of] if resource.takes is not None else [])]


def _reach(near: Mapping[str, set[str]], name: str) -> set[str]:
    """Return all names that can be reached from a name, and the name itself."""
    found, new = {name}, [name]
    while new:
        more = near[new.pop()] - found
        found |= more
        new += more
    return found
