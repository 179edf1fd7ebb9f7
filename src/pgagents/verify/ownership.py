"""Which instances this run has made, and what shows that they did not exist before.

An answer to a create proves nothing by itself: many APIs answer an older one that is equal. An instance is ours only if

- the run chose its id, with 64 random bits; or
- it was made out of an instance that is ours; or
- two creates gave two ids, and nothing in this one's arguments can have led the server to an older one: each argument carries the run's
  mark, or stood in two equal creates that gave two ids (or of which the second was refused).

Where two creates give one id, or one gives an id that was there before, nothing of that kind is ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pgagents.model import Id, Resource
from pgagents.verify.marks import Marks
from pgagents.verify.memory import Setting
from pgagents.verify.target import families
from pgagents.verify.thing import Thing
from pgagents.wire import json_bytes

EXISTED = "create returns something that existed before"
OTHERWISE = "what was made reads back as something else"
ENOUGH = 2
"""So many instances of a kind show that its creates make new ones."""
MOST_IDS = 50_000


@dataclass(slots=True)
class _Kind:
    """What is known of the creates of one kind of resource."""

    seen: set[tuple[str, Id]] = field(default_factory=set)
    """Ids that any answer held."""
    made: set[tuple[str, Id]] = field(default_factory=set)
    read: int = 0
    """How many instances were read back as they were made."""
    keys: set[str] = field(default_factory=set)
    """Idempotency keys that a create has used."""
    equal: dict[bytes, tuple[str, Id]] = field(default_factory=dict)
    """What creates with the same arguments gave, marks and idempotency keys apart."""
    independent: set[str] = field(default_factory=set)
    """Arguments whose value does not lead the server to an older one."""
    problem: str = ""
    last: int | None = None
    """The number of the exchange of the last create."""


class Ownership:
    """The evidence of one run."""

    def __init__(self, setting: Setting, marks: Marks) -> None:
        self.marks = marks
        self._names = families(setting)
        self._kinds = {name: _Kind() for name in set(self._names.values())}

    def kind_name(self, resource: Resource) -> str:
        """One name for all the catalogue's resources that share their ids."""
        return self._names[resource.name]

    def count(self, resource: Resource) -> int:
        """How many ids creates of this kind have given."""
        return len(self._kind(resource).made)

    def problem(self, resource: Resource) -> str:
        """Why nothing of this kind can be ours; empty where nothing speaks against it."""
        return self._kind(resource).problem

    def noticed(self, resource: Resource, id: tuple[str, Id]) -> None:
        """Take over that an answer other than a create's held this id: what it lives in, and its own."""
        seen = self._kind(resource).seen
        if len(seen) < MOST_IDS:
            seen.add(id)

    def made(
        self, thing: Thing, number: int, values: Mapping[str, Any], plain: Mapping[str, Any], key: str, things: Iterable[Thing]
    ) -> None:
        """Take over a create's answer, the exchange of this number: `values` are the arguments as sent, `plain` those by which the server
        could know an older one, `key` is its idempotency key. Sets `ours` of the instance, and of others that this shows."""
        kind, id = self._kind(thing.resource), (thing.place, thing.id)
        thing.made_with = frozenset(plain)
        if kind.last == number:  # the same under another name, or another of the same answer
            self.noticed(thing.resource, id)
            self._reconsider(thing.resource, (*things, thing), kind)
            return
        kind.last = number
        repeated = bool(key) and key in kind.keys
        kind.keys |= {key} - {""}
        if any(self.marks.unguessable(value) and value == thing.id for value in values.values()):
            thing.ours = True
            return
        if id in kind.seen and not repeated and not thing.ours:
            kind.problem = EXISTED
        self._count(kind, id)
        if kind.problem or self._contradicted(values, thing.body):
            self._disown(thing.resource, things)
            return
        first = kind.equal.setdefault(json_bytes(plain), id)
        if first != id:
            kind.independent |= plain.keys()
        self._reconsider(thing.resource, (*things, thing), kind)

    def again(self, thing: Thing, number: int, things: Iterable[Thing]) -> None:
        """Take over that a create, which repeated no other one, answered an instance that is known already."""
        kind = self._kind(thing.resource)
        if kind.last != number:
            kind.problem = EXISTED
            self._disown(thing.resource, things)

    def known(self, resource: Resource, id: tuple[str, Id]) -> bool:
        """True where an answer held this id before."""
        return id in self._kind(resource).seen

    def read_back(self, thing: Thing, same: bool, things: Iterable[Thing]) -> None:
        """Take over that an instance was read, and whether it was what the create had answered."""
        kind = self._kind(thing.resource)
        if thing.read_back or thing.doubtful or thing.touched:
            return
        thing.read_back = True
        if same:
            kind.read += 1
            self._reconsider(thing.resource, things, kind)
        else:
            kind.problem = kind.problem or OTHERWISE
            self._disown(thing.resource, things)

    def wants_equal(self, thing: Thing) -> bool:
        """True where a second, equal create would show something: two of the kind are too few yet, or an argument is open."""
        kind = self._kind(thing.resource)
        return len(kind.made) < ENOUGH or not thing.made_with <= kind.independent

    def wants_reading(self, resource: Resource) -> bool:
        """True as long as too few of a kind were read back, where they can be read."""
        return bool(resource.read_by) and self._kind(resource).read < ENOUGH

    def tried(self, resource: Resource, key: str) -> None:
        """Take over that a create with an idempotency key failed, and may have happened."""
        self._kind(resource).keys |= {key} - {""}

    def repeated(self, resource: Resource, key: str) -> bool:
        """True where a create carried an idempotency key that another had carried before."""
        return bool(key) and key in self._kind(resource).keys

    def refused_twice(self, thing: Thing, things: Iterable[Thing]) -> None:
        """Take over that an equal create was refused: the server would have refused the first one too, had there been an older one."""
        kind = self._kind(thing.resource)
        kind.independent |= thing.made_with
        thing.ours = not kind.problem
        self._reconsider(thing.resource, things, kind)

    def _kind(self, resource: Resource) -> _Kind:
        return self._kinds[self._names[resource.name]]

    def _count(self, kind: _Kind, id: tuple[str, Id]) -> None:
        if len(kind.seen) < MOST_IDS:
            kind.seen.add(id)
            kind.made.add(id)

    def _contradicted(self, values: Mapping[str, Any], body: Mapping[str, Any]) -> bool:
        """True where a member of the answer has another text than the marked one that was sent under its name."""
        sent = {k: v for k, v in values.items() if isinstance(v, str) and self.marks.carried_by(v)}
        return any(isinstance(body.get(k), str) and body[k] and not self.marks.carried_by(body[k]) for k in sent)

    def _reconsider(self, resource: Resource, things: Iterable[Thing], kind: _Kind) -> None:
        if len(kind.made) < ENOUGH or self.wants_reading(resource):
            return
        for thing in things:
            if thing.made and not thing.ours and self._names[thing.resource.name] == self._names[resource.name]:
                thing.ours = not kind.problem and thing.made_with <= kind.independent

    def _disown(self, resource: Resource, things: Iterable[Thing]) -> None:
        for thing in things:
            if self._names[thing.resource.name] == self._names[resource.name] and not self.marks.unguessable(thing.id):
                thing.ours = False
