"""Two simultaneous calls never both get what only one may have: a unique value, the last free place, or a
transition.

Two creating calls are sent at once. They have equal values in the unique members, or need a place that was
made for one only. An action on an instance is called twice at once. If both calls succeed, it is called twice
in a row on another instance, and the second of those must not be a conflict. A server that checks first and
writes afterwards accepts both.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from pgagents.catalogue.model.action import Action, Param
from pgagents.catalogue.model.resource import Resource, Takes, Unique
from pgagents.report.contract import Contract, Verdict
from pgagents.verify.answers.observation import read_counter
from pgagents.verify.fixtures.instance import at_path, member_named
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.promise import (
    CONFLICT,
    Check,
    Conversation,
    Judgement,
    Probe,
    judge_broken,
    judge_kept,
    judge_untested,
    promise,
)
from pgagents.verify.setting import Setting
from pgagents.verify.values.schema_values import types_of
from pgagents.verify.wire.call import Call, Concurrent, InstanceRef
from pgagents.verify.wire.endpoint import REST, Endpoint
from pgagents.verify.wire.exchange import Exchange

NAME = "concurrent_calls"
TWO = 2
Pair = Generator[Any, Any, Sequence[Exchange]]
"""Sends calls; returns their answers."""


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract for each set of unique members, and one for each counter that can be made one."""
    for resource, unique, endpoint in _unique_makers(setting):
        names = " and ".join(unique.members)
        says = f"two calls of {endpoint.action.name} at once make one {resource.name} with the same {names}"
        yield promise(NAME, _unique_detail(resource, unique), endpoint, says, unique.origin, unique.cite)
    for resource, takes, endpoint, _, _ in _takers(setting):
        says = f"two calls of {endpoint.action.name} at once do not both take the last room of a {takes.of}"
        cite = resource.cite or endpoint.action.cite
        yield promise(NAME, f"last/{resource.name}", endpoint, says, takes.origin, cite)
    for resource, _, endpoint in _repeatable(setting):
        says = f"two calls of {endpoint.action.name} at once on one {resource.name} do what two in a row do"
        yield promise(NAME, f"once/{resource.name}", endpoint, says, endpoint.action.origin, resource.cite)


def _unique_detail(resource: Resource, unique: Unique) -> str:
    return f"unique/{resource.name}/{'+'.join(unique.members)}"


def _unique_makers(setting: Setting) -> Iterator[tuple[Resource, Unique, Endpoint]]:
    for resource in setting.model.resources.values():
        endpoint = _maker(setting, resource)
        for unique in resource.unique if endpoint is not None else ():
            assert endpoint is not None
            yield resource, unique, endpoint


def _takers(setting: Setting) -> Iterator[tuple[Resource, Takes, Endpoint, Endpoint, tuple[str, ...]]]:
    """Yield (resource, its `takes`, endpoint that makes it, endpoint that makes its place, arguments).

    The arguments are those that may set the capacity of the place.
    """
    for resource in setting.model.resources.values():
        takes, endpoint = resource.takes, _maker(setting, resource)
        place = setting.model.resources[takes.of] if takes is not None else None
        opener = _maker(setting, place) if place is not None else None
        if takes is None or place is None or place.made_by is None or endpoint is None or opener is None:
            continue
        if setting.find_lead(str(takes.read_by.name)) is None:
            continue
        sizes = tuple(n for n in place.made_by.input if _may_be_one(setting, opener.action, n))
        if sizes:
            yield resource, takes, endpoint, opener, sizes


def _repeatable(setting: Setting) -> Iterator[tuple[Resource, Param, Endpoint]]:
    """Yield actions for which two calls on one instance may conflict, with the argument that is the
    instance's id.

    An action that leads to one of its own starting states is left out, because it may be repeated.
    """
    model = setting.model
    taken = {unique.otherwise.name for each in model.resources.values() for unique in each.unique}
    for endpoint in setting.endpoints:
        action = endpoint.action
        conflicts = {code.name for code in action.errors if code.status == CONFLICT} - taken
        if not endpoint.on_rest or not endpoint.leads or action.effect != "write" or not endpoint.ordinary:
            continue
        if action.method == "DELETE":
            continue  # its conflict is about the instance's parts, and not about a second removal
        named = [p for p in endpoint.params if p.required and p.refers_to in model.resources]
        resource = model.resources[str(named[-1].refers_to)] if named else None
        if resource is None or resource.made_by is None or len(resource.ids) != 1:
            continue
        if any(move.action is action and move.to in move.origin_states for move in resource.moves):
            continue
        if resource.made_by.action is not action and conflicts:
            yield resource, named[-1], endpoint


def _maker(setting: Setting, resource: Resource) -> Endpoint | None:
    made_by = resource.made_by
    found = setting.find_lead(str(made_by.action.name)) if made_by is not None else None
    return found if found is not None and found.surface == REST else None


def _may_be_one(setting: Setting, action: Action, name: str) -> bool:
    """True if an argument is a whole number that can be 1."""
    param = action.param(name)
    if param is None or set(types_of(setting.resolve_schema(param.schema))) - {"null"} != {"integer"}:
        return False
    return bool(setting.test((NAME, str(action.name), name), param.schema).is_valid(1))


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe for each contract: two calls at once. For a place, make the place first."""
    del roles
    for resource, unique, endpoint in _unique_makers(setting):
        contract = f"{NAME}/{_unique_detail(resource, unique)}/{endpoint.place}"
        run = partial(_run_unique, resource, unique, endpoint, contract)
        yield Probe(contract, 4, (contract,), TWO, run, (endpoint,), "main", True)
    for resource, takes, endpoint, opener, sizes in _takers(setting):
        contract = f"{NAME}/last/{resource.name}/{endpoint.place}"
        run = partial(_run_last, setting, resource, takes, endpoint, opener, sizes, contract)
        cost = TWO * len(sizes) + TWO
        yield Probe(contract, 4, (contract,), cost, run, (endpoint, opener), "main", True)
    for resource, param, endpoint in _repeatable(setting):
        contract = f"{NAME}/once/{resource.name}/{endpoint.place}"
        run = partial(_run_once, _Repeatable(setting, resource, param, endpoint), contract)
        yield Probe(contract, 5, (contract,), 2 + TWO, run, (endpoint,), "main", True)


def _run_unique(resource: Resource, unique: Unique, endpoint: Endpoint, contract: str) -> Conversation:
    names = " and ".join(unique.members)
    why = f"two calls at once with the same {names}"
    parents = tuple(str(p.name) for p in endpoint.params if p.place == "path" and p.refers_to)
    pair = yield Concurrent(_two_calls(resource, endpoint, why, {}), shared=(*unique.members, *parents))
    yield _judge(contract, resource, pair, f"one {resource.name} with the same {names}")


def _run_last(
    setting: Setting,
    resource: Resource,
    takes: Takes,
    endpoint: Endpoint,
    opener: Endpoint,
    sizes: tuple[str, ...],
    contract: str,
) -> Conversation:
    place = yield from _open_place(setting, resource, takes, opener, sizes)
    if place is None:
        reason = f"no argument of {opener.action.name} sets {takes.counter} to 1"
        yield Judgement(contract, Verdict.NOT_APPLICABLE, reason)
        return
    why = f"two calls at once for the last room of a {takes.of}"
    pair = yield Concurrent(_two_calls(resource, endpoint, why, {takes.of: place}))
    yield _judge(contract, resource, pair, f"one {resource.name} in a {takes.of} that has room for one")


@dataclass(frozen=True, slots=True)
class _Repeatable:
    """An action that can be called twice on one instance, which `param` names."""

    setting: Setting
    resource: Resource
    param: Param
    endpoint: Endpoint

    def on_new_or_other(self, send: Callable[[Mapping[str, Any]], Pair]) -> Pair:
        """Return the calls on an existing instance. If both are refused, others may have acted first: try a
        new instance.
        """
        resource, answers = self.resource, list[Exchange]()
        states = (resource.initial,) if resource.initial else ()
        for new in (False, True):
            one: Mapping[str, Any] = yield InstanceRef(resource.name, states, fresh=True, new=new)
            answers = list((yield from send(one)))
            if any(exchange.success for exchange in answers):
                break
        return answers

    def at_once(self, one: Mapping[str, Any]) -> Pair:
        """Call twice at the same time."""
        why = f"two calls at once of {self.endpoint.action.name} on one {self.resource.name}"
        pair: Sequence[Exchange] = yield Concurrent((self._call(why, one), self._call(why, one)))
        return pair

    def in_a_row(self, one: Mapping[str, Any]) -> Pair:
        """Call twice in a row; once if the first call is refused."""
        name = self.endpoint.action.name
        first: Exchange = yield self._call(f"{name} of a {self.resource.name}", one)
        if not first.success:
            return (first,)
        second: Exchange = yield self._call(f"{name} of the same {self.resource.name} again", one)
        return first, second

    def _call(self, why: str, body: Mapping[str, Any]) -> Call:
        """Return the call on an instance with the required arguments alone."""
        resource, endpoint = self.resource, self.endpoint
        template = template_of(self.setting.model, endpoint.action)
        needed = {str(p.name) for p in endpoint.action.params if p.required}
        least = {name: value for name, value in template.input.items() if name in needed}
        given = {**least, str(self.param.name): resource.value_for(self.param, body)}
        return ordinary(endpoint, template, "explore", why, input=given, subject=resource, made=body)


def _run_once(repeatable: _Repeatable, contract: str) -> Conversation:
    pair = yield from repeatable.on_new_or_other(repeatable.at_once)
    done = [exchange for exchange in pair if exchange.success]
    if not done:
        yield judge_untested(contract, f"neither call was done: {pair[0].outcome}")
        return
    if len(done) < TWO:
        yield judge_kept(contract)
        return
    row = yield from repeatable.on_new_or_other(repeatable.in_a_row)
    if len(row) < TWO:
        yield judge_untested(contract, f"it was not done once: {row[0].outcome}")
    elif row[1].status != CONFLICT:
        yield Judgement(contract, Verdict.NOT_APPLICABLE, f"a second call in a row: {row[1].outcome}")
    else:
        expected = f"one is refused with {row[1].outcome}, as the second of two in a row"
        yield judge_broken(contract, expected, f"both calls were answered with {done[0].status}")


def _open_place(
    setting: Setting, resource: Resource, takes: Takes, opener: Endpoint, sizes: tuple[str, ...]
) -> Generator[Any, Any, Mapping[str, Any] | None]:
    """Make a place whose counter is 1, and return its body; None if no argument leads to such a place."""
    made_by = setting.model.resources[takes.of].made_by
    assert made_by is not None
    for name in sizes:
        why = f"a {takes.of} with room for one {resource.name}"
        given = {**made_by.input, name: 1}
        exchange: Exchange = yield Call(opener, given, "explore", why, fresh=True, apart=True)
        body = at_path(made_by, exchange) if exchange.success and exchange.fits else None
        if not isinstance(body, Mapping):
            continue
        counter = member_named(body, takes.counter)
        if counter is None:
            id = setting.model.resources[takes.of].id_of(body)
            counter = yield from read_counter(setting, resource, {takes.by: id})
        if counter == 1:
            return body
    return None


def _two_calls(
    resource: Resource, endpoint: Endpoint, why: str, bind: Mapping[str, Any]
) -> tuple[Call, Call]:
    """Return two calls that differ in all values which the catalogue makes anew for each call."""
    assert resource.made_by is not None
    given = resource.made_by.input
    surface = endpoint.surface
    first, second = (
        Call(endpoint, given, "explore", why, bind=bind, fresh=True, surface=surface) for _ in range(TWO)
    )
    return first, second


def _judge(contract: str, resource: Resource, pair: Sequence[Exchange], expected: str) -> Judgement:
    """Judge by the ids in two answers. An answer with the other call's id made no instance of its own."""
    made = [exchange for exchange in pair if exchange.success]
    if not made:
        return judge_untested(contract, f"neither call made a {resource.name}: {pair[0].outcome}")
    assert resource.made_by is not None
    bodies = [at_path(resource.made_by, exchange) for exchange in made]
    ids = [resource.id_of(body) for body in bodies]
    if len(made) == 1 or (None not in ids and ids[0] == ids[1]):
        return judge_kept(contract)
    return judge_broken(contract, expected, f"both calls were answered with {made[0].status}")


CHECK = Check(
    NAME,
    __doc__,
    promises,
    probes=probes,
)
