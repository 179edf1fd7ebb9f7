"""A call that only reads changes nothing that another reading action shows.

An instance of the run is read through its lists and reads. Then the reading actions are called with each
value of their enums, and the instance is read again. A difference counts only if two further trials show it
beside a control. `reads_change` declares members that reading may change. An action is never judged by its
own answers.

If the run can receive events or list the audit, each change that these show must come from a call. Rows and
events of reading actions show no change, and neither do late or repeated ones.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from functools import partial
from itertools import pairwise
from typing import Any

from pgagents.catalogue.model.resource import Resource
from pgagents.report.contract import Contract, Verdict
from pgagents.verify.answers.hints import fill, judge_trials, list_fillers, make_probe, say_inferred
from pgagents.verify.answers.observation import (
    ANSWER,
    VERSION,
    Body,
    Difference,
    Observation,
    Place,
    Source,
    control,
    drop_restless,
    list_differences,
    list_sources,
    name_instance,
    observe,
    on_top,
    tell,
    try_again,
)
from pgagents.verify.events import Traces, find_traces, say_unheard
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.promise import Check, Conversation, Probe, judge_broken, judge_kept, promise
from pgagents.verify.setting import Setting
from pgagents.verify.values.schema_values import types_of
from pgagents.verify.wire.call import Alone, Call, InstanceRef, Reads
from pgagents.verify.wire.endpoint import Endpoint

NAME = "hint_read_only"
SAME = "the same before and after it"
MOST_MODES = 5
"""The most calls of one action, each with another value of an enum argument."""
GROWTH = 3
EMPTY: tuple[Any, ...] = (None, "", 0, [], {}, False)


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract for each action that only reads."""
    for endpoint in _list_readers(setting):
        says = f"{endpoint.action.name} changes nothing that other reads show"
        yield promise(NAME, "", endpoint, says, endpoint.action.hints.read_only.origin, endpoint.action.cite)


def _list_readers(setting: Setting) -> Iterator[Endpoint]:
    for action in setting.model.actions:
        endpoint = setting.find_usable_lead(str(action.name))
        if endpoint is not None and action.hints.read_only.value and action.signed is None:
            yield endpoint


def settle_contract(setting: Setting, contract: Contract) -> tuple[Verdict, str] | None:
    """Settle contracts about actions whose effects no other action could show."""
    if _find_case(setting, contract) is not None:
        return None
    guess = _find_case(setting, contract, inferred=True)
    why = "no other action reads what the run makes" if guess is None else say_inferred(guess)
    return Verdict.NOT_APPLICABLE, f"not shown: {why}{say_unheard(setting)}"


def _find_case(setting: Setting, contract: Contract, *, inferred: bool = False) -> Resource | None:
    """Return the resource whose instances would show a change by the contract's action, or None."""
    return next(
        (
            resource
            for resource, _, endpoints in _list_cases(setting, inferred=inferred)
            if any(endpoint.place == contract.place for endpoint in endpoints)
        ),
        None,
    )


def _list_cases(
    setting: Setting, *, inferred: bool = False
) -> Iterator[tuple[Resource, list[Source], list[Endpoint]]]:
    """Yield each resource that the run makes, with its sources and the reading actions that they can judge.

    Inferred resources are only yielded with `inferred`, because a wrong guess would become a finding.
    """
    makers = set()
    for resource in setting.model.resources.values():
        made_by = resource.made_by
        if made_by is None or made_by.action.name in makers or (resource.inferred and not inferred):
            continue
        sources = list_sources(setting, resource)
        judged = [
            e
            for e in _list_readers(setting)
            if any(s.call.action is not e.action for s in sources) and _may_name(setting, resource, e)
        ]
        if judged and setting.find_usable_lead(str(made_by.action.name)) is not None:
            makers.add(made_by.action.name)
            yield resource, sources, judged


def _may_name(setting: Setting, resource: Resource, endpoint: Endpoint) -> bool:
    """True if the action's arguments refer to this resource, or to none that the run makes."""
    named = {p.refers_to for p in endpoint.params if p.refers_to and p.required}
    own = {n for n in named if (r := setting.model.resources.get(n)) is not None and r.made_by is not None}
    return not own or resource.name in own


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe for each resource: it calls all readers together, and one by one only if something
    changed.
    """
    del roles
    first = True
    for resource, sources, readers in _list_cases(setting):
        traces = find_traces(setting, resource)
        modes = {e.place: _list_modes(setting, resource, e, all_modes=first) for e in readers}
        ids = tuple(f"{NAME}/{e.place}" for e in readers)
        fillers = list_fillers(setting, resource)
        cost = 4 * len(sources) + 2 * (1 + len(fillers)) + sum(len(several) for several in modes.values())
        cost += traces.cost + bool(traces.members)
        run = partial(_run, setting, resource, sources, readers, modes, traces)
        name = f"{NAME}/{resource.name}"
        yield make_probe(
            name, ids, cost, run, tuple(readers), resource, sources, fillers, alone=bool(traces.cost)
        )
        first = False


def _list_modes(
    setting: Setting, resource: Resource, endpoint: Endpoint, *, all_modes: bool
) -> list[dict[str, Any]]:
    """Return the arguments of the calls: the usual ones, then the same with each other value of an enum."""
    usual = dict(template_of(setting.model, endpoint.action).input)
    names = any(p.refers_to == resource.name for p in endpoint.params)
    found = [usual]
    for param in endpoint.params if all_modes or names else ():
        schema = setting.resolve_schema(param.schema)
        values = list(schema.get("enum") or ((True, False) if types_of(schema) == ("boolean",) else ()))
        if param.place != "header" and param.refers_to is None:
            given = usual.get(str(param.name), schema.get("default"))
            found += [{**usual, str(param.name): v} for v in values if v != given and v is not None]
    return found[: MOST_MODES + 1]


Modes = Mapping[str, list[dict[str, Any]]]


def _run(
    setting: Setting,
    resource: Resource,
    sources: list[Source],
    readers: list[Endpoint],
    modes: Modes,
    traces: Traces,
) -> Conversation:
    lists, reads = [s for s in sources if s.lists], [s for s in sources if not s.lists]
    groups = [
        (lists, [e for e in readers if not _is_among(e, lists)]),
        (reads, [e for e in readers if _is_among(e, lists) or not lists]),
    ]

    fillers = list_fillers(setting, resource)
    yield from traces.listen()
    for by, several in groups:
        tried = [e for e in several if any(s.call.action is not e.action for s in by)]
        if not tried:
            continue
        body: Body = yield InstanceRef(resource.name, fresh=True, new=True)
        traces.begin()
        empty = (yield from observe(by, [body], "before anything changes it")) if fillers else None
        yield from fill(setting, fillers, body, traces)
        before = yield from observe(by, [body], "before what only reads")
        same = yield from observe(by, [body], "as the control")
        yield Reads(tuple(c for e in tried for c in _list_calls(setting, resource, e, body, modes)))
        after = yield from observe(by, [body], "after what only reads")
        told = yield from traces.observe(body)
        if before is None or same is None or after is None:
            continue
        own = list_differences(before, same)
        if own or told or list_differences(same, after):
            yield Alone()
        grown = {place for place in own if place[1] == ANSWER}
        if grown and by is lists:
            for endpoint in (e for e in readers if _is_among(e, lists)):
                yield from on_top(_judge_growth(resource, lists, endpoint))
        changed = bool(told) or bool(list_differences(same, after) - own)
        fills = [
            *([True] if changed else []),
            *([False] if _differs(setting, empty, before, own) else []),
        ]
        for endpoint in tried:
            for filled in fills:
                alone = _judge_alone(setting, resource, by, endpoint, modes, traces, filled=filled)
                yield from on_top(alone)
            if not fills:
                yield judge_kept(f"{NAME}/{endpoint.place}", traces.without(endpoint.action).say_unseen())


def _differs(setting: Setting, empty: Observation | None, filled: Observation, restless: set[Place]) -> bool:
    """True if the instance changed more than the calls that add to it may change; the run has read it in
    between.
    """
    fillers = [action for action in setting.model.actions if not action.hints.read_only.value]
    free = {name for action in fillers for name in action.may_change}
    free |= {str(param.wire) for action in fillers for param in action.params}
    places = list_differences(empty, filled) - restless if empty is not None else ()
    return any(
        number == 0
        and path not in free
        and not VERSION.search(path)
        and not isinstance(filled.get((label, number, path)), list)
        for label, number, path in places
    )


def _is_among(endpoint: Endpoint, sources: list[Source]) -> bool:
    return any(source.call.action is endpoint.action for source in sources)


def _list_calls(
    setting: Setting, resource: Resource, endpoint: Endpoint, body: Body, modes: Modes
) -> Iterator[Call]:
    """Yield a read with each variant of its arguments. It reads the instance, if it can."""
    usual, why = template_of(setting.model, endpoint.action), "a call that only reads"
    other = usual.subject is not None and usual.subject.name != resource.name
    for given in modes[endpoint.place]:
        if other and not any(p.refers_to == resource.name for p in endpoint.params):
            yield ordinary(endpoint, usual, "explore", why, input=given)
        else:
            named = name_instance(resource, endpoint, body, given)
            yield ordinary(
                endpoint, usual, "explore", why, input=named, subject=resource, states=(), made=body
            )


def _judge_alone(
    setting: Setting,
    resource: Resource,
    sources: list[Source],
    endpoint: Endpoint,
    modes: Modes,
    traces: Traces,
    *,
    filled: bool,
) -> Generator[Any, Any, None]:
    """Judge one reader on new instances, which may be filled before."""
    contract = f"{NAME}/{endpoint.place}"
    traces = traces.without(endpoint.action)
    by = [s for s in sources if s.call.action is not endpoint.action]

    def trial(careful: bool) -> Generator[Any, Any, Difference | None]:
        body: Body = yield InstanceRef(resource.name, fresh=True, new=True)
        traces.begin()
        if filled:
            yield from fill(setting, list_fillers(setting, resource), body, traces)
        alone = (yield from control(by, [body], len(modes[endpoint.place]), traces)) if careful else set()
        if alone is None:
            return None
        seen: list[Observation] = []
        for number in range(3):
            if number:
                yield Reads(tuple(_list_calls(setting, resource, endpoint, body, modes)))
            found = yield from observe(by, [body], "around what only reads", traces)
            if found is None:
                return None
            seen.append(found)
        first, second = (list_differences(*pair) for pair in pairwise(seen))
        lasting = {p for p in first if p in second or seen[0].get(p) not in EMPTY or p[1] == ANSWER}
        lasting |= {p for p in first if isinstance(seen[0].get(p), bool)}
        told = tell(lasting - alone, seen[0], seen[1])
        return (yield from drop_restless(by, [body], seen[2], told, traces))

    yield from judge_trials(contract, trial, SAME, unseen=traces.say_unseen)


def _judge_growth(resource: Resource, lists: list[Source], endpoint: Endpoint) -> Generator[Any, Any, None]:
    """Judge that calls of a list do not increase the list's own counts: more calls in the same time add no
    more.
    """
    by = [s for s in lists if s.call.action is endpoint.action and not s.counter]

    def trial(careful: bool) -> Generator[Any, Any, Difference | None]:
        body: Body = yield InstanceRef(resource.name)
        if careful:
            yield from control(by, [body], 0)
        seen: list[Observation] = []
        for number in range(3):
            for _ in range(GROWTH if number == 2 else 0):
                yield from observe(by, [body], "a list that is read several times")
            found = yield from observe(by, [body], "a list that is read several times")
            if found is None:
                return None
            seen.append(found)
        grown = {p for p in list_differences(seen[1], seen[2]) if p[1] == ANSWER and _grows(p, seen)}
        return tell(grown, seen[1], seen[2])

    changed = yield from try_again(trial)
    if changed:
        contract = f"{NAME}/{endpoint.place}"
        yield judge_broken(contract, f"{SAME}, in three trials", changed[min(changed)][0])


def _grows(place: Place, seen: list[Observation]) -> bool:
    """True if a count rises with the number of calls: by one step before, and by several steps after."""
    first, second, third = (found.get(place, 0) for found in seen)
    step = second - first
    return bool(step > 0 and third - second == step * (GROWTH + 1))


CHECK = Check(NAME, __doc__, promises, probes=probes, settled=settle_contract)
