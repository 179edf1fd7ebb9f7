"""Live resources: found, made, moved and undone, by generators that yield the calls they need and get the exchanges."""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping
from datetime import UTC, datetime
from typing import Any

from pgagents.action import Call as Recipe
from pgagents.expression import Expression, Scope
from pgagents.model import Resource
from pgagents.verify.call import Call, Fresh, Live, Moment, Signature
from pgagents.verify.door import Door
from pgagents.verify.memory import Setting
from pgagents.verify.pool import Pool
from pgagents.verify.recipe import known, whole
from pgagents.verify.seen import Seen, got
from pgagents.verify.thing import Thing, Unavailable, at_path, evaluated, names_in, recipe_for, will_do

__all__ = ["Thing", "Unavailable", "World", "at_path", "will_do"]

Asking = Generator[Call, Seen, Any]
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
        self._fresh = 0
        self._once: dict[Fresh, str] = {}

    # -- values -------------------------------------------------------------------------------------------------

    def resolve(self, call: Call) -> Asking:
        """The call's arguments with live ids laid in, and the subject's body. Raises Unavailable."""
        self.pool.lent = []
        subject: Mapping[str, Any] | None = call.made
        if subject is None and call.subject is not None:
            thing = yield from self.have(Live(call.subject.name, call.states, call.fresh, call.owner, call.standard))
            subject = thing.body
        names: dict[str, Any] = {"env": self.env, "now": self.pool.now, "input": {}}
        if subject is not None:
            names["resource"] = subject
            if call.subject is not None:
                names[call.subject.name] = subject
        names.update(call.bind)
        for name in sorted(names_in(call.input.values()) - names.keys()):
            if name in self.model.resources:
                thing = yield from self.have(self._wanted(name, call))
                names[name] = thing.body
        scope: Scope | None = None
        values: dict[str, Any] = {}
        for name, value in sorted(known(self.model, call.input).items(), key=lambda item: item[0] != "*"):
            if isinstance(value, Expression):
                scope = scope or Scope(names)
                found = evaluated(scope, value)
                if name == "*" and isinstance(found, Mapping):
                    values.update(whole(found))
                else:
                    values[name] = whole(found)
            else:
                values[name] = yield from self._value(value, call)
        return values, subject

    def _wanted(self, name: str, call: Call) -> Live:
        """Which thing of a name a call needs: one in a state that the call's action moves, for itself if it asked so."""
        resource = self.model.resources[name]
        action = call.door.action if call.door else None
        states = next((m.origin_states for m in resource.moves if m.action is action), ())
        return Live(name, states, call.fresh, call.owner)

    def _value(self, value: Any, call: Call) -> Asking:
        if isinstance(value, Live):
            thing = yield from self.have(self._wanted(value.resource, call) if not value.states else value)
            return thing.id
        if isinstance(value, Signature):
            return "-"
        if isinstance(value, Moment):
            return datetime.fromtimestamp(self.pool.now + value.after_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        if isinstance(value, Fresh):
            if value in self._once:
                return self._once[value]
            self._fresh += 1
            found = f"pgv-{self.tag}-{self._fresh}"
            if value.once:
                self._once[value] = found
                if len(self._once) > MOST_ONCE:
                    del self._once[next(iter(self._once))]
            return found
        return value

    # -- having -------------------------------------------------------------------------------------------------

    def have(self, live: Live) -> Asking:
        """A live resource as asked for: one at hand, or made, or found. Raises Unavailable."""
        resource = self.model.resources[live.resource]
        if resource.made_by is None and resource.found_by is None:
            raise Unavailable(f"the catalogue does not say how to come by a {resource.name}")
        there = self.pool.at_hand(resource, live)
        if there is not None:
            return there
        thing = yield from self.obtain(resource, live.role)
        self.pool.give(thing, live)
        yield from self._move_to(thing, live)
        return thing

    def obtain(self, resource: Resource, role: str) -> Asking:
        """Make one (or find one, where it cannot be made). Raises Unavailable."""
        recipe = resource.made_by or resource.found_by
        assert recipe is not None
        door = self.setting.door(str(recipe.action.name), "rest")
        if door is None:
            raise Unavailable(f"{recipe.action.name} is not offered on REST")
        before = {id(t) for t in self.pool.things}
        made = resource.made_by is not None
        why = f"to have a {resource.name}"
        seen = yield Call(door, recipe.input, "valid", why, role=role, owner=role, fresh=made)
        if not seen.success:
            raise Unavailable(f"no {resource.name} could be {'made' if made else 'found'}: {recipe.action.name} answered {seen.outcome}")
        found = [t for t in self.pool.things if id(t) not in before and t.resource is resource]
        if not found:
            found = [
                t
                for t in self.pool.things
                if t.resource is resource and not t.taken and not t.gone and t.made == made and t.role == role and self.pool.sound(t)
            ][-1:]
        if not found:
            raise Unavailable(f"{recipe.action.name} answered no {resource.name} that will do")
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
        for resource, recipe, made in self._tells(door):
            if resource.undone_by and resource.undone_by.action is door.action:
                self._undone(resource, seen)
            for body in self._bodies(resource, recipe, seen):
                if isinstance(body.get(resource.id), str):
                    found.append((resource, body))
                    self._remember(resource, body, seen, made, recipe)
        return found

    def _tells(self, door: Door) -> list[tuple[Resource, Recipe | None, bool]]:
        """The resources that an answer may tell of, how, and whether it makes one; worked out once for each action."""
        name = str(door.action.name)
        if name not in self._told_by:
            every = [(resource, *recipe_for(resource, door)) for resource in self.model.resources.values()]
            self._told_by[name] = [t for t in every if t[1] is not None or any(m.action is door.action for m in t[0].moves)]
        return self._told_by[name]

    def _bodies(self, resource: Resource, recipe: Recipe | None, seen: Seen) -> list[Mapping[str, Any]]:
        at = recipe.at if recipe and recipe.at else resource.made_by.at if resource.made_by else None
        if at is None or not isinstance(seen.body, Mapping):
            return []
        value = at_path(at, seen)
        if (first := _FIRST.fullmatch(at.text)) and resource.made_by and recipe is resource.made_by:
            value = got(seen.body, first.group(1)) or value  # the others of the list were made too, and must be undone
        items = value if isinstance(value, list) else [value]
        return [item for item in items if isinstance(item, Mapping)]

    def _remember(self, resource: Resource, body: Mapping[str, Any], seen: Seen, made: bool, recipe: Recipe | None) -> None:
        key = (resource.name, str(body[resource.id]))
        thing = self.pool.known(resource, key[1])
        state = body.get(resource.state) if resource.state else None
        if thing is not None:
            lasting = {k: thing.body[k] for k in resource.fixed if k in thing.body} if thing.made else {}
            thing.body = {**thing.body, **body, **lasting} if thing.made else body
            thing.past = [*thing.past, seen.call][-LONGEST_PAST:]
            thing.touched = thing.touched or (seen.call.door is not None and seen.call.door.action.effect == "write")
            thing.state = state if isinstance(state, str) else thing.state
            self.pool.changed(thing)
            return
        if recipe is not None and recipe is resource.found_by:
            if self._unfit.get(key) != body and self._suits(key, resource, recipe, body):
                self.pool.add(Thing(resource, key[1], body, seen.call.role, False, None))
        elif made and (recipe is None or will_do(recipe.where, resource, body)):
            told = state if isinstance(state, str) else None
            plainly = recipe is not None and seen.call.input == recipe.input
            self.pool.add(Thing(resource, key[1], body, seen.call.role or "main", True, told, standard=plainly))

    def _suits(self, key: tuple[str, str], resource: Resource, recipe: Recipe, body: Mapping[str, Any]) -> bool:
        """Whether a found thing will do; one that will not is known again as long as it stays as it is."""
        suits = will_do(recipe.where, resource, body)
        if not suits:
            if len(self._unfit) >= MOST_UNFIT:
                self._unfit.clear()
            self._unfit[key] = body
        return suits

    def _undone(self, resource: Resource, seen: Seen) -> None:
        for param in seen.call.door.params if seen.call.door else ():
            thing = self.pool.known(resource, seen.input.get(str(param.name)))
            if thing is not None and param.refers_to == resource.name and not resource.state:
                thing.gone = True
                self.pool.changed(thing)

    def refused(self, seen: Seen) -> None:
        """Take over that a call which should do was refused for how things stand: what it was to make had no room in its place."""
        door = seen.call.door
        if door is not None and any(r.made_by is not None and r.made_by.action is door.action for r in self.model.resources.values()):
            self.pool.full({str(seen.input.get(str(p.name))) for p in door.params if p.refers_to})

    def past(self, call: Call, subject: Mapping[str, Any] | None) -> tuple[Call, ...]:
        """What reads have told of a call's subject."""
        thing = self.pool.known(call.subject, (subject or {}).get(call.subject.id)) if call.subject else None
        return tuple(c for c in thing.past if c.door is not None and c.door.action.effect == "read") if thing else ()

    # -- cleaning up --------------------------------------------------------------------------------------------

    def undo(self, thing: Thing) -> Asking:
        """Undo one; gives whether it went."""
        undo = thing.resource.undone_by
        assert undo is not None
        door = self.setting.door(str(undo.action.name), "rest")
        if door is None:
            return False
        why = f"to leave no {thing.resource.name} behind"
        seen = yield Call(door, undo.input, "clean", why, role=thing.role, subject=thing.resource, made=thing.body, owner=thing.role)
        over = {c.name for c in (thing.resource.missing, *(m.otherwise for m in thing.resource.moves if m.action is undo.action)) if c}
        thing.gone = seen.success or seen.code in over
        thing.tries += not thing.gone
        self.pool.changed(thing)
        return thing.gone
