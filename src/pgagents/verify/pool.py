"""The live things that a run has at hand: which of them will do for a call, whose they are just now, and what must be undone."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager

from pgagents.expression import epoch
from pgagents.model import Resource, id_text
from pgagents.verify.call import Live
from pgagents.verify.thing import Thing

MAX_TRIES = 2
MOST_KEPT = 25
"""How many things of a kind and state are remembered that need no undoing."""
SIZE = 8
"""How many live things of a kind are kept at hand for later calls; runs at the same time share the number."""
SOON_S = 5.0
"""What ends by itself so soon is given to no call."""


class Pool:
    """All things of a run. `now` is the server's time."""

    def __init__(self, resources: Mapping[str, Resource], shard: tuple[int, int] = (1, 1)) -> None:
        """`shard` says which of how many runs use the server at the same time."""
        self._turn, self._size = shard[0] - 1, max(1, SIZE // shard[1])
        self.things: list[Thing] = []
        self.now = 0.0
        self._by_key: dict[tuple[str, str, str], Thing] = {}
        self._left: list[Thing] | None = None
        """What `left` gave, as long as nothing changes and none of it is over by itself (`_left_until`)."""
        self._left_until, self._owed = math.inf, 0
        self._settled = False
        """Whether nothing has changed or been taken since `surplus` found nothing."""
        self._strict = False
        self.filled = 0
        """How many found things had no room for a call."""
        self.makes = True
        """True where what is missing can be made, so that nothing that was only found stands in for it."""
        self.lent: list[Thing] = []
        """Things without a state that the last call got though others had had them."""
        self._undone_from = {
            r.name: m.origin_states
            for r in resources.values()
            for m in r.moves
            if r.undone_by and m.action is r.undone_by.action
        }  # fmt: skip

    # -- giving -------------------------------------------------------------------------------------------------

    def at_hand(self, resource: Resource, live: Live) -> Thing | None:
        """A thing that will do, given to the call; None where there is none. A found one that had no room for a call is the last resort."""
        things = self._in_turn(resource, live.fresh)
        for thing in sorted(things, key=lambda t: t.worn and not t.made) if self.filled else things:
            if self._usable(thing, resource, live):
                if live.fresh and thing.made and thing.used and not _stateful(resource, live):
                    self.lent.append(thing)
                self.give(thing, live)
                return thing
        return None

    def give(self, thing: Thing, live: Live) -> None:
        """Note that a call has it, for itself if it asked so."""
        thing.used = True
        if live.fresh and thing.made:
            thing.taken, self._settled = True, False
            thing.turns += 1

    @contextmanager
    def only_new(self) -> Iterator[None]:
        """Within it, a call that wants a thing for itself gets none of which it is not known what others did to it."""
        before, self._strict = self._strict, True
        try:
            yield
        finally:
            self._strict = before

    def _in_turn(self, resource: Resource, fresh: bool) -> Iterable[Thing]:
        """All things; for a call that wants one for itself those first that fewest such calls have had. Of what is found and not made,
        runs at the same time begin at different ones, so as not to fill one place."""
        if resource.made_by is not None and fresh:
            return sorted((t for t in self.things if t.resource is resource), key=lambda t: t.turns)
        if not self._turn or resource.made_by is not None:
            return self.things
        found = [t for t in self.things if t.resource is resource]
        first = self._turn % len(found) if found else 0
        return found[first:] + found[:first]

    def _usable(self, thing: Thing, resource: Resource, live: Live) -> bool:
        """Whether one at hand will do. One with a state may be handed on to a call that wants one for itself; what others did
        to one without is not known, so that is only tried (`lent`)."""
        if thing.resource is resource and not self._settled_by_time(thing):
            return False
        if (
            thing.resource is not resource
            or (self.makes and resource.made_by is not None and not thing.made)
            or thing.gone
            or thing.doubtful
            or self._is_taken(thing)
            or self._over(thing, SOON_S)
            or (thing.made and thing.role != live.role)
        ):
            return False
        if live.standard and thing.made and (not thing.standard or thing.touched):
            return False
        if live.fresh and thing.made and not _stateful(resource, live) and (self._strict or thing.worn or thing.role == "second"):
            return False
        return (not live.states or thing.state is None or thing.state in live.states) and not thing.spoilt

    def _settled_by_time(self, thing: Thing) -> bool:
        """Move an instance on whose state has ended by itself; False where it is about to end."""
        for move in thing.resource.moves_by_time:
            ends = epoch(thing.body.get(move.at)) if thing.state == move.origin_state else math.inf
            if ends < self.now:
                thing.state = move.to
            elif ends < self.now + SOON_S:
                return False
        return True

    def _is_taken(self, thing: Thing) -> bool:
        """Whether a probe has it for itself, under this resource's name or another's."""
        return any(t.taken and t.id == thing.id for t in self.things)

    # -- knowing ------------------------------------------------------------------------------------------------

    def known(self, resource: Resource, id: object, place: str | None = None) -> Thing | None:
        """The instance of a resource with this id, in what it lives in (None: anywhere, the latest)."""
        if place is None and resource.within is not None:
            return next((t for t in reversed(self.things) if t.resource is resource and t.id == id), None)
        return self._by_key.get((resource.name, place or "", id_text(id)))

    def of(self, resource: Resource, body: Mapping[str, object]) -> Thing | None:
        """The instance that a body is of; of several with one id in different places the one that is most like it."""
        same = [t for t in self.things if t.resource is resource and t.id == resource.id_of(body)]
        return max(same, key=lambda t: sum(body.get(k) == v for k, v in t.body.items()), default=None)

    def full(self, ids: Collection[str]) -> None:
        """Note that found things with these ids had no room for a call."""
        for thing in self.things:
            if not thing.made and id_text(thing.id) in ids and not thing.worn:
                thing.worn, self.filled = True, self.filled + 1

    def add(self, thing: Thing) -> None:
        """Take a new one in."""
        self._by_key[thing.resource.name, thing.place, id_text(thing.id)] = thing
        self.things.append(thing)
        self.changed(thing)

    def changed(self, thing: Thing) -> None:
        """Note that what is known of it is not what it was."""
        self._settled = False
        if thing.made:
            self._left = None
            thing.ends_at = epoch(thing.body.get(thing.resource.expires_by)) if thing.resource.expires_by else math.inf

    # -- undoing ------------------------------------------------------------------------------------------------

    def surplus(self, *, broke: bool) -> list[Thing]:
        """Take back what the last probe had for itself, unless it `broke` a contract; what is more than a few of a kind is to be undone."""
        left = self.left()
        if ids := frozenset(t.id for t in self.things if t.taken):
            self._settled = False
            for thing in self.things if broke else ():
                thing.spoilt = thing.spoilt or thing.id in ids
        if self._settled:
            return []
        by_kind: dict[tuple[str, str], list[Thing]] = {}
        for thing in left:
            if not thing.tries:
                by_kind.setdefault((thing.resource.name, thing.role), []).append(thing)
        self._forget()
        found = [t for kind in by_kind.values() for t in (*(s for s in kind if s.spoilt), *[s for s in kind if not s.spoilt][self._size :])]
        self._settled = not found
        return found

    def _forget(self) -> None:
        """Keep the last things of each kind and state, and what must be undone; nobody has any for itself."""
        kept: dict[tuple[str, str, str | None], int] = {}
        remaining: list[Thing] = []
        for thing in reversed(self.things):
            thing.taken = False
            key = (thing.resource.name, thing.role, thing.state)
            kept[key] = kept.get(key, 0) + 1
            if not thing.gone and (kept[key] <= MOST_KEPT or (thing.made and self._undoable(thing))):
                remaining.append(thing)
            else:
                self._by_key.pop((thing.resource.name, thing.place, id_text(thing.id)), None)
        self.things = remaining[::-1]

    def left(self) -> list[Thing]:
        """What was made and is neither undone nor over by itself."""
        if self._left is not None and not self._left_until < self.now:
            return self._left
        found, until = [], math.inf
        for thing in self.things:
            if thing.gone or not thing.made:
                continue
            if self._over(thing):
                thing.gone = True
                continue
            self._settled_by_time(thing)
            until = min(until, thing.ends_at)
            if self._undoable(thing):
                found.append(thing)
        self._left, self._left_until, self._settled = found, until, False
        self._owed = sum(t.tries < MAX_TRIES for t in found)
        return found

    def owed(self) -> int:
        """How many requests undoing all of it takes."""
        self.left()
        return self._owed

    def _over(self, thing: Thing, ahead_s: float = 0.0) -> bool:
        """Whether it has ended by itself (or will have)."""
        return thing.ends_at < self.now + ahead_s  # a time that cannot be read is none

    def _undoable(self, thing: Thing) -> bool:
        """Whether anything undoes it as it stands; what nothing ever undoes need not be remembered for that."""
        states = self._undone_from.get(thing.resource.name)
        return thing.resource.undone_by is not None and (states is None or thing.state is None or thing.state in states)


def _stateful(resource: Resource, live: Live) -> bool:
    """Whether its state tells what others did to it."""
    return resource.state is not None and bool(live.states)
