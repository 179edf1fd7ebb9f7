"""A list filtered by a text holds nothing that only resembles the text.

The list is asked for near misses of an existing value: a wildcard for a character, the other letter case, no
separators. The laws of the list say what may come.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pgagents.cel.expression import Expression, ExpressionError, Scope
from pgagents.cel.reading import reads
from pgagents.model.action import Param
from pgagents.model.contract import Contract, Verdict
from pgagents.model.model import Resource
from pgagents.verify.cases.invalid import ordinary
from pgagents.verify.cases.look_alike import find_comparison, fitting, free_text
from pgagents.verify.check.check import (
    Check,
    Conversation,
    Judgement,
    Probe,
    judge_broken,
    judge_kept,
    promise,
)
from pgagents.verify.check.memory import Setting
from pgagents.verify.fixtures.request_template import template_of
from pgagents.verify.laws.laws import evaluate_law, values_of
from pgagents.verify.wire.call import InstanceRef
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

NAME = "exact_filters"
MOST = {"exactly": 2, "folded": 1}
"""The number of near texts that are tried; a filter that ignores case has fewer."""


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract for each text that a list is filtered by and a law compares."""
    for endpoint, param, _, _ in _cases(setting):
        says = f"{endpoint.action.name} has nothing of what only resembles its {param.name}"
        yield promise(NAME, str(param.name), endpoint, says, param.origin, endpoint.action.cite)


def _cases(setting: Setting) -> tuple[tuple[Endpoint, Param, Resource, Any], ...]:
    """Return (list's endpoint, argument, listed resource, argument's value for one instance) on REST."""

    def find() -> Iterator[tuple[Endpoint, Param, Resource, Any]]:
        met: set[tuple[str, str]] = set()
        for resource in setting.model.resources.values():
            for call in resource.listed_by:
                endpoint = setting.find_lead(str(call.action.name))
                for param in endpoint.params if endpoint is not None else ():
                    name = str(param.name)
                    if (
                        endpoint is None
                        or name not in call.input
                        or param.refers_to
                        or (endpoint.place, name) in met
                    ):
                        continue
                    if free_text(setting, param.schema) and find_comparison(endpoint.action, param):
                        met.add((endpoint.place, name))
                        yield endpoint, param, resource, call.input[name]

    return setting.compute_once(NAME, lambda: tuple(find()))


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe for each contract, with a call for each near text that the schema allows."""
    del roles
    for endpoint, param, resource, value in _cases(setting):
        contract = f"{NAME}/{param.name}/{endpoint.place}"
        cost = MOST[find_comparison(endpoint.action, param)]
        run = _run(setting, endpoint, param, resource, value, contract)
        yield Probe(contract, 6, (contract,), cost, run, (endpoint,), "main", resource.made_by is not None)


def _run(
    setting: Setting, endpoint: Endpoint, param: Param, resource: Resource, value: Any, contract: str
) -> Callable[[], Conversation]:
    def run() -> Conversation:
        there: Mapping[str, Any] = yield InstanceRef(resource.name)
        text = _evaluate_argument(setting, resource, there, value)
        hows = find_comparison(endpoint.action, param)
        near = fitting(setting, endpoint.action, param, text) if isinstance(text, str) else {}
        chosen = [how for how in near if how != "in the other case" or hows == "exactly"][: MOST[hows]]
        if not chosen:
            yield Judgement(
                contract, Verdict.NOT_APPLICABLE, "the argument takes no text that is nearly another"
            )
            return
        template = template_of(setting.model, endpoint.action)
        needed = {
            k: v
            for k, v in template.input.items()
            if (p := endpoint.action.param(k)) is not None and p.required
        }
        for how in chosen:
            given = {**needed, str(param.name): near[how]}
            exchange: Exchange = yield ordinary(
                endpoint,
                template,
                "valid",
                f"{param.name} {how}",
                input=given,
                made=there if template.subject else None,
            )
            if exchange.success and _others_in(setting, endpoint, param, exchange):
                yield judge_broken(
                    contract,
                    f"nothing that has another {param.name}, asked for one {how}",
                    "others are in the answer",
                )
            elif not exchange.void and not exchange.unsound:
                yield judge_kept(contract)

    return run


def _others_in(setting: Setting, endpoint: Endpoint, param: Param, exchange: Exchange) -> bool:
    """True if a law that compares the argument does not hold for the answer; other errors are judged by
    other checks.
    """
    read = ("input", str(param.name))
    comparing = [law for law in endpoint.action.laws if reads(law.that.tree, read)]
    try:
        scope = Scope(values_of(setting.model, exchange))
    except ExpressionError:
        return False
    return exchange.fits and any(evaluate_law(law, scope).outcome == "broken" for law in comparing)


def _evaluate_argument(setting: Setting, resource: Resource, there: Mapping[str, Any], value: Any) -> Any:
    """Return the argument's value for this instance; None if it cannot be evaluated."""
    if not isinstance(value, Expression):
        return value
    try:
        return Scope({"env": setting.model.env, "resource": there, resource.name: there}).evaluate(value)
    except ExpressionError:
        return None


CHECK = Check(
    NAME,
    __doc__,
    promises,
    probes=probes,
    overlap="readers",
)
