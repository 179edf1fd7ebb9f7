"""Faults of instances that take room, end by time, or are refused: they show in any catalogue's resources."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from faults.helpers import find_any_secret
from pgagents.base.cel.expression import member_of
from pgagents.base.http import Handler, Request, Response, Silence
from pgagents.catalogue.model.resource import Resource, member_at
from pgagents.sandbox.answers import framework_code
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context, fault
from pgagents.sandbox.fault_helpers import objects


def _shown(resource: Resource, data: Any) -> Iterator[dict[str, Any]]:
    """Yield the objects in an answer that have the id and the characteristic members of such an instance."""
    marks = {
        *resource.ids,
        *([resource.takes.by] if resource.takes else []),
        *([resource.expires_by] if resource.expires_by else []),
    }
    yield from (found for found in objects(data) if marks <= found.keys())


def _named(call: AcceptedCall, resource: Resource) -> set[str]:
    """Return the ids of such instances that a call's arguments give."""
    return {
        str(call.input[p.name])
        for p in call.action.params
        if p.refers_to == resource.name and p.name in call.input
    }


@fault(
    "capacity",
    also={
        "law": "a law computes a share from the count",
        "workflow_runs": "a workflow counts what is free",
    },
).replace_actions
def room_stays_taken(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """The room that an instance took stays taken when a caller ends it."""
    model = context.model
    places: dict[tuple[str, str], Any] = context.memory.setdefault("places", {})
    lost: Counter[tuple[str, str]] = context.memory.setdefault("lost", Counter())
    found = inner(call)
    if isinstance(found, Refusal):
        return found
    taking = [r for r in model.resources.values() if r.takes is not None]
    for resource in taking:
        assert resource.takes is not None
        for one in _shown(resource, found):
            places[resource.name, str(member_at(one, resource.id))] = one[resource.takes.by]
        undone = resource.undone_by
        for id in _named(call, resource) if undone and undone.action is call.action else ():
            lost[resource.takes.of, str(places.get((resource.name, id)))] += 1
    for resource in taking:
        assert resource.takes is not None
        takes, holder = resource.takes, model.resources[resource.takes.of]
        for one in objects(found):
            id = one.get(takes.by, member_at(one, holder.id))
            if isinstance(one.get(takes.counter), int):
                one[takes.counter] = max(0, one[takes.counter] - lost[takes.of, str(id)])
    return found


@fault(
    "expires_on_time",
    also={
        "audit_trail": "nothing is recorded of such an end",
    },
).replace_actions
def expired_instance_ended(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """An instance whose time is over can still be ended, as if it were there."""
    open_: set[tuple[str, str]] = context.memory.setdefault("open", set())
    answers: dict[str, Any] = context.memory.setdefault("answers", {})
    found = inner(call)
    tenant = call.key.tenant if call.key else ""
    for resource in context.model.resources.values():
        if resource.expires_by is None or resource.undone_by is None:
            continue
        named = {(tenant, id) for id in _named(call, resource)}
        ends = resource.undone_by.action is call.action
        if isinstance(found, Refusal):
            if ends and named & open_ and resource.name in answers:
                return answers[resource.name]
            continue
        if ends:
            answers[resource.name] = found
        if call.action.effect == "write":
            made = {(tenant, str(member_at(one, resource.id))) for one in _shown(resource, found)}
            open_ |= made
            open_ -= named
    return found


@fault("failure_atomicity").replace_actions
def failure_has_effect(_context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A call that fails as the operator provokes takes effect all the same."""
    found = inner(call)
    if isinstance(found, Refusal) and _is_provoked(found, call):
        inner(call)
    return found


def _is_provoked(refusal: Refusal, call: AcceptedCall) -> bool:
    """Return whether a refusal is a failure that the operator can provoke for this action."""
    return any(c.name == refusal.code and call.action.name in c.provoked_by for c in call.action.errors)


@fault("conversion").replace_actions
def used_instance_ended(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """An instance that another has used up can still be ended, as if nobody had used it."""
    used: set[tuple[str, str, str]] = context.memory.setdefault("used", set())
    answers: dict[str, Any] = context.memory.setdefault("answers", {})
    found = inner(call)
    tenant = call.key.tenant if call.key else ""
    for resource in context.model.resources.values():
        named = {(resource.name, tenant, id) for id in _named(call, resource)}
        ends = resource.undone_by is not None and resource.undone_by.action is call.action
        if ends and isinstance(found, Refusal):
            bodiless = call.action.success.schema is None
            if named & used and (bodiless or resource.name in answers):
                return answers.get(resource.name)
        elif ends:
            answers[resource.name] = found
        elif not isinstance(found, Refusal) and _uses_up(call, resource):
            used |= named
    return found


def _uses_up(call: AcceptedCall, first: Resource) -> bool:
    """Return whether a call makes something from an instance that takes room, and names it if it likes."""
    optional = [p for p in call.action.params if p.refers_to == first.name and not p.required]
    return call.action.effect == "write" and first.takes is not None and bool(optional)


@fault(
    "exact_codes",
    also={
        "workflow_runs": "a workflow of refused calls tries a code that is nearly right",
    },
).replace_actions
def codes_compared_loosely(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A code of an instance is compared without regard to case, and only as far as the shorter text goes."""
    codes: dict[tuple[str, str], set[str]] = context.memory.setdefault("codes", {})
    found = inner(call)
    for resource in context.model.resources.values():
        given = resource.undone_by.input if resource.undone_by is not None else {}
        read = {name: member_of(value, ("resource", resource.name)) for name, value in given.items()}
        secret = {name: member for name, member in read.items() if member and member not in resource.ids}
        for name, member in secret.items():
            if not isinstance(found, Refusal):
                for one in objects(found):
                    if isinstance(one.get(member), str) and resource.id in one:
                        codes.setdefault((resource.name, str(one[resource.id])), set()).add(one[member])
                continue
            known = {c for id in _named(call, resource) for c in codes.get((resource.name, id), ())}
            wrong = call.input.get(name)
            true = next((c for c in sorted(known) if isinstance(wrong, str) and _begin_alike(c, wrong)), None)
            if true is not None and true != wrong:
                return inner(replace(call, input={**call.input, name: true}))
    return found


SHORTEST = 4
"""Characters that a code must have in common with another to be taken for it."""


def _begin_alike(code: str, given: str) -> bool:
    """Return whether one of two texts begins with the other, whatever their case."""
    short, long = sorted((code.lower(), given.lower()), key=len)
    return len(short) >= SHORTEST and long.startswith(short)


def _find_key_of(call: Request, context: Context) -> str | None:
    """Return the idempotency key of a request, with action and caller; None where it has none."""
    asked = context.reader.parse(call)
    name = asked.action.idempotency if asked is not None else None
    param = asked.action.param(name) if asked is not None and name else None
    if asked is None or param is None:
        return None
    given: Mapping[str, Any] = context.reader.arguments(call)
    value = call.header(param.wire) or given.get(param.wire) or given.get(str(param.name))
    caller = find_any_secret(context.model, call)
    return f"{asked.action.name} {caller} {value}" if value else None


@fault(
    "idempotency_key_not_consumed",
    also={
        "absent_id": "a call about an absent id has the key of an invalid one",
        "error_names_field": "the refusal names the argument of the first call",
        "invalid_input": "a call with two wrong arguments has the key of an earlier one",
    },
).handle_requests
def key_used_by_an_invalid_call(context: Context, handler: Handler, request: Request) -> Response | Silence:
    """An invalid call uses up its idempotency key: a right call with that key is refused as the first was."""
    key, used = _find_key_of(request, context), context.memory
    if key is not None and key in used:
        return handler(used[key])
    found = handler(request)
    invalid = framework_code(context.model, "invalid").status
    if key is not None and isinstance(found, Response) and found.status == invalid:
        used[key] = request
    return found
