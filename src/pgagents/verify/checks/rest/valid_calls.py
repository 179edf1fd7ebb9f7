"""A call that is valid under its schemas is accepted, also with what the catalogue says is ignored.

Sent are every example and the boundary values of every argument; an unknown query parameter, a further
member or a body, if the catalogue ignores it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from pgagents.base.places import Pointer
from pgagents.catalogue.model.action import Example
from pgagents.report.contract import Rank, Verdict
from pgagents.verify.cases.boundary import boundary_values, unusual
from pgagents.verify.cases.malformed import with_member
from pgagents.verify.fixtures.request_template import (
    RequestTemplate,
    list_made_up,
    ordinary,
    template_of,
)
from pgagents.verify.judgement import REFUSED_STATUSES, Judgement, Untested, conclude
from pgagents.verify.promise import AGAIN, Attempt, Attempts, Case, Trial, make_check
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.call import Call, Raw, format_arguments
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

MORE = "unknown_member"
_MEMBER = b'"pgv_unknown":1'
_JSON = ("Content-Type", "application/json")
MINIMAL = "minimal"
"""The boundary case with only the required arguments."""


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield cases for each endpoint: each example, each boundary case, all other values, an unknown query
    parameter.
    """
    del roles
    for endpoint in setting.every_endpoint:
        for detail, says, origin in _list_promises(setting, endpoint):
            yield Case(endpoint, says, origin, detail=detail)
        if _ignores_more(setting, endpoint):
            attempt = Attempt(_send_more, stage=4, cost=2)
            says = f"{endpoint.action.name} accepts {'more members' if _has_members(endpoint) else 'a body'}"
            own = (*endpoint.action.origin, "unknown")
            origin = own if setting.model.source.has(own) else ("behaviour", "unknown_member")
            yield Case(endpoint, says, origin, attempt, MORE)


def _list_promises(setting: Setting, endpoint: Endpoint) -> Iterator[tuple[str, str, Pointer]]:
    name, origin = endpoint.action.name, endpoint.action.origin
    if not endpoint.on_rest:
        yield "ordinary", f"every correct call of {name} is accepted", origin
    examples = _list_examples(endpoint)
    for example in examples:
        yield f"example/{example.name}", f"the example `{example.name}` of {name} is accepted", example.origin
    if not examples and endpoint.on_rest:
        yield "ordinary", f"an ordinary call of {name} is accepted", origin
    edges = _list_edges(setting, endpoint)
    for edge, _, says in edges:
        yield edge, f"{name} {says} is accepted", (*origin, "input")
    if edges:
        yield "values", f"{name} accepts every value that its schemas allow", (*origin, "input")
    if setting.model.behaviour.unknown_query == "ignored" and endpoint.on_rest and has_query(endpoint):
        yield "unknown_query", f"{name} accepts an unknown query parameter", ("behaviour", "unknown_query")


def _list_examples(endpoint: Endpoint) -> list[Example]:
    """Return the examples to send. `surface_equivalence` sends those of a dispatcher."""
    return [] if not endpoint.leads else [e for e in endpoint.action.examples if e.status < 300]


def _list_edges(setting: Setting, endpoint: Endpoint) -> list[tuple[str, dict[str, Any], str]]:
    """Return the boundary cases to send. `surface_equivalence` sends the minimal one of a dispatcher."""
    return [e for e in boundary_values(setting, endpoint) if endpoint.leads or e[0] != MINIMAL]


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Judge valid calls through a dispatcher, and accepted calls that equal a boundary case or an example.

    The latter need not be sent again, whichever check sent them.
    """
    call, endpoint = exchange.call, exchange.call.endpoint
    if endpoint is None or call.intent not in ("valid", "explore"):
        return
    # another check's call may have a header of its own, or what stands beside the arguments of a tool
    if call.intent == "valid" and not endpoint.on_rest and not call.raw.headers and not call.beside:
        trial = CHECK.find_trial(memory.setting, endpoint.place, "ordinary")
        judged = trial.accepted(exchange, call.why) if trial is not None else ()
        yield from (judgement for judgement in judged if judgement.verdict is not Verdict.UNTESTED)
    if exchange.success and call.raw.is_ordinary and not call.raw.slash:
        key, arguments = ("valid inputs", endpoint.place), _plainly(endpoint, call.input)
        known = memory.setting.compute_once(key, lambda: _list_inputs(memory.setting, endpoint))
        # arguments that a run added since a server asked for them, though its document calls them optional
        more = exchange.input.keys() - call.input.keys() if "*" not in call.input else frozenset()
        details = [detail for detail, edge in known if edge == arguments and not (more and detail == MINIMAL)]
        if any(not detail.startswith("example/") for detail in details):
            details.append("values")
        for detail in details:
            trial = CHECK.find_trial(memory.setting, endpoint.place, detail)
            if trial is not None:
                yield trial.kept()


def _list_inputs(setting: Setting, endpoint: Endpoint) -> list[tuple[str, dict[str, Any]]]:
    """Return the arguments of each example and boundary case, without values that are new in each call."""
    inputs: list[tuple[str, Mapping[str, Any]]] = [
        (f"example/{example.name}", template_of(setting.model, endpoint.action, example).input)
        for example in _list_examples(endpoint)
    ]
    inputs += [(name, arguments) for name, arguments, _ in _list_edges(setting, endpoint)]
    return [(detail, _plainly(endpoint, arguments)) for detail, arguments in inputs]


def _plainly(endpoint: Endpoint, arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in arguments.items() if k != endpoint.action.idempotency and k != UNKNOWN}


def list_attempts(setting: Setting, roles: frozenset[str]) -> Attempts:
    """Yield an attempt for each case, or for boundary cases that fit into one call."""
    del roles
    for endpoint in setting.usable:
        template = template_of(setting.model, endpoint.action)
        yield from _list_ordinary(setting, endpoint, template)
        yield from _list_joint(setting, endpoint, template)


def _list_ordinary(setting: Setting, endpoint: Endpoint, template: RequestTemplate) -> Attempts:
    """Yield the attempts of the examples; without any, that of an ordinary call."""
    writes = endpoint.action.effect == "write"
    stage, examples = 3 if writes else 1, _list_examples(endpoint)
    known: list[Mapping[str, Any]] = []
    for example in examples:
        chosen, why = template_of(setting.model, endpoint.action, example), f"the example {example.name}"
        call = ordinary(endpoint, chosen, "valid", why, fresh=writes)
        optional = writes or chosen.input in known  # an equal call of another check shows it
        known.append(chosen.input)
        run = partial(_send, call=call, what=f"the example `{example.name}`", lenient=chosen.subject is None)
        yield _attempt(run, call, stage, optional=optional), [(f"example/{example.name}", endpoint.place)]
    if not examples and (
        endpoint.leads or endpoint.answers_file
    ):  # a tool returns a file as a resource (MCP)
        made_up = list_made_up(setting.model, endpoint.action, template)
        what = f"a call with a made-up {' and '.join(made_up[:2])}" if made_up else "an ordinary call"
        call = ordinary(endpoint, template, "valid", what, fresh=writes)
        run = partial(_send, call=call, what=what)
        yield _attempt(run, call, stage), [("ordinary", endpoint.place)]


def _attempt(
    run: Callable[[Trial], None], call: Call, stage: int, suffix: str = "", *, optional: bool = False
) -> Attempt:
    """Return an attempt of one call, made again if a write meets a conflict; a suffix names one of many."""
    return Attempt(
        run,
        stage=stage,
        cost=2 if call.fresh else 1,
        priority=AGAIN if suffix else 1,
        print=format_arguments(call.input),
        suffix=suffix,
        optional=optional,
    )


def _list_joint(setting: Setting, endpoint: Endpoint, template: RequestTemplate) -> Attempts:
    """Yield attempts of boundary cases that fit into one call, which saves most of them. If refused, each is
    sent alone, so that unusual values of the joint call accuse nobody.
    """
    writes = endpoint.action.effect == "write"
    edges = {name: (arguments, f"a call {says}") for name, arguments, says in _list_edges(setting, endpoint)}
    for name, edge in find_unknown_query(setting, endpoint, template).items():
        edges.setdefault(name, edge)
    for names in group_cases(list(edges)):
        calls = [
            ordinary(
                endpoint, template, "valid", edges[n][1], input=edges[n][0], fresh=writes, exact=n == MINIMAL
            )
            for n in names
        ]
        what = " and ".join(edges[name][1].removeprefix("a call ") for name in names)
        joint = join_inputs(template.input, {name: edges[name][0] for name in names})
        arguments = joint if len(names) > 1 else edges[names[0]][0]
        call = ordinary(endpoint, template, "valid", f"a call {what}", input=arguments, fresh=writes)
        most = unusual(setting, endpoint, call.input) if names != ["high"] and not writes else call.input
        call = call if most == call.input else replace(call, input=most, intent="explore")
        call = replace(call, exact=MINIMAL in names)
        # before workflows move the clock by days
        stage = {"around_now": 6, UNKNOWN_QUERY: 7}.get(names[0], 4)
        attempt = Attempt(
            together=partial(_send_joint, call=call, calls=calls),
            stage=stage,
            cost=2 if writes else 1,
            print=format_arguments(call.input),
            optional=True,
        )
        details = names if names == [UNKNOWN_QUERY] else [*names, "values"]
        yield attempt, [(detail, endpoint.place) for detail in details]


def _send_joint(trials: Sequence[Trial], call: Call, calls: Sequence[Call]) -> None:
    """Send the boundary cases in one call. The first trials are theirs, and one more is about all values."""
    answer = ask(call)
    if len(calls) == 1 and _stands_in_the_way(answer):  # a payment can be captured once
        answer = ask(replace(call, standard=True))
    if answer.success or [call.input] == [single.input for single in calls]:
        anyway, answer = _compare(trials[0], call, answer)
        for trial in trials:
            conclude(trial.untested(anyway) if anyway else _judge(trial, answer, call.why))
        return
    for trial, single in zip(trials, calls, strict=False):
        answer = ask(single)
        if _stands_in_the_way(answer):  # such as an instance made by an example, if capacity is short
            answer = ask(replace(single, standard=True))
        anyway, answer = _compare(trial, single, answer)
        for judged in (trial, *trials[len(calls) :]):
            conclude(judged.untested(anyway) if anyway else _judge(judged, answer, single.why))


def _compare(trial: Trial, call: Call, answer: Exchange) -> tuple[str, Exchange]:
    """Return why a refusal blames no value of a document's call, as the call with ordinary values is refused
    alike; empty if the value may be to blame. The second value is the answer to judge.
    """
    refused = answer.status in REFUSED_STATUSES and not (answer.moot or answer.void)
    if not trial.model.leaves_open or not refused or call.exact:
        return "", answer
    plainly = trial.ask(trial.call("explore", "the same, with ordinary values", fresh=call.fresh))
    if plainly.void:
        return f"a call with ordinary values was not answered: {plainly.outcome}", answer
    if plainly.success or plainly.status != answer.status:  # its own code may be taken
        return "", ask(call)  # the answer that is judged comes last
    return f"a call with ordinary values is refused, too: {plainly.outcome}", answer


def _stands_in_the_way(answer: Exchange) -> bool:
    """True if a write was refused because of the state of an instance that any other could replace."""
    endpoint = answer.call.endpoint
    return answer.is_conflict and endpoint is not None and endpoint.action.effect == "write"


def _ignores_more(setting: Setting, endpoint: Endpoint) -> bool:
    """True if the catalogue says that a write ignores what no argument is: members of its JSON body, or,
    where the action itself says so, a body that it does not have.
    """
    action = endpoint.action
    if action.unknown != "ignored" or action.effect != "write" or action.signed is not None:
        return False  # a further member would break the signature of the body
    if not endpoint.on_rest or not endpoint.leads:
        return False
    if _has_members(endpoint):  # a JSON Patch is a list (RFC 6902), and has no members
        return action.content_type.endswith("json") and "json-patch" not in action.content_type
    written = setting.model.source.has((*action.origin, "unknown"))
    return written and not any(p.in_body for p in endpoint.params)


def _has_members(endpoint: Endpoint) -> bool:
    return any(p.place == "body" for p in endpoint.params)


def _send_more(trial: Trial) -> None:
    """Send a member that no argument is, or a body to an action without one."""
    given, writes = trial.template.input, trial.action.effect == "write"
    if _has_members(trial.endpoint):
        what, changes = (
            "a call with a further member",
            {"raw": Raw(edit=partial(with_member, member=_MEMBER))},
        )
    else:
        what, changes = "a call with a body", {"raw": Raw(body=b"{%s}" % _MEMBER, headers=(_JSON,))}
    answer = trial.ask(trial.call("explore", what, input=given, fresh=writes, **changes))
    if answer.refused and not answer.moot:
        plainly = trial.ask(trial.call("explore", "the same, without it", input=given, fresh=writes))
        if not plainly.success:  # a state or a made-up value refuses both
            raise Untested(f"the call is refused without it, too: {plainly.outcome}")
    conclude(trial.accepted(answer, what))


def _send(trial: Trial, call: Call, what: str, *, lenient: bool = False) -> None:
    answer = trial.ask(call)
    conclude(_judge(trial, answer, what, lenient=lenient))


def _judge(trial: Trial, answer: Exchange, what: str, *, lenient: bool = False) -> Iterator[Judgement]:
    """Judge that the call was accepted. If `lenient`, the instance in an example need not exist.

    A server has other lots than those of Park Graph's pages.
    """
    for param in trial.endpoint.params if lenient else ():
        resource = trial.model.resources.get(param.refers_to or "")
        missing = resource.missing_for(param) if resource is not None and resource.found_by else None
        if missing is not None and answer.code == missing.name:
            yield trial.untested("the thing that the example names is not on this server")
            return
    yield from trial.accepted(answer, what)


CHECK = make_check(
    "valid_calls",
    __doc__,
    cases,
    attempts=list_attempts,
    watch=watch,
    watched=frozenset(("ordinary",)),
    turn=6,
    calls_correctly=True,
    tools=True,
    overlap="all",
    rank=Rank.WRONG,
)


# -- boundary cases that fit into one call


UNKNOWN_QUERY, UNKNOWN = "unknown_query", "pgv_unknown"


def join_inputs(usual: Mapping[str, Any], cases: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the arguments of one call with several boundary cases. The first case wins."""
    joint = dict(usual)
    for name, arguments in reversed([*cases.items()]):
        joint.update({k: v for k, v in arguments.items() if k not in usual or v != usual[k]})
        joint = {k: v for k, v in joint.items() if k in arguments or k == UNKNOWN or name != MINIMAL}
    return joint


def group_cases(names: list[str]) -> list[list[str]]:
    """Group boundary cases that fit into one call, with the unknown parameter: each group costs a call.

    The case with all arguments at their greatest stays alone, because its answer contains most data.
    """
    lows = [n for n in names if n == "low" or n.startswith("low_") or n == "place_low"]
    joints = [lows, ["place_high", MINIMAL]]
    groups = [group for group in joints if len(group) > 1 and set(group) <= set(names)]
    least = next(iter(lows), "")
    if UNKNOWN_QUERY in names:
        others = [
            n
            for n in names
            if n not in ("high", "around_now", UNKNOWN_QUERY) and not any(n in g for g in groups)
        ]
        bare = next((n for n in (*others, "high", "around_now") if n in names), "")
        into = groups[0] if groups else [least or bare] if least or bare else []
        groups = [[*into, UNKNOWN_QUERY], *(g for g in groups if g is not into)] if into else groups
    taken = {name for group in groups for name in group}
    return [*groups, *([n] for n in names if n not in taken)]


def has_query(endpoint: Endpoint) -> bool:
    """True if an argument stands in the query."""
    return any(p.place == "query" for p in endpoint.params)


def find_unknown_query(
    setting: Setting, endpoint: Endpoint, template: RequestTemplate
) -> dict[str, tuple[dict[str, Any], str]]:
    """Return the case of an unknown query parameter, with its arguments and its purpose.

    Empty if servers may refuse the parameter, or if the endpoint has a body or no query.
    """
    if setting.model.behaviour.unknown_query != "ignored" or not endpoint.on_rest or not has_query(endpoint):
        return {}
    if any(p.place == "body" for p in endpoint.params):
        return {}
    return {UNKNOWN_QUERY: ({**template.input, UNKNOWN: "1"}, "a call with an unknown query parameter")}
