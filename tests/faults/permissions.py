"""Faults of what a key may do: by its mode, the scopes of its plan, and the operator's role."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pgagents.base.http import Request, Response
from pgagents.sandbox.answers import framework_code
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context, Find, fault
from pgagents.sandbox.fault_helpers import replace_method
from pgagents.sandbox.keys import Key
from pgagents.sandbox.routes import ParsedRequest


@fault(
    "mode_isolation", also={"project_isolation": "the live key belongs to a project of its own"}
).replace_actions
def auth_env_crossing(_context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A live key reads what test keys made."""
    live = call.key is not None and call.key.mode == "live" and call.action.effect == "read"
    return inner(
        replace(call, key=replace(call.key, project="main", mode="test")) if live and call.key else call
    )


@fault("workflow_runs").change_server
def made_keys_are_operators(context: Context) -> None:
    """A key that the operator makes has all rights of the operator."""
    keyring = context.front.keyring
    mint = keyring.mint

    def hand_on(key: Key, *, seeded: bool = False, revoked_at: float | None = None) -> str:
        return mint(replace(key, operator=True), seeded=seeded, revoked_at=revoked_at)

    replace_method(keyring, "mint", hand_on)


@fault(
    "operator_isolation", also={"workflow_runs": "a workflow tries it with a key that was made on the way"}
).change_server
def operator_unguarded(context: Context) -> None:
    """Any valid key may call the operator's endpoints."""
    guarded = context.front._framework

    def framework(
        request: Request, asked: ParsedRequest, key: Key | None, request_id: str
    ) -> Response | None:
        if asked.endpoint is not None and asked.endpoint.operator and key is not None:
            key = replace(key, operator=True)
        return guarded(request, asked, key, request_id)

    replace_method(context.front, "_framework", framework)


@fault("workflow_runs").change_server
def plan_with_every_scope(context: Context) -> None:
    """A key whose plan has any scope has all scopes."""
    ring, plans = context.front.keyring, context.model.auth.plans
    every = tuple(dict.fromkeys(scope for scopes in plans.values() for scope in scopes))
    replace_method(ring, "scopes", lambda plan: every if plan is not None and plans.get(plan) else ())


@fault("plan_scopes").find_keys
def scope_unenforced(context: Context, find: Find, token: str) -> Key | None:
    """A key whose plan lacks a scope may do everything all the same."""
    key = find(token)
    return replace(key, scopes=tuple(context.model.auth.scopes)) if key else None


@fault("plan_scopes").replace_actions
def read_needs_every_scope(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """Reads are refused to a key whose plan lacks any scope, whether or not they need it."""
    lacks = call.key is not None and set(context.model.auth.scopes) - set(call.key.scopes)
    if lacks and call.action.effect == "read":
        return Refusal(framework_code(context.model, "no_scope").name, "This key may not read it")
    return inner(call)
