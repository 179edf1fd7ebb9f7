"""Faults of instances that take room, end by time, or are refused: they show in any catalogue's resources."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from pgagents.http import Handler, Request, Response, Silence
from pgagents.model.model import Resource, member_at
from pgagents.sandbox.auth.credential import find_any_secret
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.front import framework_code
from pgagents.sandbox.injection.fault_helpers import objects
from pgagents.sandbox.injection.fault_registry import Context, fault


def _shown(resource: Resource, data: Any) -> Iterator[dict[str, Any]]:
    """Yield the objects of an answer that have the id of such an instance and what its kind is known by."""
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
