"""A call that only reads changes nothing that another reading action shows.

An instance of the run is read through its lists and reads. Then the reading actions are called with each
value of their enums, and the instance is read again. A difference counts only if two further trials show it
beside a control. `reads_change` declares members that reading may change. An action is never judged by its
own answers.

Tools that only an MCP server has may show nothing that the run makes. All of them are called between two
readings of what the others show. If an answer changed, they are called one by one, in three trials with a
control.

If the run can receive events or list the audit, each change that these show must come from a call. Rows and
events of reading actions show no change, and neither do late or repeated ones.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from pgagents.catalogue.model.resource import Resource
from pgagents.report.contract import Rank, Verdict
from pgagents.verify.answers.effects import SAME, compare_looks, judge_effect
from pgagents.verify.answers.hints import (
    STAGE,
    fill,
    list_fillers,
    make_attempt,
    say_inferred,
)
from pgagents.verify.answers.observation import (
    ANSWER,
    VERSION,
    Body,
    Difference,
    Observation,
    Place,
    Source,
    control,
    list_differences,
    list_sources,
    name_instance,
    observe,
    on_top,
    tell,
    try_again,
)
from pgagents.verify.cases.tool_effects import MOST_CALLS, ReadingTool, cut_groups, try_tools
from pgagents.verify.events import Traces, find_traces, say_unheard
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.promise import Attempt, Case, Trial, conclude, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.values.schema_values import types_of
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.call import Alone, Call, InstanceRef, Reads
from pgagents.verify.wire.endpoint import MCP, Endpoint

MOST_MODES = 5
"""The most calls of one action, each with another value of an enum argument."""
GROWTH = 3


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield one case for each action that only reads. An attempt calls all readers of a resource together,
    and one by one only if something changed.
    """
    del roles
    attempts = list(_list_attempts(setting))
    attempts += _list_tool_attempts(setting, [e.place for a in attempts for e in a.endpoints or ()])
    for endpoint in _list_readers(setting):
        says = f"{endpoint.action.name} changes nothing that other reads show"
        origin = endpoint.action.hints.read_only.origin
        own = [attempt for attempt in attempts if endpoint in (attempt.endpoints or ())]
        if own:
            yield Case(endpoint, says, origin, own[0], further=own[1:])
        else:
            settled = Verdict.NOT_APPLICABLE, _explain_unseen(setting, endpoint)
            yield Case(endpoint, says, origin, settled=settled)


def _list_attempts(setting: Setting) -> Iterator[Attempt]:
    first = True
    for resource, sources, readers in _list_observed(setting):
        traces = find_traces(setting, resource)
        modes = {e.place: _list_modes(setting, resource, e, all_modes=first) for e in readers}
        fillers = list_fillers(setting, resource)
        cost = 4 * len(sources) + 2 * (1 + len(fillers)) + sum(len(several) for several in modes.values())
        yield make_attempt(
            resource,
            sources,
            fillers,
            alone=bool(traces.cost),
            together=partial(_try, resource, sources, modes, traces),
            cost=cost + traces.cost + bool(traces.members),
            endpoints=tuple(readers),
            probe=f"hint_read_only/{resource.name}",
        )
        first = False


def _list_tool_attempts(setting: Setting, tried: Collection[str]) -> Iterator[Attempt]:
    """Yield attempts of tools that only an MCP server has, and that no other attempt tries."""
    readers = [
        ReadingTool(str(endpoint.action.name), _make_calls(setting, endpoint))
        for endpoint in _list_readers(setting)
        if endpoint.place not in tried
        and setting.model.is_only_tool(endpoint.action)
        and not any(p.refers_to and p.required for p in endpoint.params)
    ]
    endpoints = {str(e.action.name): e for e in _list_readers(setting)}
    for number, group in enumerate(cut_groups(readers) if len(readers) > 1 else ()):
        sources = next(cut_groups(readers))
        yield Attempt(
            together=partial(_try_tools, sources, group),
            stage=STAGE,
            cost=sum(len(tool.calls) for tool in group) + 2 * len(sources),
            endpoints=tuple(endpoints[tool.name] for tool in group),
            probe=f"hint_read_only/tools-{number + 1}@{MCP}",
        )


def _make_calls(setting: Setting, endpoint: Endpoint) -> tuple[Call, ...]:
    template = template_of(setting.model, endpoint.action)
    modes = _list_modes(setting, None, endpoint, all_modes=True)[:MOST_CALLS]
    why = "a call that only reads"
    return tuple(ordinary(endpoint, template, "explore", why, input=arguments) for arguments in modes)


def _try_tools(sources: Sequence[ReadingTool], group: Sequence[ReadingTool], trials: Sequence[Trial]) -> None:
    by_name = {str(trial.action.name): trial for trial in trials}
    return try_tools(sources, [replace(tool, trial=by_name[tool.name]) for tool in group])


def _list_readers(setting: Setting) -> list[Endpoint]:
    """Return an endpoint of each action that only reads, computed once a run."""

    def find() -> list[Endpoint]:
        reading = (a for a in setting.model.actions if a.hints.read_only.value and a.signed is None)
        leads = (setting.find_usable_lead(str(action.name)) for action in reading)
        return [endpoint for endpoint in leads if endpoint is not None]

    return setting.compute_once_here("reading endpoints", find)


def _explain_unseen(setting: Setting, endpoint: Endpoint) -> str:
    def find() -> dict[str, Resource]:
        guesses: dict[str, Resource] = {}
        for resource, _, readers in _list_observed(setting, inferred=True):
            for reader in readers:
                guesses.setdefault(reader.place, resource)
        return guesses

    guess = setting.compute_once_here("guessed observers", find).get(endpoint.place)
    why = "no other action reads what the run makes" if guess is None else say_inferred(guess)
    return f"not shown: {why}{say_unheard(setting)}"


def _list_observed(
    setting: Setting, *, inferred: bool = False
) -> Iterator[tuple[Resource, list[Source], list[Endpoint]]]:
    """Yield each resource that the run makes, with its sources and the reading actions that they can judge.

    Inferred resources are only yielded with `inferred`, because a wrong guess would become a finding. Then a
    reader that needs no instance comes once, with the first resource that shows what it does.
    """
    makers = set()
    readers, naming = _list_readers(setting), _group_readers(setting)
    free = naming.get("", ())
    for resource in setting.model.resources.values():
        made_by = resource.made_by
        if made_by is None or made_by.action.name in makers or (resource.is_seen_by_guess and not inferred):
            continue
        sources = list_sources(setting, resource)
        others = [s.call.action for s in sources]
        able = [
            number
            for number in sorted((*free, *naming.get(resource.name, ())))
            if any(action is not readers[number].action for action in others)
        ]
        judged = [readers[number] for number in able]
        free = [number for number in free if number not in able] if inferred else free
        if judged and setting.find_usable_lead(str(made_by.action.name)) is not None:
            makers.add(made_by.action.name)
            yield resource, sources, judged


def _group_readers(setting: Setting) -> Mapping[str, Sequence[int]]:
    """Return the numbers of the reading endpoints by each resource of the run that their arguments need, and
    by an empty text if they need none.
    """

    def group() -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for number, endpoint in enumerate(_list_readers(setting)):
            named = dict.fromkeys(p.refers_to for p in endpoint.params if p.refers_to and p.required)
            resources = [r for n in named if (r := setting.model.resources.get(n)) is not None]
            for name in [r.name for r in resources if r.made_by is not None] or [""]:
                found.setdefault(name, []).append(number)
        return found

    return setting.compute_once_here("readers by what they need", group)


def _list_modes(
    setting: Setting, resource: Resource | None, endpoint: Endpoint, *, all_modes: bool
) -> list[dict[str, Any]]:
    """Return the arguments of the calls: the usual ones, then the same with each other value of an enum."""
    usual = dict(template_of(setting.model, endpoint.action).input)
    names = resource is not None and any(p.refers_to == resource.name for p in endpoint.params)
    modes = [usual]
    for param in endpoint.params if all_modes or names else ():
        schema = setting.resolve_schema(param.schema)
        values = list(schema.get("enum") or ((True, False) if types_of(schema) == ("boolean",) else ()))
        if param.place != "header" and param.refers_to is None:
            sent = usual.get(str(param.name), schema.get("default"))
            others = (value for value in values if value != sent and value is not None)
            modes += [{**usual, str(param.name): value} for value in others]
    return modes[: MOST_MODES + 1]


Modes = Mapping[str, list[dict[str, Any]]]


def _try(
    resource: Resource, sources: list[Source], modes: Modes, traces: Traces, trials: Sequence[Trial]
) -> None:
    setting = trials[0].setting
    lists, reads = [s for s in sources if s.lists], [s for s in sources if not s.lists]
    groups = [
        (lists, [trial for trial in trials if not _is_among(trial.endpoint, lists)]),
        (reads, [trial for trial in trials if _is_among(trial.endpoint, lists) or not lists]),
    ]

    fillers = list_fillers(setting, resource)
    traces.listen()
    for by, several in groups:
        tried = [trial for trial in several if any(s.call.action is not trial.action for s in by)]
        if not tried:
            continue
        body: Body = ask(InstanceRef(resource.name, fresh=True, new=True))
        traces.begin()
        empty = observe(by, [body], "before anything changes it") if fillers else None
        fill(setting, fillers, body, traces)
        before = observe(by, [body], "before what only reads")
        same = observe(by, [body], "as the control")
        ask(Reads(tuple(call for trial in tried for call in _list_calls(trial, resource, body, modes))))
        after = observe(by, [body], "after what only reads")
        traced = traces.observe(body)
        if before is None or same is None or after is None:
            continue
        own = list_differences(before, same)
        if own or traced or list_differences(same, after):
            ask(Alone())
        grown = {place for place in own if place[1] == ANSWER}
        if grown and by is lists:
            for trial in (trial for trial in trials if _is_among(trial.endpoint, lists)):
                with on_top():
                    _judge_growth(trial, resource, lists)
        changed = bool(traced) or bool(list_differences(same, after) - own)
        fills = [
            *([True] if changed else []),
            *([False] if _differs(setting, empty, before, own) else []),
        ]
        for trial in tried:
            for filled in fills:
                with on_top():
                    _judge_alone(trial, resource, by, modes, traces, filled=filled)
            if not fills:
                conclude(trial.kept(traces.without(trial.action).say_unseen()))


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


def _list_calls(trial: Trial, resource: Resource, body: Body, modes: Modes) -> Iterator[Call]:
    """Yield a read with each variant of its arguments. It reads the instance, if it can."""
    usual, endpoint, why = trial.template, trial.endpoint, "a call that only reads"
    other = usual.subject is not None and usual.subject.name != resource.name
    for arguments in modes[endpoint.place]:
        if other and not any(p.refers_to == resource.name for p in endpoint.params):
            yield trial.call("explore", why, input=arguments)
        else:
            named = name_instance(resource, endpoint, body, arguments)
            yield trial.call("explore", why, input=named, subject=resource, states=(), made=body)


def _judge_alone(
    trial: Trial,
    resource: Resource,
    sources: list[Source],
    modes: Modes,
    traces: Traces,
    *,
    filled: bool,
) -> None:
    """Judge one reader on new instances, which may be filled before."""
    setting, endpoint = trial.setting, trial.endpoint
    traces = traces.without(endpoint.action)
    by = [s for s in sources if s.call.action is not endpoint.action]

    def compare(careful: bool) -> Difference | None:
        body: Body = ask(InstanceRef(resource.name, fresh=True, new=True))
        traces.begin()
        if filled:
            fill(setting, list_fillers(setting, resource), body, traces)
        reads = Reads(tuple(_list_calls(trial, resource, body, modes)))
        return compare_looks(
            SAME,
            by,
            [body],
            [partial(ask, reads)] * 2,
            calls=len(modes[endpoint.place]),
            careful=careful,
            traces=traces,
        )

    judge_effect(trial, compare, SAME.says, traces.say_unseen)


def _judge_growth(trial: Trial, resource: Resource, lists: list[Source]) -> None:
    """Judge that calls of a list do not increase the list's own counts: more calls in the same time add no
    more.
    """
    by = [s for s in lists if s.call.action is trial.action and not s.counter]

    def compare(careful: bool) -> Difference | None:
        body: Body = ask(InstanceRef(resource.name))
        if careful:
            control(by, [body], 0)
        seen: list[Observation] = []
        for number in range(3):
            for _ in range(GROWTH if number == 2 else 0):
                observe(by, [body], "a list that is read several times")
            observation = observe(by, [body], "a list that is read several times")
            if observation is None:
                return None
            seen.append(observation)
        grown = {p for p in list_differences(seen[1], seen[2]) if p[1] == ANSWER and _grows(p, seen)}
        return tell(grown, seen[1], seen[2])

    changed = try_again(compare)
    if changed:
        conclude(trial.broken(f"{SAME.says}, in three trials", changed[min(changed)][0]))


def _grows(place: Place, seen: list[Observation]) -> bool:
    """True if a count rises with the number of calls: by one step before, and by several steps after."""
    first, second, third = (observation.get(place, 0) for observation in seen)
    step = second - first
    return bool(step > 0 and third - second == step * (GROWTH + 1))


CHECK = make_check("hint_read_only", __doc__, cases, stage=STAGE, rank=Rank.EXPOSED)
