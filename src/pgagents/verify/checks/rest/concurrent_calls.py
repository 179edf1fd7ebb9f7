"""Two simultaneous calls never both get what only one may have: a unique value, the last free place, a
transition, or all that a number has (CWE-367).

Two creating calls are sent at once. They have equal values in the unique members, or need a place that was
made for one only. An action on an instance is called twice at once. If both calls succeed, it is called twice
in a row on another instance, and the second of those must not be a conflict. A server that checks first and
writes afterwards accepts both. Where a resource's law bounds a number, as `read.left >= 0`, two calls take
all of it at once, and then the law holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from pgagents.base.cel.expression import Scope
from pgagents.base.text import plain_word
from pgagents.catalogue.model.action import Action, ActionCall, Law, Param
from pgagents.catalogue.model.resource import Resource, Takes, Unique
from pgagents.report.contract import Rank, Verdict
from pgagents.verify.answers.observation import read_counter
from pgagents.verify.fixtures.instance import at_path, find_read, member_named, names_in
from pgagents.verify.fixtures.target import as_called
from pgagents.verify.judgement import Judgement, Untested, conclude, demand
from pgagents.verify.laws import evaluate_law
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.values.schema_values import types_of
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.call import Call, Concurrent, InstanceRef
from pgagents.verify.wire.endpoint import REST, Endpoint
from pgagents.verify.wire.exchange import CONFLICT, Exchange

TWO = 2
MUCH = re.compile(r"quantity|amount|count|number|credit|points|units|seats|pages|howmany")
"""Plain names of how much a call takes of a number; the hours of a hold take nothing from another number."""


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield a case for each set of unique members, each counter that can be made one, and each action that
    may conflict with itself.
    """
    del roles
    for resource, unique, endpoint in _unique_makers(setting):
        names = " and ".join(unique.members)
        says = f"two calls of {endpoint.action.name} at once make one {resource.name} with the same {names}"
        attempt = Attempt(partial(_take_value, resource=resource, unique=unique), cost=TWO, writes=True)
        detail = f"unique/{resource.name}/{'+'.join(unique.members)}"
        yield Case(endpoint, says, unique.origin, attempt, detail, unique.cite)
    for resource, takes, endpoint, opener, sizes in _takers(setting):
        says = f"two calls of {endpoint.action.name} at once do not both take the last room of a {takes.of}"
        attempt = Attempt(
            partial(_take_last, resource=resource, takes=takes, opener=opener, sizes=sizes),
            cost=TWO * len(sizes) + TWO,
            endpoints=(endpoint, opener),
            writes=True,
        )
        cite = resource.cite or endpoint.action.cite
        yield Case(endpoint, says, takes.origin, attempt, f"last/{resource.name}", cite)
    for resource, param, endpoint in _repeatable(setting):
        says = f"two calls of {endpoint.action.name} at once on one {resource.name} do what two in a row do"
        run = partial(_act_twice, resource=resource, param=param)
        attempt = Attempt(run, stage=5, cost=2 + TWO)
        detail = f"once/{resource.name}"
        # that the second is refused was seen and a document may list it; of two at once none says anything
        origin = next((m.origin for m in resource.moves if m.action is endpoint.action), resource.origin)
        yield Case(endpoint, says, origin, attempt, detail, resource.cite)
    yield from _list_bound_cases(setting)


@dataclass(frozen=True, slots=True)
class _Bound:
    """A law about a number of an instance, and the argument that may take as much as it has."""

    resource: Resource
    law: Law
    member: str
    param: Param
    named: Param
    read: ActionCall
    reader: Endpoint


def _list_bound_cases(setting: Setting) -> Iterator[Case]:
    """Yield a case for each POST on an instance that takes a number, and each law about a member."""
    for resource in setting.model.resources.values():
        found = find_read(setting, resource) if resource.made_by is not None else None
        if found is None:
            continue
        for endpoint in setting.list_naming(resource.name):
            params = _find_number(setting, resource, endpoint)
            for law, member in _list_bounds(resource) if params is not None else ():
                assert params is not None
                run = partial(_take_all, bound=_Bound(resource, law, member, *params, *found))
                attempt = Attempt(run, stage=5, cost=TWO + TWO, endpoints=(endpoint, found[1]))
                says = f"leave a {resource.name} with {law.that.wording}"
                claim = f"two calls of {endpoint.action.name} at once {says}"
                detail = f"law/{resource.name}/{law.name}"
                yield Case(endpoint, claim, law.origin, attempt, detail, resource.cite)


def _find_number(setting: Setting, resource: Resource, endpoint: Endpoint) -> tuple[Param, Param] | None:
    """Return the only number among a POST's arguments, and the one that names the instance; else None.

    A PUT or PATCH sets a number and takes nothing (RFC 9110, 9.3.4).
    """
    action, made_by = endpoint.action, resource.made_by
    if not endpoint.on_rest or not endpoint.leads or action.method != "POST" or not endpoint.ordinary:
        return None
    named = [p for p in endpoint.params if p.required and p.refers_to == resource.name]
    kinds = ((p, {*types_of(setting.resolve_schema(p.schema))} - {"null"}) for p in endpoint.params)
    numbers = [p for p, kind in kinds if kind and kind <= {"integer", "number"} and not p.refers_to]
    makes = made_by is None or made_by.action is action
    fits = len(named) == len(numbers) == 1 and len(resource.ids) == 1 and not makes
    return (numbers[0], named[0]) if fits and MUCH.search(plain_word(str(numbers[0].name))) else None


def _list_bounds(resource: Resource) -> Iterator[tuple[Law, str]]:
    """Yield each law about one member of what a read shows, with the member."""
    for law in resource.laws:
        members = {path for part in law.parts for path in part.paths.get("read", ())}
        if law.names <= {"read", "env"} and len(members) == 1 and len(next(iter(members))) == 1:
            yield law, str(next(iter(members))[0])


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _take_all(trial: Trial, bound: _Bound) -> None:
    """Take all that a number has, twice at once, and read what is left."""
    resource, member, name = bound.resource, bound.member, trial.action.name
    wanted = as_called(trial.setting.model, trial.action, InstanceRef(resource.name, fresh=True))
    instance = trial.ask(replace(wanted, new=True))
    why = f"{member} of a {resource.name}"
    look = Call(bound.reader, bound.read.input, "explore", why, subject=resource, made=instance)
    before = demand(trial.ask(look))
    shown = at_path(bound.read, before) if before.success else None
    there = shown.get(member) if isinstance(shown, Mapping) else None
    test = trial.setting.test_argument(trial.endpoint, bound.param)
    if not _is_number(there) or (there or 0) <= 0 or not test.is_valid(there):
        conclude(trial.unseen(f"{member} is {there!r}, which {bound.param.name} cannot take"))
        return
    needed = {str(p.name) for p in trial.action.params if p.required}
    least = {other: value for other, value in trial.template.input.items() if other in needed}
    own = {str(bound.named.name): resource.value_for(bound.named, instance), str(bound.param.name): there}
    why = f"two calls at once of {name} take all of {member}"
    call = trial.call("explore", why, input={**least, **own}, subject=resource, made=instance)
    pair: Sequence[Exchange] = trial.ask(Concurrent((call, call)))
    _demand_answers(pair)
    after = trial.ask(replace(look, why=f"what two calls of {name} left", again=True))
    left = at_path(bound.read, after) if after.success else None
    if not isinstance(left, Mapping):
        raise Untested(f"it was not read afterwards: {after.outcome}")
    scope = Scope({"read": left, "env": trial.setting.model.env})
    result = evaluate_law(bound.law, scope)
    if result.outcome not in ("held", "broken"):
        raise Untested(f"the law says nothing of what is left: {result.why}")
    problem = f"{member} is {{left}} after both" if result.outcome == "broken" else ""
    judged = trial.judge(bound.law.that.wording, problem, left=left.get(member))
    conclude(judged.at_member(member) if problem else judged)


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
        # a lot's `capacity`: which argument sets the counter, nobody says
        sizes = tuple(n for n in place.made_by.input if _may_be_one(setting, opener.action, n))
        if sizes:
            yield resource, takes, endpoint, opener, sizes


def _repeatable(setting: Setting) -> Iterator[tuple[Resource, Param, Endpoint]]:
    """Yield actions for which two calls on one instance may conflict, with the argument that is the
    instance's id.

    An action that leads to one of its own starting states is left out, because it may be repeated.
    """
    model = setting.model
    for endpoint in setting.endpoints:
        action = endpoint.action
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
        conflicts = {code.name for code in action.errors if code.status == CONFLICT}
        if resource.made_by.action is not action and conflicts - _list_taken(setting, action):
            yield resource, named[-1], endpoint


def _list_taken(setting: Setting, action: Action) -> set[str]:
    """Return the errors for a value that another instance has, which an action may set.

    Such a value is refused whether two calls come at once or not.
    """
    set_by_it = {str(param.name) for param in action.params if param.place != "path"}
    return {
        unique.otherwise.name
        for resource in setting.model.resources.values()
        for unique in resource.unique
        if (resource.made_by is not None and resource.made_by.action is action)
        or not set_by_it.isdisjoint(unique.members)
    }


def _maker(setting: Setting, resource: Resource) -> Endpoint | None:
    """Return the create on REST: a race is one of the database behind all surfaces."""
    made_by = resource.made_by
    found = setting.find_lead(str(made_by.action.name)) if made_by is not None else None
    return found if found is not None and found.surface == REST else None


def _may_be_one(setting: Setting, action: Action, name: str) -> bool:
    """True if an argument is a whole number that can be 1."""
    param = action.param(name)
    if param is None or set(types_of(setting.resolve_schema(param.schema))) - {"null"} != {"integer"}:
        return False
    return bool(setting.test(("concurrent_calls", str(action.name), name), param.schema).is_valid(1))


def _take_value(trial: Trial, resource: Resource, unique: Unique) -> None:
    names = " and ".join(unique.members)
    why = f"two calls at once with the same {names}"
    # GitHub's labels are unique within a repository
    parents = tuple(str(p.name) for p in trial.endpoint.params if p.place == "path" and p.refers_to)
    calls = _two_calls(trial.endpoint, resource, why, {})
    pair = trial.ask(Concurrent(calls, shared=(*unique.members, *unique.overlaps, *parents)))
    conclude(_judge(trial, resource, pair, f"one {resource.name} with the same {names}"))


def _take_last(
    trial: Trial, resource: Resource, takes: Takes, opener: Endpoint, sizes: tuple[str, ...]
) -> None:
    place = _open_place(trial.setting, resource, takes, opener, sizes)
    if place is None:
        reason = f"no argument of {opener.action.name} sets {takes.counter} to 1"
        conclude(Judgement(trial.contract, Verdict.NOT_APPLICABLE, reason))
        return
    why = f"two calls at once for the last room of a {takes.of}"
    pair = trial.ask(Concurrent(_two_calls(trial.endpoint, resource, why, {takes.of: place})))
    conclude(_judge(trial, resource, pair, f"one {resource.name} in a {takes.of} that has room for one"))


def _act_twice(trial: Trial, resource: Resource, param: Param) -> None:
    """Call an action twice at once on one instance; if both calls succeed, twice in a row on another."""
    name = trial.action.name
    wanted = as_called(trial.setting.model, trial.action, InstanceRef(resource.name, fresh=True))
    wanted = replace(wanted, new=True)  # another check may have used up one that exists
    # what is optional may be made anew for each call: then the two differ in more than their moment
    needed = {str(p.name) for p in trial.action.params if p.required}
    least = {other: value for other, value in trial.template.input.items() if other in needed}
    body = {str(p.name) for p in trial.action.params if p.place == "body"}
    if body and body.isdisjoint(least):  # a change of nothing may be refused
        least = dict(trial.template.input)

    def call(why: str, instance: Mapping[str, Any]) -> Call:
        arguments = {**least, str(param.name): resource.value_for(param, instance)}
        return trial.call("explore", why, input=arguments, subject=resource, made=instance)

    def call_first(row: Sequence[Exchange]) -> Exchange:
        """Call it on a new instance with the values that were refused: what they met may be older."""
        instance = trial.ask(wanted)
        own = {other for other, value in least.items() if names_in((value,)) & {"resource", resource.name}}
        kept = {other: value for other, value in row[1].input.items() if other in least.keys() - own}
        arguments = {**least, **kept, str(param.name): resource.value_for(param, instance)}
        why = f"{name} of another {resource.name} with the values that were refused"
        return trial.ask(trial.call("explore", why, input=arguments, subject=resource, made=instance))

    instance, why = trial.ask(wanted), f"two calls at once of {name} on one {resource.name}"
    pair: Sequence[Exchange] = trial.ask(Concurrent((call(why, instance), call(why, instance))))
    done = _demand_answers(pair)
    if len(done) < TWO:
        conclude(trial.kept())
        return
    instance = trial.ask(wanted)
    row = [trial.ask(call(f"{name} of a {resource.name}", instance))]
    if not row[0].success:
        raise Untested(f"it was not done once: {row[0].outcome}")
    row.append(demand(trial.ask(call(f"{name} of the same {resource.name} again", instance))))
    if row[1].status != CONFLICT:
        reason = f"a second call in a row: {row[1].outcome}"
        conclude(Judgement(trial.contract, Verdict.NOT_APPLICABLE, reason))
    elif _are_equal(row, param) and not _are_equal(pair, param):
        conclude(trial.untested("the two calls at once had different values"))
    elif not (first := call_first(row)).success:
        conclude(trial.untested(f"a first call with these values is not done either: {first.outcome}"))
    else:
        expected = f"one is refused with {row[1].outcome}, as the second of two in a row"
        conclude(trial.broken(expected, f"both calls were answered with {done[0].status}"))


def _demand_answers(pair: Sequence[Exchange]) -> list[Exchange]:
    """Return those of two calls that were done. Raises Untested if there are none, or if one was put off or
    failed: SQLite's or PostgreSQL's refusal of a transaction is often a 503 or a 500.
    """
    done = [answer for answer in pair if answer.success]
    failed = next((a for a in pair if not a.success and (a.void or a.status >= 500)), None)
    if not done or failed is not None:
        raise Untested(f"it was not done, or one call failed: {(failed or pair[0]).outcome}")
    return done


def _are_equal(pair: Sequence[Exchange], param: Param) -> bool:
    """True if two calls differ in nothing but the instance that they name."""
    first, second = ({n: v for n, v in each.input.items() if n != param.name} for each in pair)
    return first == second


def _open_place(
    setting: Setting, resource: Resource, takes: Takes, opener: Endpoint, sizes: tuple[str, ...]
) -> Mapping[str, Any] | None:
    """Make a place whose counter is 1, and return its body; None if no argument leads to such a place."""
    made_by, unread = setting.model.resources[takes.of].made_by, False
    assert made_by is not None
    for name in sizes:
        why = f"a {takes.of} with room for one {resource.name}"
        given = {**made_by.input, name: 1}
        exchange = demand(ask(Call(opener, given, "explore", why, fresh=True, apart=True)))
        body = at_path(made_by, exchange) if exchange.success and exchange.fits else None
        if not isinstance(body, Mapping):
            continue
        counter = member_named(body, takes.counter)
        if counter is None:
            id = setting.model.resources[takes.of].id_of(body)
            counter = read_counter(setting, resource, {takes.by: id})
        if counter == 1:
            return body
        unread = unread or counter is None
    if unread:
        raise Untested(f"nothing shows the {takes.counter} of a new {takes.of}")
    return None


def _two_calls(
    endpoint: Endpoint, resource: Resource, why: str, bind: Mapping[str, Any]
) -> tuple[Call, Call]:
    """Return two calls that differ in all values which the catalogue makes anew for each call."""
    assert resource.made_by is not None
    arguments, surface = resource.made_by.input, endpoint.surface
    first, second = (
        Call(endpoint, arguments, "explore", why, bind=bind, fresh=True, surface=surface) for _ in range(TWO)
    )
    return first, second


def _judge(trial: Trial, resource: Resource, pair: Sequence[Exchange], expected: str) -> Judgement:
    """Judge by the ids in two answers. An answer with the other call's id made no instance of its own, as an
    upsert's (SQL's ON CONFLICT).
    """
    made = _demand_answers(pair)
    assert resource.made_by is not None
    bodies = [at_path(resource.made_by, answer) for answer in made]
    ids = [resource.id_of(body) for body in bodies]
    if None in ids:  # a 202 may still be refused (RFC 9110, 15.3.3)
        return trial.untested(f"an answer names no {resource.name}: {made[0].outcome}")
    if len(made) == 1 or ids[0] == ids[1]:
        return trial.kept()
    return trial.broken(expected, f"both calls were answered with {made[0].status}")


CHECK = make_check("concurrent_calls", __doc__, cases, stage=4, rank=Rank.WRONG)
