"""A call that is valid under its schemas is accepted.

Sent are every example, the boundary values of every argument, and in a deep run values that Schemathesis and
Hypothesis generate. Unknown query parameters are ignored if the catalogue says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from pgagents.base.places import plain
from pgagents.catalogue.model.action import Example
from pgagents.report.contract import Contract, Rank, Verdict
from pgagents.verify.answers.refusal import is_conflict
from pgagents.verify.cases.as_sent import is_invalid
from pgagents.verify.cases.boundary import boundary_values, fills_a_page, free_params, unusual
from pgagents.verify.cases.generated import list_varied_calls
from pgagents.verify.fixtures.request_template import RequestTemplate, find_refusal, ordinary, template_of
from pgagents.verify.promise import (
    Check,
    Conversation,
    Judgement,
    Probe,
    judge_accepted,
    judge_kept,
    judge_untested,
    promise,
)
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.values.generators import random_values
from pgagents.verify.values.schema_values import is_usual_number, types_of
from pgagents.verify.wire.call import Call, format_arguments
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

NAME = "valid_calls"


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield contracts for each endpoint: each example, each boundary case, all other values, an unknown query
    parameter.
    """
    for endpoint in setting.every_endpoint:
        for detail, says, origin in _details(setting, endpoint):
            yield promise(NAME, detail, endpoint, says, origin, endpoint.action.cite)


def _details(setting: Setting, endpoint: Endpoint) -> Iterator[tuple[str, str, Any]]:
    name = endpoint.action.name
    if not endpoint.on_rest:
        yield "ordinary", f"every correct call of {name} is accepted", endpoint.action.origin
    examples = _examples(endpoint)
    for example in examples:
        yield f"example/{example.name}", f"the example `{example.name}` of {name} is accepted", example.origin
    if not examples and endpoint.on_rest:
        yield "ordinary", f"an ordinary call of {name} is accepted", endpoint.action.origin
    listed = _edges(setting, endpoint)
    for edge, _, says in listed:
        yield edge, f"{name} {says} is accepted", (*endpoint.action.origin, "input")
    if listed:
        yield (
            "values",
            f"{name} accepts every value that its schemas allow",
            (*endpoint.action.origin, "input"),
        )
    if setting.model.behaviour.unknown_query == "ignored" and endpoint.on_rest and has_query(endpoint):
        yield "unknown_query", f"{name} ignores an unknown query parameter", ("behaviour", "unknown_query")


def _examples(endpoint: Endpoint) -> list[Example]:
    """Return the examples to send. `surface_equivalence` sends those of a dispatcher."""
    return [] if not endpoint.leads else [e for e in endpoint.action.examples if e.status < 300]


def _edges(setting: Setting, endpoint: Endpoint) -> list[tuple[str, dict[str, Any], str]]:
    """Return the boundary cases to send. `surface_equivalence` sends the minimal one of a dispatcher."""
    return [e for e in boundary_values(setting, endpoint) if endpoint.leads or e[0] != "minimal"]


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Judge valid calls through a dispatcher, and accepted calls that equal a boundary case or an example.

    The latter need not be sent again, whichever check sent them.
    """
    call, endpoint = exchange.call, exchange.call.endpoint
    if endpoint is None or call.intent not in ("valid", "explore"):
        return
    if call.intent == "valid" and not endpoint.on_rest and not call.raw.headers and not call.beside:
        yield from (
            j
            for j in judge_accepted(exchange, f"{NAME}/ordinary/{endpoint.place}", call.why)
            if j.verdict is not Verdict.UNTESTED
        )
    if exchange.success and call.raw.is_ordinary and not call.raw.slash:
        given = _plainly(endpoint, call.input)
        known = memory.setting.compute_once((NAME, endpoint.place), lambda: _inputs(memory.setting, endpoint))
        found = [detail for detail, edge in known if edge == given]
        for detail in (*found, *(["values"] if any(not d.startswith("example/") for d in found) else [])):
            yield judge_kept(f"{NAME}/{detail}/{endpoint.place}")


def _inputs(setting: Setting, endpoint: Endpoint) -> list[tuple[str, dict[str, Any]]]:
    """Return the arguments of each example and boundary case, without values that are new in each call."""
    found = [
        (f"example/{e.name}", template_of(setting.model, endpoint.action, e).input)
        for e in _examples(endpoint)
    ]
    found += [(name, given) for name, given, _ in _edges(setting, endpoint)]
    return [(detail, _plainly(endpoint, given)) for detail, given in found]


def _plainly(endpoint: Endpoint, given: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in given.items() if k != endpoint.action.idempotency and k != UNKNOWN}


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe for each contract, or for several boundary cases that fit into one call."""
    del roles
    for endpoint in setting.usable:
        yield from _probes(setting, endpoint)


def _probes(setting: Setting, endpoint: Endpoint) -> Iterator[Probe]:
    writes = endpoint.action.effect == "write"
    template = template_of(setting.model, endpoint.action)
    first = 3 if writes else 1
    known: list[Mapping[str, Any]] = []
    for example in _examples(endpoint):
        chosen = template_of(setting.model, endpoint.action, example)
        again = chosen.input in known
        known.append(chosen.input)
        call = ordinary(endpoint, chosen, "valid", f"the example {example.name}", fresh=writes)
        probe = _probe(
            setting,
            endpoint,
            f"example/{example.name}",
            call,
            first,
            f"the example `{example.name}`",
            lenient=chosen.subject is None,
        )
        yield replace(probe, optional=writes or again)
    if not _examples(endpoint) and (endpoint.leads or endpoint.answers_file):
        yield _probe(
            setting,
            endpoint,
            "ordinary",
            ordinary(endpoint, template, "valid", "an ordinary call", fresh=writes),
            first,
            "an ordinary call",
        )
    yield from _at_edges(setting, endpoint, template)
    yield from _more(setting, endpoint)
    if setting.draws:
        yield from _random(setting, endpoint)


def _at_edges(setting: Setting, endpoint: Endpoint, template: RequestTemplate) -> Iterator[Probe]:
    """Yield probes of boundary cases that fit into one call, with unusual values, too. If refused, each is
    sent alone.
    """
    writes = endpoint.action.effect == "write"
    known = {name: (given, f"a call {says}") for name, given, says in _edges(setting, endpoint)}
    for name, (given, says) in find_unknown_query(setting, endpoint, template).items():
        known.setdefault(name, (given, says))
    for names in group_cases(setting, endpoint, list(known)):
        calls = [
            ordinary(endpoint, template, "valid", known[n][1], input=known[n][0], fresh=writes) for n in names
        ]
        joint = join_inputs(template.input, {name: known[name][0] for name in names})
        what = " and ".join(known[n][1].removeprefix("a call ") for n in names)
        call = ordinary(
            endpoint,
            template,
            "valid",
            f"a call {what}",
            input=joint if len(names) > 1 else known[names[0]][0],
            fresh=writes,
        )
        covers = tuple(f"{NAME}/{n}/{endpoint.place}" for n in names)
        values = f"{NAME}/values/{endpoint.place}"
        most = unusual(setting, endpoint, call.input) if names != ["high"] and not writes else call.input
        call = call if most == call.input else replace(call, input=most, intent="explore")
        also = () if names == [UNKNOWN_QUERY] else (values,)
        run = partial(_run_joint, setting, call, calls, covers, also)
        stage = (
            6 if names[0] == "around_now" else 7 if names[0] == UNKNOWN_QUERY else 4
        )  # before workflows move the clock by days
        yield Probe(
            covers[0],
            stage,
            (*covers, *also),
            2 if writes else 1,
            run,
            (endpoint,),
            "main",
            writes,
            print=format_arguments(call.input),
            optional=True,
        )


def _run_joint(
    setting: Setting, call: Call, calls: list[Call], covers: tuple[str, ...], also: tuple[str, ...]
) -> Conversation:
    exchange: Exchange = yield call
    if len(calls) == 1 and _stands_in_the_way(exchange):
        exchange = yield replace(call, standard=True)
    if exchange.success or [call.input] == [single.input for single in calls]:
        for contract in (*covers, *also):
            yield from _judge_acceptance(setting, exchange, contract, call.why, lenient=False)
        return
    for contract, single in zip(covers, calls, strict=True):
        exchange = yield single
        if _stands_in_the_way(exchange):  # such as an instance made by an example, if capacity is short
            exchange = yield replace(single, standard=True)
        for one in (contract, *also):
            yield from _judge_acceptance(setting, exchange, one, single.why, lenient=False)


def _stands_in_the_way(exchange: Exchange) -> bool:
    """True if a write was refused because of the state of an instance that any other could replace."""
    endpoint = exchange.call.endpoint
    return is_conflict(exchange) and endpoint is not None and endpoint.action.effect == "write"


def _more(setting: Setting, endpoint: Endpoint) -> Iterator[Probe]:
    template = template_of(setting.model, endpoint.action)
    writes = endpoint.action.effect == "write"
    for varied in list_varied_calls(setting, endpoint):
        if not varied.valid:
            continue
        call = ordinary(
            endpoint, template, "valid", f"{varied.param}: {varied.says}", input=varied.input, fresh=writes
        )
        yield _probe(
            setting, endpoint, "values", call, 9, f"{varied.param} {varied.shown}", priority=2, key=varied.key
        )


def _probe(
    setting: Setting,
    endpoint: Endpoint,
    detail: str,
    call: Call,
    stage: int,
    what: str,
    *,
    lenient: bool = False,
    priority: int = 1,
    key: str = "",
) -> Probe:
    contract = f"{NAME}/{detail}/{endpoint.place}"
    writes = endpoint.action.effect == "write"
    return Probe(
        f"{contract} {key}" if key else contract,
        stage,
        (contract,),
        2 if writes else 1,
        partial(_run, setting, call, contract, what, lenient),
        (endpoint,),
        "main",
        writes,
        priority,
        format_arguments(call.input),
    )


def _run(setting: Setting, call: Call, contract: str, what: str, lenient: bool) -> Conversation:
    exchange: Exchange = yield call
    yield from _judge_acceptance(setting, exchange, contract, what, lenient)


def _judge_acceptance(
    setting: Setting, exchange: Exchange, contract: str, what: str, lenient: bool
) -> Iterator[Judgement]:
    """Judge that the call was accepted. If `lenient`, the instance in an example may not exist."""
    endpoint = exchange.call.endpoint
    missing = {
        code.name
        for p in (endpoint.params if endpoint else ())
        if (r := setting.model.resources.get(p.refers_to or "")) and r.found_by and (code := r.missing_for(p))
    }
    if lenient and exchange.code in missing:
        yield judge_untested(contract, "the thing that the example names is not on this server")
        return
    yield from judge_accepted(exchange, contract, what)


def _random(setting: Setting, endpoint: Endpoint) -> Iterator[Probe]:
    """Yield probes with Hypothesis' values for each free argument; none unless the run is deep."""
    template = template_of(setting.model, endpoint.action)
    for param in free_params(setting, endpoint):
        name = str(param.name)
        for index, value in enumerate(
            random_values(plain(param.schema), plain(setting.model.schemas), setting.draws, setting.seed)
        ):
            call = ordinary(
                endpoint,
                template,
                "valid",
                f"{name}: drawn",
                input={**template.input, name: value},
                fresh=endpoint.action.effect == "write",
            )
            refused = find_refusal(endpoint.action, call.input) is not None
            if is_usual_number(value) and not refused and not is_invalid(setting, call):
                yield _probe(
                    setting,
                    endpoint,
                    "values",
                    call,
                    9,
                    f"{name} {value!r}",
                    priority=2,
                    key=f"{name} drawn {index}",
                )


CHECK = Check(
    NAME,
    __doc__,
    promises,
    watch=watch,
    watched=frozenset(("ordinary",)),
    probes=probes,
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
    for name, given in reversed([*cases.items()]):
        joint.update({k: v for k, v in given.items() if k not in usual or v != usual[k]})
        joint = {k: v for k, v in joint.items() if k in given or k == UNKNOWN or name != "minimal"}
    return joint


def group_cases(setting: Setting, endpoint: Endpoint, names: list[str]) -> list[list[str]]:
    """Group boundary cases that fit into one call.

    The case with all arguments at their greatest stays alone, because its answer contains most data. So does
    the least value of an argument that a relation widens.
    """
    alone = [r for r in endpoint.action.relations if not fills_a_page(setting, endpoint, r)]
    widened = {f"low_{r.widen}" for r in alone if "integer" in types_of(_find_schema(endpoint, r.widen))}
    lows = [n for n in names if (n == "low" or n.startswith("low_") or n == "place_low") and n not in widened]
    joints = [lows, ["place_high", "minimal"] if not endpoint.action.relations else []]
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


def _find_schema(endpoint: Endpoint, name: str) -> Mapping[str, Any]:
    param = endpoint.action.param(name)
    return param.schema if param else {}


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
