"""Live resources: found, made, moved and undone, by generators that yield the calls they need and get the exchanges."""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping
from typing import Any

from pgagents.action import Call as Recipe
from pgagents.model import Resource, id_text
from pgagents.verify.arguments import Arguments
from pgagents.verify.call import Call, Live
from pgagents.verify.door import Door
from pgagents.verify.marking import Marking
from pgagents.verify.marks import Marks
from pgagents.verify.memory import Setting
from pgagents.verify.ownership import Ownership
from pgagents.verify.pool import Pool
from pgagents.verify.proof import Proof
from pgagents.verify.removal import Removals
from pgagents.verify.seen import UNAVAILABLE, Seen, got
from pgagents.verify.target import is_made_by, makes, target_of
from pgagents.verify.thing import Thing, Unavailable, at_path, is_gone, recipe_for, will_do
from pgagents.verify.unsure import Unsure
from pgagents.wire import Silence

__all__ = ["Thing", "Unavailable", "World", "at_path", "will_do"]

FAILED = 500
Asking = Generator[Any, Any, Any]
MOST_UNFIT = MOST_ONCE = 1_000
_FIRST = re.compile(r"response\.(\w+(?:\.\w+)*)\[0\]")
LONGEST_PAST = 4


class World:
    """The resources a run found or made. The runner tells it of every exchange."""

    def __init__(self, setting: Setting, tag: str, env: Mapping[str, Any], shard: tuple[int, int] = (1, 1)) -> None:
        """`tag` begins the ids that are made up, `shard` says which of how many runs use the server at the same time."""
        self.setting, self.model, self.tag, self.env = setting, setting.model, tag, dict(env)
        self.pool = Pool(self.model.resources, shard)
        self._unfit: dict[tuple[str, str], Mapping[str, Any]] = {}
        """Found things that will not do."""
        self._told_by: dict[str, list[tuple[Resource, Recipe | None, bool]]] = {}
        self.marks = Marks(tag)
        self.owned = Ownership(setting, self.marks)
        self._missing: dict[str, set[Any]] = {}
        self.unsure = Unsure(setting, self.marks, self.owned)
        self.marking = Marking(self)
        self.arguments, self.proof, self.removals = Arguments(self), Proof(self), Removals(self)

    # -- having -------------------------------------------------------------------------------------------------

    def have(self, live: Live, *, reads: bool = False) -> Asking:
        """A live resource as asked for: one at hand, or made, or found; `reads` where nothing is to change it. Raises Unavailable."""
        resource = self.model.resources[live.resource]
        if resource.made_by is None and resource.found_by is None:
            raise Unavailable(f"the catalogue does not say how to come by a {resource.name}")
        prove = self.proof.prove_for_read if reads else self.proof.prove
        there = self.pool.at_hand(resource, live)
        if there is not None:
            yield from prove(there)
            return there
        thing = yield from self.obtain(resource, live.role)
        self.pool.give(thing, live)
        yield from prove(thing)
        yield from self._move_to(thing, live)
        return thing

    def obtain(self, resource: Resource, role: str) -> Asking:
        """Make one (or find one, where it cannot be made). Raises Unavailable."""
        recipe = (resource.made_by if self.pool.makes else None) or resource.found_by or resource.made_by
        assert recipe is not None
        door = self.setting.door(str(recipe.action.name), "rest")
        if door is None:
            raise Unavailable(f"{recipe.action.name} is not offered on REST")
        before = {id(t) for t in self.pool.things}
        made = recipe is resource.made_by
        why = f"to have a {resource.name}"
        seen = yield Call(door, recipe.input, "valid", why, role=role, owner=role, fresh=made)
        if not seen.success:
            raise Unavailable(f"no {resource.name} could be {'made' if made else 'found'}: {recipe.action.name} answered {seen.outcome}")
        found = [t for t in self.pool.things if id(t) not in before and t.resource is resource]
        if not found:
            found = [
                t
                for t in self.pool.things
                if t.resource is resource and not t.taken and not t.gone and t.made == made and t.role == role and not t.spoilt
            ][-1:]
        if not found:
            problem = self.owned.problem(resource) if made else ""
            raise Unavailable(problem or f"{recipe.action.name} answered no {resource.name} that will do")
        return found[0]

    def _move_to(self, thing: Thing, live: Live) -> Asking:
        for _ in range(4):
            if not live.states or thing.state is None or thing.state in live.states:
                return
            move = next((m for m in thing.resource.moves if thing.state in m.origin_states and m.to in live.states), None)
            if move is None:
                raise Unavailable(f"no action moves a {thing.resource.name} from {thing.state} to {' or '.join(live.states)}")
            door = self.setting.door(str(move.action.name), "rest")
            if door is None:
                raise Unavailable(f"{move.action.name} is not offered on REST")
            why = f"to have a {thing.resource.name} that is {move.to}"
            seen = yield Call(door, move.input, "valid", why, role=live.role, subject=thing.resource, made=thing.body)
            if not seen.success:
                raise Unavailable(f"{move.action.name} answered {seen.outcome}")

    # -- noticing -----------------------------------------------------------------------------------------------

    def note(self, seen: Seen) -> list[tuple[Resource, Mapping[str, Any]]]:
        """Learn from an exchange which resources there are and how they stand; gives the bodies it held."""
        door = seen.call.door
        if door is None or not seen.success:
            return []
        found: list[tuple[Resource, Mapping[str, Any]]] = []
        for resource, call in () if seen.call.beside else self._lists(door):
            self._note_listed(resource, call, seen)
        for resource, recipe, made in self._tells(door):
            if resource.undone_by and resource.undone_by.action is door.action:
                self.removals.happened(resource, seen)
            for body in self._bodies(resource, recipe, seen):
                if resource.id_of(body) is not None:
                    found.append((resource, body))
                    self._remember(resource, body, seen, made, recipe)
        self._note_offspring(door, seen)
        return found

    def _note_offspring(self, door: Door, seen: Seen) -> None:
        """Take over that an act on an instance of ours answered another one: that one is ours too."""
        if door.action.effect != "write" or makes(self.model, door.action):
            return
        target = target_of(self.setting, door.action)
        if target is None or target.resource.made_by is None:
            return
        place = target.resource.place_in(door.params, seen.input)
        source = next(
            (t for p in target.named if (t := self.pool.known(target.resource, seen.input.get(str(p.name)), place)) is not None), None
        )
        body = at_path(target.resource.made_by, seen)
        new = target.resource.id_of(body)
        if source is None or not source.ours or new is None or self.pool.known(target.resource, new, place) is not None:
            return
        copied = self.marks.within(dict(source.body))
        if not self.owned.known(target.resource, (place, new)) and copied and copied in str(body):  # else it may be an older one
            state = body.get(target.resource.state) if target.resource.state else None
            told = state if isinstance(state, str) else None
            self.pool.add(Thing(target.resource, new, body, source.role, True, told, ours=True, parent=source.parent, place=place))

    def _lists(self, door: Door) -> list[tuple[Resource, Recipe]]:
        """The resources that an action lists; worked out once for each action."""

        def found() -> list[tuple[Resource, Recipe]]:
            return [(r, call) for r in self.model.resources.values() for call in r.listed_by if call.action is door.action]

        return self.setting.kept(("lists", str(door.action.name)), found)

    def _note_listed(self, resource: Resource, call: Recipe, seen: Seen) -> None:
        """Take over which ids a list held: what a create answers later is new only if it was not among them."""
        items = at_path(call, seen)
        place = resource.place_in(seen.call.door.params if seen.call.door else (), seen.input)
        for item in items if isinstance(items, list) else ():
            if (id := resource.id_of(item)) is not None:
                self.owned.noticed(resource, (place, id))

    def _tells(self, door: Door) -> list[tuple[Resource, Recipe | None, bool]]:
        """The resources that an answer may tell of, how, and whether it makes one; worked out once for each action."""
        name = str(door.action.name)
        if name not in self._told_by:
            every = [(resource, *recipe_for(resource, door)) for resource in self.model.resources.values()]
            self._told_by[name] = [t for t in every if t[1] is not None or any(m.action is door.action for m in t[0].moves)]
        return self._told_by[name]

    def _bodies(self, resource: Resource, recipe: Recipe | None, seen: Seen) -> list[Mapping[str, Any]]:
        telling = recipe if recipe and recipe.at else resource.made_by
        if telling is None or telling.at is None or not isinstance(seen.body, Mapping | list):
            return []
        value = at_path(telling, seen)
        if (first := _FIRST.fullmatch(telling.at.text)) and resource.made_by and recipe is resource.made_by:
            value = got(seen.body, first.group(1)) or value  # the others of the list were made too, and must be undone
        items = value if isinstance(value, list) else [value]
        return [item for item in items if isinstance(item, Mapping)]

    def _remember(self, resource: Resource, body: Mapping[str, Any], seen: Seen, made: bool, recipe: Recipe | None) -> None:
        id = resource.id_of(body)
        assert id is not None
        place = resource.place_in(seen.call.door.params if seen.call.door else (), seen.input)
        key = (resource.name, f"{place} {id_text(id)}")
        thing = self.pool.known(resource, id, place)
        state = body.get(resource.state) if resource.state else None
        if not made:
            self.owned.noticed(resource, (place, id))
        elif thing is not None and not self._acts(seen) and not (thing.made and self._repeats(thing, resource, seen)):
            self.owned.again(thing, seen.number if thing.made else 0, self.pool.things)
            self.unsure.add(seen.call, seen.input, seen.request)
        if thing is not None and thing.made and recipe is not None and recipe in resource.read_by:
            self.owned.read_back(thing, self.proof.same(thing, body), self.pool.things)
        if thing is not None and resource.gone_when is not None and is_gone(resource, body):
            self.removals.let_go(thing)
        if thing is not None:
            lasting = {k: thing.body[k] for k in resource.fixed if k in thing.body} if thing.made else {}
            thing.body = {**thing.body, **body, **lasting} if thing.made else body
            thing.past = [*thing.past, seen.call][-LONGEST_PAST:]
            thing.touched = thing.touched or (not made and seen.call.door is not None and seen.call.door.action.effect == "write")
            thing.state = state if isinstance(state, str) else thing.state
            self.pool.changed(thing)
            return
        if recipe is not None and recipe is resource.found_by:
            if self._unfit.get(key) != body and self._suits(key, resource, recipe, body):
                self.pool.add(Thing(resource, id, body, seen.call.role, False, None, place=place, parent=self._parent(resource, seen)))
        elif made and (recipe is None or will_do(recipe.where, resource, body)):
            told = state if isinstance(state, str) else None
            plainly = recipe is not None and seen.call.input == recipe.input
            new = Thing(resource, id, body, seen.call.role or "main", True, told, standard=plainly, maker=seen, place=place)
            new.parent = self._parent(resource, seen)
            self._own(new, seen)
            self.pool.add(new)

    def _own(self, thing: Thing, seen: Seen) -> None:
        """Decide whether what a create answered is ours."""
        door = seen.call.door
        if door is None:
            return
        source = self._acts(seen)
        if source is not None:
            thing.ours = source.ours
        else:
            plain = {k: v for k, v in sorted(seen.input.items()) if self._tells_older(door, k, v)}
            self.owned.made(thing, seen.number, seen.input, plain, _key_of(seen), self.pool.things)
            self.unsure.made(thing)

    def _tells_older(self, door: Door, name: str, value: Any) -> bool:
        """True for an argument by which a server could know an older one: it carries no mark, and refers to nothing that is ours."""
        if name == door.action.idempotency or self.marks.carried_by(value) or (isinstance(value, str) and self.received(value)):
            return False
        param = door.action.param(name)
        resource = self.model.resources.get(param.refers_to or "") if param is not None else None
        thing = self.pool.known(resource, value) if resource is not None else None
        return thing is None or not thing.ours

    def received(self, address: str) -> bool:
        """True for an address at which this run listens, so that nothing older has it."""
        return self.setting.receiver is not None and address.startswith(self.setting.receiver.url)

    def _acts(self, seen: Seen) -> Thing | None:
        """The instance that a create moves or ends, where it is such a call: what it answers is that one, or comes of it."""
        door = seen.call.door
        for param in door.params if door is not None else ():
            for resource in self.model.resources.values():
                if door is None or not any(m.action is door.action for m in resource.moves):
                    continue
                place = resource.place_in(door.params, seen.input)
                thing = self.pool.known(resource, seen.input.get(str(param.name)), place)
                if thing is not None:
                    return thing
        return None

    def _repeats(self, thing: Thing, resource: Resource, seen: Seen) -> bool:
        """True where the create carried a mark or an idempotency key of an earlier one, or is one of several that went out at once."""
        door = seen.call.door
        marked = {v for v in seen.input.values() if isinstance(v, str) and self.marks.carried_by(v)}
        if thing.maker is not None and marked & set(map(str, thing.maker.input.values())):
            return True
        return door is not None and (seen.call.beside or self.owned.repeated(resource, _key_of(seen)))

    def _parent(self, resource: Resource, seen: Seen) -> Thing | None:
        """The instance that something lives in, by the arguments of the call that answered it."""
        above = self.model.resources.get(resource.within or "")
        if above is None or seen.call.door is None:
            return None
        named = {p.refers_member or above.id: seen.input.get(str(p.name)) for p in seen.call.door.params if p.refers_to == above.name}
        values = tuple(named.get(member) for member in above.ids)
        return self.pool.known(above, values if len(values) > 1 else values[0])

    def _suits(self, key: tuple[str, str], resource: Resource, recipe: Recipe, body: Mapping[str, Any]) -> bool:
        """Whether a found thing will do; one that will not is known again as long as it stays as it is."""
        suits = will_do(recipe.where, resource, body)
        if not suits:
            if len(self._unfit) >= MOST_UNFIT:
                self._unfit.clear()
            self._unfit[key] = body
        return suits

    def sent(self, seen: Seen) -> None:
        """Take over from any exchange what its sending alone changes: a removal that failed may have happened, a create without an
        answer too, and what a read calls missing is missing."""
        door = seen.call.door
        if door is None:
            return
        for resource in self.model.resources.values():
            if resource.undone_by is not None and resource.undone_by.action is door.action:
                thing = self.removals.removed_by(resource, seen)
                if thing is not None and not thing.gone:
                    thing.doubtful = True
            if resource.missing is not None and seen.code == resource.missing.name and door.action.effect == "read":
                self._note_missing(resource, seen)
            if seen.status >= FAILED or seen.error:
                self._note_tried(resource, seen)
        if door.action.effect == "write" and (seen.error or seen.status >= FAILED) and not self._never_happened(seen):
            self.unsure.add(seen.call, seen.input, seen.request)

    def _never_happened(self, seen: Seen) -> bool:
        """True for a call that reached nobody, or that failed in a way that the catalogue knows to leave nothing."""
        declared = self.model.codes.get(seen.code or "")
        unheard = isinstance(seen.answer, Silence) and seen.answer.kind == "refused"
        return unheard or seen.status == UNAVAILABLE or (declared is not None and bool(declared.provoked_by))

    def _note_tried(self, resource: Resource, seen: Seen) -> None:
        """Remember the idempotency key of a create that may have happened though it failed: with it, the first answer comes again."""
        door = seen.call.door
        if door is not None and is_made_by(resource, door.action):
            self.owned.tried(resource, _key_of(seen))

    def _note_missing(self, resource: Resource, seen: Seen) -> None:
        missing = self._missing.setdefault(self.owned.kind_name(resource), set())
        for param in seen.call.door.params if seen.call.door is not None else ():
            value = seen.input.get(str(param.name))
            if param.refers_to == resource.name and isinstance(value, str | int | float) and len(missing) < MOST_ONCE:
                missing.add(value)

    def lasting(self) -> list[str]:
        """What the run made that nothing takes back, counted by resource, for people."""
        made = [r for r in self.model.resources.values() if r.made_by is not None and r.undone_by is None and not self._moved(r)]
        counts = {r.name: self.owned.count(r) for r in made}
        return [f"{count:,} × {name}" for name, count in counts.items() if count]

    def _moved(self, resource: Resource) -> bool:
        """True for what is made out of another instance by moving it."""
        made = resource.made_by
        return made is not None and any(m.action is made.action for r in self.model.resources.values() for m in r.moves)

    def missing(self, resource: Resource) -> frozenset[Any]:
        """Ids that a read has just shown to be missing."""
        return frozenset(self._missing.get(self.owned.kind_name(resource), ()))

    def refused(self, seen: Seen) -> None:
        """Take over that a call which should do was refused for how things stand: what it was to make had no room in its place."""
        door = seen.call.door
        if door is not None and makes(self.model, door.action):
            self.pool.full({str(seen.input.get(str(p.name))) for p in door.params if p.refers_to})

    def past(self, call: Call, subject: Mapping[str, Any] | None) -> tuple[Call, ...]:
        """What reads have told of a call's subject."""
        thing = self.pool.of(call.subject, subject) if call.subject and subject else None
        return tuple(c for c in thing.past if c.door is not None and c.door.action.effect == "read") if thing else ()


def _key_of(seen: Seen) -> str:
    """The idempotency key of a call, empty where it has none."""
    name = seen.call.door.action.idempotency if seen.call.door is not None else None
    return str(seen.input[name]) if name is not None and name in seen.input else ""
