"""A call that its schemas allow is accepted: every example, the edges of every argument, in a deep run what Schemathesis thinks of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from pgagents.model.action import Example
from pgagents.model.contract import Contract, Verdict
from pgagents.source.origin import plain
from pgagents.verify.cases.boundary import boundary_values, fills_a_page, free_params, unusual
from pgagents.verify.cases.generated import varied_of
from pgagents.verify.cases.invalid import is_invalid, ordinary
from pgagents.verify.check.check import Check, Conversation, Judgement, Probe, judge_accepted, judge_kept, judge_untested, promise
from pgagents.verify.check.memory import Memory, Setting
from pgagents.verify.fixtures.request_template import RequestTemplate, template_of
from pgagents.verify.values.generators import random_values
from pgagents.verify.values.schema_values import types_of
from pgagents.verify.wire.call import Call, Raw
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

NAME = "valid_calls"
UNKNOWN_QUERY, UNKNOWN = "unknown_query", "pgv_unknown"
SMALLEST, GREATEST = 1e-6, 1e12


def promises(setting: Setting) -> Iterator[Contract]:
    """One for each example and edge of each endpoint, one for all other valid values, one for unknown query parameters."""
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
        yield "values", f"{name} accepts every value that its schemas allow", (*endpoint.action.origin, "input")
    if setting.model.behaviour.unknown_query == "ignored" and endpoint.on_rest and _queried(endpoint):
        yield "unknown_query", f"{name} ignores an unknown query parameter", ("behaviour", "unknown_query")


def _examples(endpoint: Endpoint) -> list[Example]:
    """Examples to send; through a dispatcher they are sent where its answers are compared with those of REST."""
    return [] if not endpoint.on_rest else [e for e in endpoint.action.examples if e.status < 300]


def _edges(setting: Setting, endpoint: Endpoint) -> list[tuple[str, dict[str, Any], str]]:
    """Edges to send; the least of a dispatcher's are sent where its answers are compared with those of REST."""
    return [e for e in boundary_values(setting, endpoint) if endpoint.on_rest or e[0] != "minimal"]


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Every correct call through a dispatcher; and every accepted call that has an edge's or an example's arguments, whatever it
    was sent for, so that none is sent twice."""
    call, endpoint = exchange.call, exchange.call.endpoint
    if endpoint is None or call.intent not in ("valid", "explore"):
        return
    if call.intent == "valid" and not endpoint.on_rest and not call.raw.headers and not call.beside:
        yield from (j for j in judge_accepted(exchange, f"{NAME}/ordinary/{endpoint.place}", call.why) if j.verdict is not Verdict.UNTESTED)
    if exchange.success and _encoded_plainly(call.raw):
        given = _plainly(endpoint, call.input)
        known = memory.setting.compute_once((NAME, endpoint.place), lambda: _inputs(memory.setting, endpoint))
        found = [detail for detail, edge in known if edge == given]
        for detail in (*found, *(["values"] if any(not d.startswith("example/") for d in found) else [])):
            yield judge_kept(f"{NAME}/{detail}/{endpoint.place}")


def _inputs(setting: Setting, endpoint: Endpoint) -> list[tuple[str, dict[str, Any]]]:
    """The arguments of each example and edge, those apart that differ from call to call."""
    found = [(f"example/{e.name}", template_of(setting.model, endpoint.action, e).input) for e in _examples(endpoint)]
    found += [(name, given) for name, given, _ in _edges(setting, endpoint)]
    return [(detail, _plainly(endpoint, given)) for detail, given in found]


def _encoded_plainly(raw: Raw) -> bool:
    """Whether nothing but headers was laid on by hand."""
    return raw.method is None and raw.target is None and raw.body is None and raw.edit is None and raw.wrap is None and not raw.slash


def _plainly(endpoint: Endpoint, given: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in given.items() if k != endpoint.action.idempotency and k != UNKNOWN}


def _queried(endpoint: Endpoint) -> bool:
    return any(p.place == "query" for p in endpoint.params)


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """One call each."""
    del roles
    for endpoint in setting.every_endpoint:
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
            setting, endpoint, f"example/{example.name}", call, first, f"the example `{example.name}`", lenient=chosen.subject is None
        )
        yield replace(probe, optional=writes or again)
    if not _examples(endpoint) and endpoint.on_rest:
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
    """One call for edges that go together, and what is `unusual` with them; only where it is refused one for each of them."""
    writes = endpoint.action.effect == "write"
    known = {name: (given, f"a call {says}") for name, given, says in _edges(setting, endpoint)}
    for name, (given, says) in _extra(setting, endpoint, template).items():
        known.setdefault(name, (given, says))
    for names in _together(setting, endpoint, list(known)):
        calls = [ordinary(endpoint, template, "valid", known[n][1], input=known[n][0], fresh=writes) for n in names]
        joint = dict(template.input)
        for name in reversed(names):  # what stands first decides
            given = known[name][0]
            joint.update({k: v for k, v in given.items() if k not in template.input or v != template.input[k]})
            joint = {k: v for k, v in joint.items() if k in given or k == UNKNOWN or name != "minimal"}
        what = " and ".join(known[n][1].removeprefix("a call ") for n in names)
        call = ordinary(endpoint, template, "valid", f"a call {what}", input=joint if len(names) > 1 else known[names[0]][0], fresh=writes)
        covers = tuple(f"{NAME}/{n}/{endpoint.place}" for n in names)
        values = f"{NAME}/values/{endpoint.place}"
        most = unusual(setting, endpoint, call.input) if names != ["high"] and not writes else call.input
        call = call if most == call.input else replace(call, input=most, intent="explore")
        run = _run_joint(setting, call, calls, covers, () if names == [UNKNOWN_QUERY] else (values,))
        phase = 6 if names[0] == "around_now" else 7 if names[0] == UNKNOWN_QUERY else 4  # its day ends before days pass
        found = Probe(covers[0], phase, covers, 2 if writes else 1, run, (endpoint,), "main", writes, print=shown(call.input))
        yield replace(found, contracts=covers if names == [UNKNOWN_QUERY] else (*covers, values), optional=True)


def _extra(setting: Setting, endpoint: Endpoint, template: RequestTemplate) -> dict[str, tuple[dict[str, Any], str]]:
    if setting.model.behaviour.unknown_query != "ignored" or not endpoint.on_rest or not _queried(endpoint):
        return {}
    if any(p.place == "body" for p in endpoint.params):
        return {}
    return {UNKNOWN_QUERY: ({**template.input, UNKNOWN: "1"}, "a call with an unknown query parameter")}


def _together(setting: Setting, endpoint: Endpoint, names: list[str]) -> list[list[str]]:
    """Edges in groups that one call can have at once. The greatest of everything stays alone: its answer holds most data; so does
    the least of what a relation widens, which is sent for that."""
    alone = [r for r in endpoint.action.relations if not fills_a_page(setting, endpoint, r)]
    widened = {f"low_{r.widen}" for r in alone if "integer" in types_of(_schema(endpoint, r.widen))}
    lows = [n for n in names if (n == "low" or n.startswith("low_") or n == "place_low") and n not in widened]
    joints = [lows, ["place_high", "minimal"] if not endpoint.action.relations else []]
    groups = [group for group in joints if len(group) > 1 and set(group) <= set(names)]
    least = next(iter(lows), "")
    if UNKNOWN_QUERY in names:
        others = [n for n in names if n not in ("high", "around_now", UNKNOWN_QUERY) and not any(n in g for g in groups)]
        bare = next((n for n in (*others, "high", "around_now") if n in names), "")
        into = groups[0] if groups else [least or bare] if least or bare else []
        groups = [[*into, UNKNOWN_QUERY], *(g for g in groups if g is not into)] if into else groups
    taken = {name for group in groups for name in group}
    return [*groups, *([n] for n in names if n not in taken)]


def _schema(endpoint: Endpoint, name: str) -> Mapping[str, Any]:
    param = endpoint.action.param(name)
    return param.schema if param else {}


def _run_joint(
    setting: Setting, call: Call, calls: list[Call], covers: tuple[str, ...], also: tuple[str, ...]
) -> Callable[[], Conversation]:
    def run() -> Conversation:
        exchange: Exchange = yield call
        if exchange.success or [call.input] == [single.input for single in calls]:
            for contract in (*covers, *also):
                yield from _judged(setting, exchange, contract, call.why, lenient=False)
            return
        for contract, single in zip(covers, calls, strict=True):
            exchange = yield single
            for one in (contract, *also):
                yield from _judged(setting, exchange, one, single.why, lenient=False)

    return run


def _more(setting: Setting, endpoint: Endpoint) -> Iterator[Probe]:
    template = template_of(setting.model, endpoint.action)
    writes = endpoint.action.effect == "write"
    for varied in varied_of(setting, endpoint):
        if not varied.valid:
            continue
        call = ordinary(endpoint, template, "valid", f"{varied.param}: {varied.says}", input=varied.input, fresh=writes)
        yield _probe(setting, endpoint, "values", call, 9, f"{varied.param} {varied.shown}", priority=2, key=varied.key)


def _probe(
    setting: Setting, endpoint: Endpoint, detail: str, call: Call, phase: int, what: str, *,
    lenient: bool = False, priority: int = 1, key: str = "",
) -> Probe:  # fmt: skip
    contract = f"{NAME}/{detail}/{endpoint.place}"
    covers = (contract,)
    writes = endpoint.action.effect == "write"
    name = f"{contract} {key}" if key else contract
    return Probe(
        name,
        phase,
        covers,
        2 if writes else 1,
        _run(setting, call, covers, what, lenient),
        (endpoint,),
        "main",
        writes,
        priority,
        shown(call.input),
    )


def _run(setting: Setting, call: Call, covers: tuple[str, ...], what: str, lenient: bool) -> Callable[[], Conversation]:
    def run() -> Conversation:
        exchange: Exchange = yield call
        for contract in covers:
            yield from _judged(setting, exchange, contract, what, lenient)

    return run


def _judged(setting: Setting, exchange: Exchange, contract: str, what: str, lenient: bool) -> Iterator[Judgement]:
    """A found thing that an example names by its id need not be on every server."""
    endpoint = exchange.call.endpoint
    missing = {
        r.missing.name
        for p in (endpoint.params if endpoint else ())
        if (r := setting.model.resources.get(p.refers_to or "")) and r.missing and r.found_by
    }
    if lenient and exchange.code in missing:
        yield judge_untested(contract, "the thing that the example names is not on this server")
        return
    yield from judge_accepted(exchange, contract, what)


def _random(setting: Setting, endpoint: Endpoint) -> Iterator[Probe]:
    """What Hypothesis draws for each argument that is free, in a deep run."""
    template = template_of(setting.model, endpoint.action)
    for param in free_params(setting, endpoint):
        name = str(param.name)
        for index, value in enumerate(random_values(plain(param.schema), plain(setting.model.schemas), setting.draws, setting.seed)):
            call = ordinary(
                endpoint,
                template,
                "valid",
                f"{name}: drawn",
                input={**template.input, name: value},
                fresh=endpoint.action.effect == "write",
            )
            if _tame(value) and not is_invalid(setting, call):
                yield _probe(setting, endpoint, "values", call, 9, f"{name} {value!r}", priority=2, key=f"{name} drawn {index}")


def _tame(value: object) -> bool:
    """Numbers that any server's arithmetic can hold; what lies beyond an unbounded schema is nobody's promise."""
    return not isinstance(value, int | float) or value == 0 or SMALLEST <= abs(value) <= GREATEST


def shown(given: Mapping[str, Any]) -> str:
    """Arguments as the plan prints them."""
    return ", ".join(f"{k}={v!r}" if not hasattr(v, "text") else f"{k}={v.text}" for k, v in sorted(given.items()))


CHECK = Check(
    NAME,
    __doc__,
    promises,
    watch=watch,
    probes=probes,
    rank=6,
    calls_correctly=True,
    tools=True,
)
