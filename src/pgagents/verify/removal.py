"""Removals: which instance a call removes, what goes with it, and how what a run made is undone."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, Any

from pgagents.model import Resource
from pgagents.verify.call import Call, Wait
from pgagents.verify.seen import Seen
from pgagents.verify.thing import Thing, at_path, is_gone, is_missing, read_on_rest

if TYPE_CHECKING:
    from pgagents.verify.world import World

ACCEPTED, GONE = 202, 410
REMOVAL_WAITS_S = (0.1, 0.4, 1.0, 2.0, 4.0)
"""Between the looks for a removal that a server does later."""
Asking = Generator[Any, Any, Any]


class Removals:
    """The removals of one run."""

    def __init__(self, world: World) -> None:
        self.world = world

    def happened(self, resource: Resource, seen: Seen) -> None:
        thing = self.removed_by(resource, seen)
        if thing is not None:
            self.let_go(thing)

    def let_go(self, thing: Thing) -> None:
        """Note that an instance is gone, and with it what lives in it."""
        thing.gone, thing.doubtful = True, False
        self.world.pool.changed(thing)
        for child in [t for t in self.world.pool.things if t.parent is thing and not t.gone]:
            self.let_go(child)

    def removed_by(self, resource: Resource, seen: Seen) -> Thing | None:
        """The instance that a call removes for good, in the catalogue's words; None where the call only moves its state."""
        if resource.state or seen.call.door is None:
            return None
        for param in seen.call.door.params:
            if param.refers_to == resource.name and param.refers_member in ("", resource.id):
                named = {
                    p.refers_member or resource.id: seen.input.get(str(p.name))
                    for p in seen.call.door.params
                    if p.refers_to == resource.name
                }
                ids = tuple(named.get(member) for member in resource.ids)
                place = resource.place_in(seen.call.door.params, seen.input)
                return self.world.pool.known(resource, ids if len(ids) > 1 else ids[0], place)
        return None

    def undo(self, thing: Thing) -> Asking:
        """Undo one; gives whether it went."""
        undo = thing.resource.undone_by
        assert undo is not None
        door = self.world.setting.door(str(undo.action.name), "rest")
        if door is None:
            return False
        why = f"to leave no {thing.resource.name} behind"
        seen = yield Call(door, undo.input, "clean", why, role=thing.role, subject=thing.resource, made=thing.body, owner=thing.role)
        over = {c.name for c in (thing.resource.missing, *(m.otherwise for m in thing.resource.moves if m.action is undo.action)) if c}
        gone = seen.success or seen.code in over or seen.status == GONE
        if seen.status == ACCEPTED:
            gone = yield from self._waited_for(thing)
        thing.tries += not gone
        if gone:
            self.let_go(thing)
        self.world.pool.changed(thing)
        return gone

    def _waited_for(self, thing: Thing) -> Asking:
        """Wait until a removal that was only accepted has happened; gives whether it has."""
        resource = thing.resource
        read = read_on_rest(self.world.setting, resource)
        if read is None:
            return True
        for seconds in REMOVAL_WAITS_S:
            yield Wait(seconds, quiet=True)
            why = f"to see whether a {resource.name} is removed"
            seen = yield Call(read[1], read[0].input, "clean", why, role=thing.role, subject=resource, made=thing.body, owner=thing.role)
            body = at_path(read[0], seen) if seen.success else None
            if is_missing(resource, seen) or (isinstance(body, Mapping) and is_gone(resource, body)):
                return True
        return False
