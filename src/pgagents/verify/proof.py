"""How a run shows that it made an instance, where the answers so far have not shown it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, Any

from pgagents.model import Resource
from pgagents.verify.call import Call, Fresh, Wait
from pgagents.verify.door import REST, Door
from pgagents.verify.ownership import ENOUGH
from pgagents.verify.thing import Thing, Unavailable, at_path, is_missing, read_on_rest

if TYPE_CHECKING:
    from pgagents.verify.world import World

BAD, CONFLICT, UNPROCESSABLE = 400, 409, 422
READ_WAITS_S = (0.3, 1.0)
"""Before what was just made is read once more, where a server takes its time to show it."""
MOST_UNSHOWN = 2
"""So often a kind is read in vain before no more requests are spent on it."""
_LONG = re.compile(r"[A-Za-z0-9]{14,}")
_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
Asking = Generator[Any, Any, Any]


class Proof:
    """Asks a server for what shows that an instance is ours."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._repeated: set[str] = set()
        self._unshown: Counter[str] = Counter()
        """How often no read showed what was made, by kind."""

    def prove(self, thing: Thing) -> Asking:
        """Show that this run made an instance, by an equal create where nothing has shown it yet. Raises Unavailable."""
        if thing.doubtful and thing.made:
            yield from self._still_there(thing)
        yield from self._repeat(thing)
        if thing.ours or not thing.made:
            return
        kind = self.world.owned.kind_name(thing.resource)
        in_vain = self._unshown[kind] >= MOST_UNSHOWN and self.world.owned.wants_reading(thing.resource)
        if not self.world.owned.problem(thing.resource) and not in_vain:
            yield from self._equal_create(thing)
            yield from self._read_back(thing)
            self._unshown[kind] += self.world.owned.wants_reading(thing.resource)
        if not thing.ours:
            problem = self.world.owned.problem(thing.resource) or f"nothing shows that this run made the {thing.resource.name}"
            raise Unavailable(f"{problem}: it is not changed")

    def prove_for_read(self, thing: Thing) -> Asking:
        """The same before a call that only reads: that one is made as well where nothing speaks against it being ours."""
        try:
            yield from self.prove(thing)
        except Unavailable:
            if thing.doubtful or thing.gone or self.world.owned.problem(thing.resource):
                raise

    def _repeat(self, thing: Thing) -> Asking:
        """Make the very same once more, once for each create that answers this in another way (200 for 201)."""
        maker = thing.maker
        door = maker.call.door if maker is not None else None
        if maker is None or door is None or str(door.action.name) in self._repeated or not self.world.marks.within(dict(maker.input)):
            return
        self._repeated.add(str(door.action.name))
        if sum(200 <= o.status < 300 for o in door.action.outputs) > 1 and door.action.idempotency is None:
            why = f"the same {thing.resource.name} once more, which its create answers in another way"
            yield Call(door, dict(maker.input), "valid", why, role=maker.call.role, owner=maker.call.owner, surface=maker.call.surface)

    def _equal_create(self, thing: Thing) -> Asking:
        """Make another with the same arguments: a server that answers an older one for them answers this one again."""
        maker = thing.maker
        door = maker.call.door if maker is not None else None
        if maker is None or door is None or not self.world.owned.wants_equal(thing):
            return
        told = maker.input.items()
        given = {k: self.world.marks.renewed(v) for k, v in told if k in thing.made_with or self._needed(door, k, v)}
        hooks = self.world.model.webhooks
        address = given.get(str(hooks.url)) if self.hears(thing.resource) else None
        if isinstance(address, str) and self.world.received(address):  # or one gets what is sent to both
            given[str(hooks.url)] = f"{address}{'&' if '?' in address else '?'}pgv={self.world.marks.next()}"
        if door.action.idempotency in maker.input:
            given[str(door.action.idempotency)] = Fresh()
        why = f"to see that each {thing.resource.name} that is made is a new one"
        intent = "explore" if maker.call.intent == "valid" else maker.call.intent  # a wrong call that was taken stays a wrong one
        seen = yield Call(door, given, intent, why, role=maker.call.role, owner=maker.call.owner, surface=maker.call.surface)
        if seen.code is not None and seen.status in (CONFLICT, UNPROCESSABLE, BAD):
            self.world.owned.refused_twice(thing, self.world.pool.things)
        elif seen.success and self.hears(thing.resource):
            for copy in [t for t in self.world.pool.things if t.maker is seen]:
                yield from self.world.removals.undo(copy)  # or what is sent to the one is sent to both

    def _read_back(self, thing: Thing) -> Asking:
        """Read as many of the kind as show that they are kept as they were made."""
        resource = thing.resource
        read = read_on_rest(self.world.setting, resource)
        for seconds in (0.0, *READ_WAITS_S):
            unread = [t for t in self.world.pool.things if t.resource is resource and t.made and not (t.read_back or t.gone or t.touched)]
            if read is None or not self.world.owned.wants_reading(resource) or not unread:
                return
            if seconds:
                yield Wait(seconds, quiet=True)
            for one in sorted(unread, key=lambda t: t is not thing)[:ENOUGH]:
                why = f"to see that a {resource.name} is kept as it was made"
                yield Call(read[1], read[0].input, "valid", why, role=one.role, subject=resource, made=one.body, owner=one.role)

    def _still_there(self, thing: Thing) -> Asking:
        """See by a read that an instance whose removal failed is ours still: its id may be somebody else's by now. Raises Unavailable."""
        resource = thing.resource
        if isinstance(thing.id, str) and drawn(thing.id):
            thing.doubtful = False  # nobody is given such an id twice
            return
        for read in (*resource.read_by, *resource.listed_by):
            door = self.world.setting.door(str(read.action.name), REST)
            if door is None:
                continue
            why = f"to see whether a {resource.name} is there after its removal failed"
            seen = yield Call(door, read.input, "clean", why, role=thing.role, subject=resource, made=thing.body, owner=thing.role)
            body = at_path(read, seen) if seen.success else None
            if isinstance(body, list):
                body = next((item for item in body if resource.id_of(item) == thing.id), None)
            if is_missing(resource, seen):
                self.world.removals.let_go(thing)
            elif isinstance(body, Mapping) and self.same(thing, body):
                thing.doubtful = False
                return
            break
        raise Unavailable(f"a removal of the {resource.name} was sent, and nothing shows that its id is this run's own still")

    def same(self, thing: Thing, body: Mapping[str, Any]) -> bool:
        """True where a body shows the mark of an instance, or all that never changes of it."""
        mark = self.world.marks.within(dict(thing.body))
        if mark and mark in str(body):
            return True
        resource = thing.resource
        members = resource.fixed or tuple(k for k in thing.body if k in body and k not in resource.volatile)
        told = [m for m in members if m not in resource.ids and m in thing.body]
        if thing.doubtful:
            return not mark and all(body.get(m) == thing.body[m] for m in told)
        return not told or sum(body.get(m) == thing.body[m] for m in told) * 2 > len(told)

    def hears(self, resource: Resource) -> bool:
        """True for what events are sent to."""
        hooks, made = self.world.model.webhooks, resource.made_by
        registers = made is not None and hooks is not None and str(made.action.name) == hooks.registered_by
        return registers and resource.undone_by is not None

    def _needed(self, door: Door, name: str, value: Any) -> bool:
        """True for an argument that an equal create has too, though a server could not know an older one by it."""
        param = door.action.param(name)
        return name != door.action.idempotency and (self.world.marks.carried_by(value) or param is None or param.required)


def drawn(id: str) -> bool:
    """True for an id that is drawn from so many that none is given twice: a UUID, or fourteen characters of more than one kind."""
    kinds = (str.isdigit, str.isupper, str.islower)
    long = _LONG.findall(id)
    return _UUID.search(id) is not None or any(sum(any(map(kind, part)) for kind in kinds) > 1 for part in long)
