"""A key whose plan lacks an action's scope is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pgagents.model.contract import Contract
from pgagents.source.source import Pointer
from pgagents.verify.cases.invalid import ordinary
from pgagents.verify.check.check import Conversation, Judgement, Probe, broken, promise, refused_with
from pgagents.verify.check.memory import Memory, Setting
from pgagents.verify.fixtures.request_template import recipe_of
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.endpoint import Door
from pgagents.verify.wire.exchange import Seen, got

NAME = "needs_scope"


def promises(setting: Setting) -> Iterator[Contract]:
    """One for each door that has a scope."""
    if setting.model.errors.framework.no_scope is None:
        return
    for door, scope, origin in _scoped(setting):
        yield promise(NAME, scope, door, f"{door.action.name} is refused to a key without the scope {scope}", origin, door.action.cite)


def _scoped(setting: Setting) -> Iterator[tuple[Door, str, Pointer]]:
    for door in setting.doors:
        if door.dispatcher is not None and door.dispatcher.scope:
            yield door, door.dispatcher.scope, (*door.dispatcher.origin, "scope")
        elif door.action.scope:
            yield door, door.action.scope, (*door.action.origin, "scope")


def _lacking(setting: Setting, scope: str, roles: frozenset[str]) -> str | None:
    """An identity whose plan has not the scope: one that was given, else the first that the catalogue names."""
    auth = setting.model.auth
    names = [n for n, r in auth.roles.items() if r.plan is not None and scope not in auth.plans[r.plan] and not (r.revoked or r.operator)]
    return next((n for n in names if n in roles), names[0] if names else None)


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """One call each, with a key that lacks the scope."""
    if setting.model.errors.framework.no_scope is None:
        return
    for door, scope, _ in _scoped(setting):
        role = _lacking(setting, scope, roles)
        if role is None:
            continue
        contract = f"{NAME}/{scope}/{door.place}"
        recipe = recipe_of(setting.model, door.action)
        call = ordinary(door, recipe, "scope", f"a key without the scope {scope}", role=role)
        yield Probe(contract, 5, (contract,), 1, _run(setting, call, contract, scope), (door,), role, door.action.effect == "write")


def _run(setting: Setting, call: Call, contract: str, scope: str) -> Callable[[], Conversation]:
    errors = setting.model.errors
    code = setting.model.codes[str(errors.framework.no_scope)]

    def run() -> Conversation:
        seen: Seen = yield call
        verdicts = list(refused_with(seen, contract, [code], f"a key without the scope {scope}"))
        told = got(seen.body, errors.scope_at) if errors.scope_at and seen.code == code.name else scope
        if told != scope and not seen.spoilt_by("error_envelope"):
            verdicts = [broken(contract, f"{errors.scope_at} is {scope}", f"{errors.scope_at} is {told}")]
        yield from verdicts

    return run


def watch(seen: Seen, memory: Memory) -> Iterator[Judgement]:
    """Note where the main key's plan is told to lack a scope: nothing there can be judged."""
    door, no_scope = seen.call.door, memory.model.errors.framework.no_scope
    if door is not None and seen.call.intent == "valid" and no_scope is not None and seen.code == no_scope:
        scope = (door.dispatcher.scope if door.dispatcher else None) or door.action.scope
        role = memory.model.auth.roles.get(seen.call.role)
        plan = role.plan if role else None
        if scope and plan is None:
            memory.unscoped[seen.place] = f"the key's plan lacks the scope {scope}"
    yield from ()
