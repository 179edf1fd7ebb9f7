"""The arguments of a call with live ids, fresh values and times laid in."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pgagents.catalogue.scope import FRESH, FRESH_KINDS
from pgagents.expression import Expression, Scope
from pgagents.model import member_at
from pgagents.verify.call import Call, Fresh, Live, Moment, Signature
from pgagents.verify.recipe import known, whole
from pgagents.verify.thing import Thing, Unavailable, above, evaluated, names_in

if TYPE_CHECKING:
    from pgagents.verify.world import World

MOST_ONCE = 1_000
Asking = Generator[Any, Any, Any]


class Arguments:
    """Lays values into the calls of one run."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._once: dict[Fresh, str] = {}

    def resolve(self, call: Call) -> Asking:
        """The call's arguments with live ids laid in, and the subject's body. Raises Unavailable."""
        self.world.pool.lent = []
        subject: Mapping[str, Any] | None = call.made
        if subject is None and call.subject is not None:
            thing = yield from self.world.have(
                Live(call.subject.name, call.states, call.fresh, call.owner, call.standard), reads=_only_reads(call)
            )
            subject = thing.body
        names: dict[str, Any] = {"env": self.world.env, "now": self.world.pool.now, "input": {}}
        if subject is not None:
            names["resource"] = subject
            if call.subject is not None:
                names[call.subject.name] = subject
            names.update(self._parents(call, subject))
        names.update(call.bind)
        chosen: dict[str, Thing] = {}
        for name in self._children_first(names_in(call.input.values()) - names.keys()):
            if name in names:
                continue
            thing = yield from self.world.have(self._wanted(name, call), reads=_only_reads(call))
            names[name] = thing.body
            for parent in above(thing):
                names.setdefault(parent.resource.name, parent.body)
                chosen.setdefault(parent.resource.name, parent)
        scope: Scope | None = None
        values: dict[str, Any] = {}
        given = known(self.world.model, call.input)
        for name, value in sorted(given.items(), key=lambda item: (item[0] != "*", -self._depth(item[1]))):
            if isinstance(value, Expression) and FRESH in value.names:
                values[name] = self._fresh(call, name, value, names)
            elif isinstance(value, Expression):
                scope = scope or Scope(names)
                found = evaluated(scope, value)
                if name == "*" and isinstance(found, Mapping):
                    values.update(whole(found))
                else:
                    values[name] = whole(found)
            else:
                values[name] = yield from self._value(value, call, chosen, names)
        return (yield from self.world.marking.laid(call, values)), subject

    def _depth(self, value: Any) -> int:
        """In how many others the resource lives whose id a value stands for; 0 for any other value."""
        depth, resource = 0, self.world.model.resources.get(value.resource) if isinstance(value, Live) else None
        while resource is not None and resource.within:
            depth, resource = depth + 1, self.world.model.resources.get(resource.within)
        return depth

    def _children_first(self, names: set[str]) -> list[str]:
        """The names that are resources, those first that live in others: what they live in follows from them."""
        return sorted(names & self.world.model.resources.keys(), key=lambda name: (-self._depth(Live(name)), name))

    def _parents(self, call: Call, subject: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
        """The bodies of what the call's subject lives in, by the names of their resources."""
        thing = self.world.pool.of(call.subject, subject) if call.subject is not None else None
        return {parent.resource.name: parent.body for parent in above(thing)} if thing is not None else {}

    def _fresh(self, call: Call, name: str, value: Expression, names: Mapping[str, Any]) -> Any:
        """A value that is new for this call, valid for its argument where it is nothing but that. Raises Unavailable."""
        param = call.door.action.param(name) if call.door is not None else None
        test = None
        if param is not None and call.door is not None and value.text.strip() in {f"{FRESH}.{kind}" for kind in FRESH_KINDS}:
            test = self.world.setting.test(("param", call.door.action.name, name), param.schema)
        fits = test.is_valid if test is not None else _anything
        made = {kind: self.world.marks.fresh(kind, fits) for kind in FRESH_KINDS if kind in value.text}
        for kind, found in made.items():
            if found is None:
                raise Unavailable(f"no fresh {kind} fits the schema of {name}")
        return whole(evaluated(Scope({**names, FRESH: made}), value))

    def _wanted(self, name: str, call: Call) -> Live:
        """Which thing of a name a call needs: one in a state that the call's action moves, for itself if it asked so."""
        resource = self.world.model.resources[name]
        action = call.door.action if call.door else None
        states = next((m.origin_states for m in resource.moves if m.action is action), ())
        return Live(name, states, call.fresh, call.owner)

    def _value(self, value: Any, call: Call, chosen: dict[str, Thing], names: Mapping[str, Any]) -> Asking:
        if isinstance(value, Live):
            thing = chosen.get(value.resource)
            if thing is None and value.resource in self._above_subject(call):
                return member_at(names[value.resource], value.member or self.world.model.resources[value.resource].id)
            if thing is None:
                wanted = self._wanted(value.resource, call) if not value.states else value
                thing = yield from self.world.have(wanted, reads=_only_reads(call))
                for parent in above(thing):
                    chosen.setdefault(parent.resource.name, parent)
                if value.member:  # the other members of its id name the same one
                    chosen[value.resource] = thing
            return member_at(thing.body, value.member) if value.member else thing.id
        if isinstance(value, Signature):
            return "-"
        if isinstance(value, Moment):
            return datetime.fromtimestamp(self.world.pool.now + value.after_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        if isinstance(value, Fresh):
            if value in self._once:
                return self._once[value]
            found = self.world.marks.next()
            if value.once:
                self._once[value] = found
                if len(self._once) > MOST_ONCE:
                    del self._once[next(iter(self._once))]
            return found
        return value

    def _above_subject(self, call: Call) -> set[str]:
        """The names of what a call's subject lives in."""
        found: set[str] = set()
        resource = call.subject
        while resource is not None and resource.within and resource.within not in found:
            found.add(resource.within)
            resource = self.world.model.resources.get(resource.within)
        return found


def _only_reads(call: Call) -> bool:
    """True for a call that changes nothing of what it names."""
    return call.door is not None and call.door.action.effect == "read" and not call.door.action.costs


def _anything(value: Any) -> bool:
    del value
    return True
