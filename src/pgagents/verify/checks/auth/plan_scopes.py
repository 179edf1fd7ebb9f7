"""A key whose plan lacks an action's scope is refused, and a key whose plan suffices is not.

Each endpoint with a scope is called with a key whose plan lacks the scope. The answer must have the declared
code. If the catalogue says where errors name the missing scope, the error must name it there. Up to eight
reads that need no scope, or a scope of the key's plan, are called with a key whose plan lacks another scope.
These must not be refused for the plan.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from pgagents.base.places import Pointer
from pgagents.report.contract import Contract
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.promise import (
    Check,
    Conversation,
    Judgement,
    Probe,
    judge_broken,
    judge_kept,
    judge_refused,
    judge_untested,
    promise,
)
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange, got

NAME = "plan_scopes"
OPEN = "open"
"""The part of a contract's id for actions that are open to a key of a lesser plan."""
MOST_OPEN = 8
"""The most reads that are called with a lesser key. A server that refuses one usually refuses several."""


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract for each endpoint that has a scope."""
    if setting.model.errors.framework.no_scope is None:
        return
    for endpoint, _ in _list_open_reads(setting, frozenset()):
        says = f"{endpoint.action.name} is not refused to a key whose plan lacks other scopes"
        yield promise(NAME, OPEN, endpoint, says, ("auth", "plans"), endpoint.action.cite)
    for endpoint, scope, origin in _list_scoped_endpoints(setting):
        yield promise(
            NAME,
            scope,
            endpoint,
            f"{endpoint.action.name} is refused to a key without the scope {scope}",
            origin,
            endpoint.action.cite,
        )


def _list_scoped_endpoints(setting: Setting) -> Iterator[tuple[Endpoint, str, Pointer]]:
    for endpoint in setting.endpoints:
        if endpoint.dispatcher is not None and endpoint.dispatcher.scope:
            yield endpoint, endpoint.dispatcher.scope, (*endpoint.dispatcher.origin, "scope")
        elif endpoint.action.scope:
            yield endpoint, endpoint.action.scope, (*endpoint.action.origin, "scope")


def _lacking(setting: Setting, scope: str, roles: frozenset[str]) -> str | None:
    """Return a role whose plan lacks the scope, or None.

    Roles with a key come before roles without one; else the catalogue's order decides.
    """
    auth = setting.model.auth
    names = [
        n
        for n, r in auth.roles.items()
        if r.plan is not None and scope not in auth.plans[r.plan] and not (r.revoked or r.operator)
    ]
    return next((n for n in names if n in roles), names[0] if names else None)


def _list_open_reads(setting: Setting, roles: frozenset[str]) -> Iterator[tuple[Endpoint, str]]:
    """Yield REST reads that a lesser role of the main key's project may make, each with such a role.

    A role is lesser if its plan lacks a scope of the main key's plan. Reads that cost money are left out.
    """
    auth = setting.model.auth
    main = auth.roles.get("main")
    if main is None or main.plan is None:
        return
    lesser = [
        (name, auth.plans[role.plan])
        for name, role in auth.roles.items()
        if role.plan is not None
        and set(auth.plans[main.plan]) - set(auth.plans[role.plan])
        and (role.project, role.mode, role.group, role.surface)
        == (main.project, main.mode, main.group, main.surface)
        and not (role.revoked or role.operator)
    ]
    lesser.sort(key=lambda one: one[0] not in roles)
    reads = [
        endpoint
        for endpoint in setting.endpoints
        if endpoint.on_rest and endpoint.dispatcher is None and endpoint.action.only_reads
    ]
    for endpoint in reads[:MOST_OPEN] if lesser else ():
        scope = endpoint.action.scope
        role = next((name for name, has in lesser if scope is None or scope in has), None)
        if role is not None:
            yield endpoint, role


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe for each contract, which calls with a key that lacks the scope."""
    if setting.model.errors.framework.no_scope is None:
        return
    for endpoint, lesser in _list_open_reads(setting, roles):
        contract = f"{NAME}/{OPEN}/{endpoint.place}"
        run = partial(_run_open, setting, endpoint, lesser, contract)
        yield Probe(contract, 5, (contract,), 1, run, (endpoint,), lesser, False)
    for endpoint, scope, _ in _list_scoped_endpoints(setting):
        role = _lacking(setting, scope, roles)
        if role is None:
            continue
        contract = f"{NAME}/{scope}/{endpoint.place}"
        template = template_of(setting.model, endpoint.action)
        call = ordinary(endpoint, template, "scope", f"a key without the scope {scope}", role=role)
        yield Probe(
            contract,
            5,
            (contract,),
            1,
            partial(_run, setting, call, contract, scope),
            (endpoint,),
            role,
            endpoint.action.effect == "write",
        )


def _run(setting: Setting, call: Call, contract: str, scope: str) -> Conversation:
    errors = setting.model.errors
    code = setting.model.codes[str(errors.framework.no_scope)]
    exchange: Exchange = yield call
    verdicts = list(judge_refused(exchange, contract, [code], f"a key without the scope {scope}"))
    told = got(exchange.body, errors.scope_at) if errors.scope_at and exchange.code == code.name else scope
    if told != scope and not exchange.is_tainted_by("error_envelope"):
        verdicts = [judge_broken(contract, f"{errors.scope_at} is {scope}", f"{errors.scope_at} is {told}")]
    yield from verdicts


def _run_open(setting: Setting, endpoint: Endpoint, role: str, contract: str) -> Conversation:
    framework = setting.model.errors.framework
    template = template_of(setting.model, endpoint.action)
    why = "a read with a key whose plan lacks other scopes"
    exchange: Exchange = yield ordinary(endpoint, template, "explore", why, role=role, standard=True)
    if exchange.void or exchange.unsound:
        return
    if exchange.code == framework.no_scope:
        promised = f"{endpoint.action.name} needs no scope that the plan of {role} lacks"
        yield judge_broken(contract, promised, exchange.outcome)
    elif exchange.success:
        yield judge_kept(contract)
    else:
        yield judge_untested(contract, f"the read was answered {exchange.outcome}")


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Note the endpoints for which the main key's plan lacks the scope, so that they cannot be judged."""
    endpoint, no_scope = exchange.call.endpoint, memory.model.errors.framework.no_scope
    if (
        endpoint is not None
        and exchange.call.intent == "valid"
        and no_scope is not None
        and exchange.code == no_scope
    ):
        scope = (endpoint.dispatcher.scope if endpoint.dispatcher else None) or endpoint.action.scope
        role = memory.model.auth.roles.get(exchange.call.role)
        plan = role.plan if role else None
        if scope and plan is None:
            memory.unscoped[exchange.place] = f"the key's plan lacks the scope {scope}"
    yield from ()


CHECK = Check(
    NAME,
    __doc__,
    promises,
    watch=watch,
    watched=frozenset(),
    probes=probes,
    overlap="all",
)
