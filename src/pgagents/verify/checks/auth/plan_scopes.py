"""A key whose plan lacks an action's scope is refused, and a key whose plan suffices is not.

Each endpoint with a `scope` is called with a key whose plan (`auth.plans`) lacks the scope. The answer must
have the declared code. If the catalogue says where errors name the missing scope (`scope_at`), the error must
name it there. Up to eight reads that need no scope, or a scope of the key's plan, are called with a key whose
plan lacks another scope. These must not be refused for the plan.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from pgagents.report.contract import Rank, Verdict
from pgagents.verify.judgement import Judgement, Untested, conclude
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange, got

NOT_FOUND = 404
MOST_OPEN = 8
"""The most reads that are called with a lesser key. A server that refuses one usually refuses several."""


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield the reads that are open to a key of a lesser plan, then each endpoint that has a scope."""
    if setting.model.errors.framework.no_scope is None:
        return
    for endpoint, lesser in _list_open_reads(setting, roles):
        says = f"{endpoint.action.name} is not refused to a key whose plan lacks other scopes"
        yield Case(endpoint, says, ("auth", "plans"), Attempt(_read, role=lesser), "open")
    for endpoint in setting.endpoints:
        dispatcher, action = endpoint.dispatcher, endpoint.action
        scoped = dispatcher if dispatcher is not None and dispatcher.scope else action
        if scope := scoped.scope:
            says = f"{action.name} is refused to a key without the scope {scope}"
            lacking, at = _find_lacking(setting, scope, roles), (*scoped.origin, "scope")
            attempt = Attempt(partial(_try, scope=scope), role=lacking)
            settled = None if lacking is not None else _say_no_role(setting, scope)
            yield Case(endpoint, says, at, attempt, scope, settled=settled)


def _say_no_role(setting: Setting, scope: str) -> tuple[Verdict, str]:
    """Return the verdict on a scope that no role lacks, with the line of a role that does."""
    plans = setting.model.auth.plans
    if plans and all(scope in scopes for scopes in plans.values()):
        return Verdict.NOT_APPLICABLE, f"every plan has the scope {scope}"
    lacking = next((name for name, scopes in plans.items() if scope not in scopes), "")
    plan = "" if lacking else "plans: {lesser: []}, "
    line = f"auth: {{{plan}roles: {{lesser: {{description: …, plan: {lacking or 'lesser'}}}}}}}"
    return Verdict.UNTESTED, f"needs a role whose plan lacks {scope}: write `{line}`"


def _find_lacking(setting: Setting, scope: str, roles: frozenset[str]) -> str | None:
    """Return a role whose plan lacks the scope, or None.

    Roles with a key come before roles without one, and others before an operator, who may do more than his
    plan says; else the catalogue's order decides.
    """
    auth = setting.model.auth
    names = [
        name
        for name, role in auth.roles.items()
        if role.plan is not None and scope not in auth.plans[role.plan] and not role.revoked
    ]
    names.sort(key=lambda name: auth.roles[name].operator)
    return next((name for name in names if name in roles), names[0] if names else None)


def _list_open_reads(setting: Setting, roles: frozenset[str]) -> Iterator[tuple[Endpoint, str]]:
    """Yield REST reads that a lesser role of the main key's project may make, each with such a role.

    A role is lesser if its plan lacks a scope of the main key's plan. It shares the rest with the main key,
    so that nothing but the plan can be why it is refused. Reads that cost money are left out.
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
    lesser.sort(key=lambda named: named[0] not in roles)
    reads = [
        endpoint
        for endpoint in setting.endpoints
        if endpoint.on_rest and endpoint.dispatcher is None and endpoint.action.only_reads
    ]
    for endpoint in reads[:MOST_OPEN]:
        scope = endpoint.action.scope
        role = next((name for name, scopes in lesser if scope is None or scope in scopes), None)
        if role is not None:
            yield endpoint, role


def _try(trial: Trial, scope: str) -> None:
    errors, what = trial.model.errors, f"a key without the scope {scope}"
    code = trial.model.codes[str(errors.framework.no_scope)]
    exchange = trial.ask(trial.call("scope", what))
    named = got(exchange.body, errors.scope_at) if errors.scope_at and exchange.code == code.name else scope
    if named != scope and not exchange.is_tainted_by("error_envelope"):
        at = errors.scope_at
        conclude(
            trial.broken(f"{at} is {scope}", f"{at} is {{named}}", named=named).with_rank(Rank.UNDOCUMENTED)
        )
    elif exchange.status == NOT_FOUND and not exchange.unsound:
        # GitHub hides so what a key may not see; it may also not be there
        conclude(trial.untested(f"{exchange.outcome} does not say whether the scope lacks"))
    else:
        conclude(trial.refused(exchange, [code], what))


def _read(trial: Trial) -> None:
    why = "a read with a key whose plan lacks other scopes"
    exchange = trial.ask(trial.call("explore", why, standard=True))
    if exchange.void or exchange.unsound:
        return
    if exchange.code == trial.model.errors.framework.no_scope:
        expected = f"{trial.action.name} needs no scope that the plan of {trial.role} lacks"
        conclude(trial.broken(expected, exchange.outcome).with_rank(Rank.WRONG))
    elif exchange.success:
        conclude(trial.kept())
    else:
        raise Untested(f"the read was answered {exchange.outcome}")


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Note the endpoints for which the main key's plan lacks the scope, so that they cannot be judged."""
    endpoint, no_scope = exchange.call.endpoint, memory.model.errors.framework.no_scope
    if (  # of a role that says its plan, it is a finding
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


CHECK = make_check(
    "plan_scopes", __doc__, cases, stage=5, watch=watch, watched=frozenset(), overlap="all", rank=Rank.EXPOSED
)
