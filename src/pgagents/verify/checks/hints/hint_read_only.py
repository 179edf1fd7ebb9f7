"""A call that only reads changes nothing that another reading action shows.

An instance of the run is read through its lists and reads. Then the reading actions are called with each
value of their enums, as AWS's query protocol acts by a GET's `Action`, and the instance is read again. A
difference counts only if two further trials show it beside a control, because others use the API, too.
`reads_change` declares members that reading may change. An action is never judged by its own answers, which
may count it.

Tools that only an MCP server has may show nothing that the run makes, such as a server's of files. All of
them are called between two readings of what the others show. If an answer changed, they are called one by
one, in three trials with a control.

If the run can receive events or list the audit, as of Park Graph, each change that these show must come from
a call. Rows and events of reading actions show no change, and neither do late or repeated ones.
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
    make_attempt,
    say_inferred,
)
from pgagents.verify.answers.observation import (
    Body,
    Difference,
    Source,
    list_differences,
    list_sources,
    name_instance,
    observe,
    on_top,
)
from pgagents.verify.cases.tool_effects import MOST_CALLS, ReadingTool, cut_groups, try_tools
from pgagents.verify.events import Traces, find_traces, say_unheard
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.judgement import conclude, demand
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.values.schema_values import types_of
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.call import Alone, Call, InstanceRef, Reads
from pgagents.verify.wire.endpoint import MCP, Endpoint

MOST_MODES = 5
"""The most values of enums that one action is called with: an enum of countries would take the budget."""


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
        # a reader that names no instance has its modes once: they cost a call each
        modes = {e.place: _list_modes(setting, resource, e, all_modes=first) for e in readers}
        cost = 4 * len(sources) + 2 + sum(len(several) for several in modes.values())
        yield make_attempt(
            resource,
            sources,
            (),
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
        and not any(p.refers_to and p.required for p in endpoint.params)  # it needs an instance
    ]
    endpoints = {str(e.action.name): e for e in _list_readers(setting)}
    groups = list(cut_groups(readers)) if len(readers) > 1 else []  # none is judged by its own answers
    for number, group in enumerate(groups):
        sources = groups[0]
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

    Resources that an import inferred are only yielded with `inferred`, because a wrong guess would become a
    finding. A maker's instances are observed once, though it makes several resources.
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
        # to say a reason, the first is enough: in a large document each free reader would come with each
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
        if param.place != "header" and param.refers_to is None:  # a header as `Accept` only chooses a form
            sent = usual.get(str(param.name), schema.get("default"))
            others = (value for value in values if value != sent and value is not None)
            modes += [{**usual, str(param.name): value} for value in others]
    return modes[: MOST_MODES + 1]


Modes = Mapping[str, list[dict[str, Any]]]


def _try(
    resource: Resource, sources: list[Source], modes: Modes, traces: Traces, trials: Sequence[Trial]
) -> None:
    lists, reads = [s for s in sources if s.lists], [s for s in sources if not s.lists]
    # none is judged by its own answers, so lists are judged by the single reads, and those by the lists
    groups = [
        (lists, [trial for trial in trials if not _is_among(trial.endpoint, lists)]),
        (reads, [trial for trial in trials if _is_among(trial.endpoint, lists) or not lists]),
    ]

    traces.listen()
    for by, several in groups:
        tried = [trial for trial in several if any(s.call.action is not trial.action for s in by)]
        if not tried:
            continue
        body: Body = ask(InstanceRef(resource.name, fresh=True, new=True))
        traces.begin()
        before = observe(by, [body], "before what only reads")
        same = observe(by, [body], "as the control")
        calls = [call for trial in tried for call in _list_calls(trial, resource, body, modes)]
        put_off = {answer.place for answer in ask(Reads(tuple(calls))) if answer.void}
        after = observe(by, [body], "after what only reads")
        traced = traces.observe(body)
        if before is None or same is None or after is None:
            continue
        restless = list_differences(before, same)
        differences = list_differences(same, after)
        if restless or traced or differences:  # other probes may have caused it
            ask(Alone())
        for trial in tried:
            if traced or differences - restless:
                with on_top():
                    _judge_alone(trial, resource, by, modes, traces)
            elif trial.endpoint.place in put_off:
                conclude(trial.untested("a call of it was put off, or not answered"))
            else:
                conclude(trial.kept(traces.without(trial.action).say_unseen()))


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
) -> None:
    """Judge one reader on new instances."""
    endpoint = trial.endpoint
    traces = traces.without(endpoint.action)
    by = [s for s in sources if s.call.action is not endpoint.action]

    def compare(turn: int) -> Difference | None:
        body: Body = trial.ask(InstanceRef(resource.name, fresh=True, new=True))
        traces.begin()
        reads = Reads(tuple(_list_calls(trial, resource, body, modes)))

        def read() -> None:
            for answer in ask(reads):
                demand(answer)

        return compare_looks(
            SAME,
            by,
            [body],
            [read] * 2,
            calls=len(modes[endpoint.place]),
            turn=turn,
            traces=traces,
        )

    judge_effect(trial, SAME, compare, traces.say_unseen)


CHECK = make_check("hint_read_only", __doc__, cases, stage=STAGE, rank=Rank.EXPOSED)
