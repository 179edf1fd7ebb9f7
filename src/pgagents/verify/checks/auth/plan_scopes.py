"""A key whose plan lacks an action's scope is refused.

Each endpoint with a scope is called with such a key. The answer must have the declared code. If the catalogue
says where errors name the missing scope, it must be named there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pgagents.model.contract import Contract
from pgagents.source.source import Pointer
from pgagents.verify.check.check import (
    Check,
    Conversation,
    Judgement,
    Probe,
    judge_broken,
    judge_refused,
    promise,
)
from pgagents.verify.check.memory import Memory, Setting
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange, got

NAME = "plan_scopes"


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract for each endpoint that has a scope."""
    if setting.model.errors.framework.no_scope is None:
        return
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
    """Return a role whose plan lacks the scope; None without one.

    Roles with a key are preferred to the others, which come in the catalogue's order.
    """
    auth = setting.model.auth
    names = [
        n
        for n, r in auth.roles.items()
        if r.plan is not None and scope not in auth.plans[r.plan] and not (r.revoked or r.operator)
    ]
    return next((n for n in names if n in roles), names[0] if names else None)


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe for each contract, which calls with a key that lacks the scope."""
    if setting.model.errors.framework.no_scope is None:
        return
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
            _run(setting, call, contract, scope),
            (endpoint,),
            role,
            endpoint.action.effect == "write",
        )


def _run(setting: Setting, call: Call, contract: str, scope: str) -> Callable[[], Conversation]:
    errors = setting.model.errors
    code = setting.model.codes[str(errors.framework.no_scope)]

    def run() -> Conversation:
        exchange: Exchange = yield call
        verdicts = list(judge_refused(exchange, contract, [code], f"a key without the scope {scope}"))
        told = (
            got(exchange.body, errors.scope_at) if errors.scope_at and exchange.code == code.name else scope
        )
        if told != scope and not exchange.is_tainted_by("error_envelope"):
            verdicts = [
                judge_broken(contract, f"{errors.scope_at} is {scope}", f"{errors.scope_at} is {told}")
            ]
        yield from verdicts

    return run


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Note endpoints where the main key's plan lacks the scope: nothing can be judged there."""
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
    probes=probes,
    overlap="all",
)
