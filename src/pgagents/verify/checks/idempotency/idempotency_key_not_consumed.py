"""A refused call does not use up its idempotency key: a valid call with that key succeeds.

One key is sent with a call refused for each reason, then with a valid one. Only if the valid call is refused
is each reason tried alone. The key is to blame for a refusal without a conflict if another key works.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from pgagents.report.contract import Contract
from pgagents.verify.answers.replay import is_key_conflict, void
from pgagents.verify.cases.invalid import invalid_cases_of
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.promise import (
    Check,
    Conversation,
    Probe,
    allows_either,
    judge_broken,
    judge_kept,
    judge_untested,
    promise,
)
from pgagents.verify.setting import Setting
from pgagents.verify.wire.call import Call, UniqueValue
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

NAME = "idempotency_key_not_consumed"


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract for each status that does not use up a key, if a call of the chosen action can
    provoke it.
    """
    endpoint = _endpoint(setting)
    for status, call in _refusals(setting, endpoint).items() if endpoint is not None else ():
        assert endpoint is not None
        says = f"{endpoint.action.name} answered {status} ({call.why}) does not use up its idempotency key"
        yield promise(
            NAME, str(status), endpoint, says, ("idempotency", "not_used_up_by"), endpoint.action.cite
        )


def _endpoint(setting: Setting) -> Endpoint | None:
    """Return the REST action with an idempotency key to which most kinds of refusals apply."""

    def choose_endpoint() -> Endpoint | None:
        endpoints = [d for d in setting.endpoints if d.leads and d.action.idempotency]
        return max(endpoints, key=lambda d: len(_refusals(setting, d)), default=None)

    return setting.compute_once(NAME, choose_endpoint)


def _refusals(setting: Setting, endpoint: Endpoint) -> Mapping[int, Call]:
    """Return calls by the status that they provoke.

    They are invalid, or name an instance that is absent or in the wrong state.
    """
    told, model = setting.model.idempotency, setting.model
    spared = set(told.not_used_up_by) if told is not None else set()
    template = template_of(model, endpoint.action)
    found: dict[int, Call] = {}
    wrong = next(
        (n for n in invalid_cases_of(setting, endpoint) if n.priority == 1 and n.field in _plain(endpoint)),
        None,
    )
    if wrong is not None:
        found[model.invalid_in(endpoint.action).status] = replace(wrong.call, why="it is wrong")
    for param in endpoint.params:
        resource = model.resources.get(param.refers_to or "")
        missing = resource.missing_for(param) if resource is not None else None
        if resource is not None and resource.absent is not None and missing and param.required:
            given = {**template.input, str(param.name): resource.find_absent_value(param)}
            found[missing.status] = ordinary(endpoint, template, "absent", "it is about nothing", input=given)
    for move in template.subject.moves if template.subject is not None else ():
        others = (
            tuple(s for s in template.subject.states if s not in move.origin_states)
            if template.subject is not None
            else ()
        )
        if move.action is endpoint.action and others:
            call = ordinary(
                endpoint,
                template,
                "illegal",
                f"it is about what is {others[0]}",
                states=others[:1],
                fresh=True,
            )
            found[move.otherwise.status] = call
    return {status: call for status, call in found.items() if status in spared}


def _plain(endpoint: Endpoint) -> set[str]:
    return {str(p.name) for p in endpoint.params if p.name != endpoint.action.idempotency and p.required}


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe: every refusal with one key, then a valid call with it."""
    del roles
    endpoint = _endpoint(setting)
    refusals = _refusals(setting, endpoint) if endpoint is not None else {}
    if endpoint is not None and refusals:
        covers = tuple(f"{NAME}/{status}/{endpoint.place}" for status in refusals)
        yield Probe(
            covers[0],
            5,
            covers,
            len(covers) + 2,
            partial(_run, setting, endpoint, refusals),
            (endpoint,),
            "main",
            True,
        )


def _run(setting: Setting, endpoint: Endpoint, refusals: Mapping[int, Call]) -> Conversation:
    statuses, exchange = yield from _send_with_key(setting, endpoint, refusals)
    for status in refusals:
        contract = f"{NAME}/{status}/{endpoint.place}"
        if status not in statuses or void(exchange):
            yield judge_untested(contract, f"it was answered otherwise; the right call: {exchange.outcome}")
        elif exchange.success:
            yield judge_kept(contract)
        elif is_key_conflict(setting, endpoint, exchange) or (
            yield from _succeeds_with_another_key(setting, endpoint, exchange)
        ):
            alone, answer = yield from _send_with_key(setting, endpoint, {status: refusals[status]})
            if alone and not void(answer) and not answer.success:
                yield judge_broken(
                    contract,
                    f"a key that came with a call answered {status} is still unused",
                    answer.outcome,
                )
            elif answer.success:
                yield judge_kept(contract)
        else:
            yield judge_untested(contract, f"the right call was answered {exchange.outcome}")


def _succeeds_with_another_key(
    setting: Setting, endpoint: Endpoint, refused: Exchange
) -> Generator[Any, Any, bool]:
    """True if a refused call succeeds with a new key, so that the old key was the reason."""
    if refused.status not in range(400, 500) or refused.limited:
        return False
    _, exchange = yield from _send_with_key(setting, endpoint, {})
    return exchange.success


def _send_with_key(
    setting: Setting, endpoint: Endpoint, refusals: Mapping[int, Call]
) -> Generator[Any, Any, tuple[set[int], Exchange]]:
    """Send the refused calls and a valid one with the same key.

    Return the statuses that came as expected, and the last exchange.
    """
    key, name, met = UniqueValue(once=True), str(endpoint.action.idempotency), set()
    for status, call in refusals.items():
        wrong: Exchange = yield replace(
            call, input={**call.input, name: key}, why=f"with a key, and {call.why}"
        )
        if wrong.status == status or allows_either(setting.model, wrong.status, status):
            met.add(status)
    template = template_of(setting.model, endpoint.action)
    given = {**template.input, name: key}
    exchange: Exchange = yield ordinary(
        endpoint, template, "explore", "the key of refused calls, rightly", input=given, fresh=True
    )
    return met, exchange


CHECK = Check(
    NAME,
    __doc__,
    promises,
    probes=probes,
)
