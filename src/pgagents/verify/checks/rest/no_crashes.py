"""No call, however odd, is answered with 5xx or remains unanswered.

A server may answer 503 at any time, and 501 to an unknown method (RFC 9110, 15.6.2). A 5xx that the action
documents as something other than a crash, such as a gateway's, is allowed, too. The odd calls include reads
of another side of a changed instance, such as its content. A run reads once more each instance that a
generated call made or changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from pgagents.http import Silence
from pgagents.model.contract import Contract, Verdict
from pgagents.verify.cases.generation.pattern_calls import list_pattern_calls
from pgagents.verify.cases.generation.random_calls import list_drawn_calls
from pgagents.verify.cases.generation.shrinking import shrink
from pgagents.verify.cases.malformed.types import list_typed_calls
from pgagents.verify.cases.relations.reads_of_changed import list_changed, read_changed, read_written
from pgagents.verify.check.check import (
    RANDOM,
    Check,
    Conversation,
    Judgement,
    Probe,
    judge_broken,
    judge_kept,
    judge_untested,
    promise,
    promise_at,
)
from pgagents.verify.check.memory import Memory
from pgagents.verify.check.setting import Setting
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.values.schema_values import types_of
from pgagents.verify.wire.call import Call, format_arguments
from pgagents.verify.wire.endpoint import Endpoint, framework_places
from pgagents.verify.wire.exchange import Exchange, Loss

NAME = "no_crashes"
NOT_IMPLEMENTED = 501
HUGE = 1e18
"""A number that a double can represent, and whose hundredths exceed 64 bits."""


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract for each endpoint, and one for each surface's framework."""
    for endpoint in setting.every_endpoint:
        yield promise(
            NAME,
            "",
            endpoint,
            f"{endpoint.action.name} never answers 5xx and always answers",
            endpoint.action.origin,
            endpoint.action.cite,
        )
    for place in framework_places(setting.model):
        yield promise_at(
            NAME, "", place, "no path, method or body makes the server answer 5xx", ("errors", "framework")
        )


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe for each write with an unbounded number. It sends a number that is too large for
    databases.

    Yield random valid calls, calls with each alternative of a pattern, and one probe for each resource that
    is changed and then read.
    """
    del roles
    for case in list_changed(setting):
        covers = tuple(f"{NAME}/{read.place}" for read in case.reads)
        name = f"{NAME}/changed/{case.resource.name}/{case.change.place}"
        endpoints = (case.maker, case.reader, case.change, *case.reads)
        yield Probe(name, 6, covers, case.cost, read_changed(setting, case), endpoints, "main", True)
    for call in list_typed_calls(setting):
        assert call.endpoint is not None, "it is a call of an action"
        name = f"{NAME}/type without boundary/{call.endpoint.place}"
        yield Probe(
            name, 6, (f"{NAME}/{call.place}",), 2, partial(_run, call), (call.endpoint,), "main", True
        )
    for endpoint in setting.endpoints:
        for number, drawn in enumerate(list_drawn_calls(setting, endpoint, valid=True), 1):
            yield _probe_varied(setting, endpoint, drawn.call, f"random {number}", 9, RANDOM)
        for number, call in enumerate(list_pattern_calls(setting, endpoint), 1):
            yield _probe_varied(setting, endpoint, call, f"alternative {number}", 6, 1)
        names = [
            str(p.name)
            for p in endpoint.params
            if p.place == "body" and _is_unbounded(setting.resolve_schema(p.schema))
        ]
        if names and endpoint.leads and endpoint.action.effect == "write":
            contract, template = f"{NAME}/{endpoint.place}", template_of(setting.model, endpoint.action)
            given = {**template.input, **dict.fromkeys(names, HUGE)}
            call = ordinary(
                endpoint,
                template,
                "explore",
                f"{' and '.join(names)} beyond what a database takes",
                input=given,
            )
            yield Probe(
                f"{NAME}/huge/{endpoint.place}",
                6,
                (contract,),
                2,
                partial(_run, call),
                (endpoint,),
                "main",
                True,
            )


def _probe_varied(
    setting: Setting, endpoint: Endpoint, call: Call, what: str, stage: int, priority: int
) -> Probe:
    """Return the probe of a valid call with unusual values. The watchers of all checks judge its answer."""
    contract, writes = f"{NAME}/{endpoint.place}", endpoint.action.effect == "write"
    usual = template_of(setting.model, endpoint.action).input

    def run() -> Conversation:
        exchange: Exchange = yield call
        if _has_problem(exchange):
            yield from shrink(exchange, usual, lambda other: _shows_same(exchange, other), setting)
        yield from read_written(setting, exchange)

    return Probe(
        f"{NAME}/{what}/{endpoint.place}",
        stage,
        (contract,),
        3 if writes else 1,
        run,
        (endpoint,),
        "main",
        writes,
        priority,
        format_arguments(call.input),
        overlap=None if writes else "all",
    )


def _has_problem(exchange: Exchange) -> bool:
    return isinstance(exchange.answer, Silence) or exchange.status >= 500 or bool(exchange.tainted)


def _shows_same(first: Exchange, other: Exchange) -> bool:
    """True if another answer has the same status, and other checks found the same problem in it."""
    return _has_problem(other) and (first.status, first.tainted) == (other.status, other.tainted)


def _is_unbounded(schema: Mapping[str, Any]) -> bool:
    bounded = {"maximum", "exclusiveMaximum", "enum", "const", "multipleOf"} & schema.keys()
    return not bounded and bool({"number", "integer"} & set(types_of(schema)))


def _run(call: Call) -> Conversation:
    yield call


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Judge every exchange."""
    contract = f"{NAME}/{exchange.place}"
    if exchange.loss is not None:
        yield _judge_loss(contract, exchange.loss)
    elif isinstance(exchange.answer, Silence) and exchange.answer.stale:
        yield judge_untested(
            contract, "the connection, which had served other calls, was closed before the call was answered"
        )
    elif isinstance(exchange.answer, Silence):
        yield judge_broken(contract, "a whole answer", exchange.outcome)
    elif exchange.status >= 500 and not _is_documented(exchange, memory):
        yield judge_broken(contract, "an answer below 500", exchange.outcome)
    else:
        yield judge_kept(contract)


def _judge_loss(contract: str, loss: Loss) -> Judgement:
    """Return the verdict on a call at which the connection ended before an answer began."""
    if loss.verdict == "open":
        return judge_untested(contract, loss.says)
    expected = "an answer, from a server that goes on"
    return Judgement(contract, Verdict.BROKEN, expected, loss.says, odd=loss.verdict == "suspect")


def _is_documented(exchange: Exchange, memory: Memory) -> bool:
    if exchange.status == NOT_IMPLEMENTED and exchange.call.raw.method is not None:
        return True
    endpoint, crashed = exchange.call.endpoint, memory.model.errors.framework.crashed
    return endpoint is not None and any(
        c.status == exchange.status and c.name == exchange.code and c.name != crashed
        for c in endpoint.action.errors
    )


CHECK = Check(
    NAME,
    __doc__,
    promises,
    watch=watch,
    probes=probes,
    rank=0,
    of_any_input=True,
    tools=True,
    skips_unavailable=True,
)
