"""Faults of calls that make an instance or replace it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pgagents.base.http import json_bytes
from pgagents.catalogue.model.resource import Resource, id_text
from pgagents.sandbox.call import AcceptedCall, Domain, Other, Refusal
from pgagents.sandbox.fault_declaration import Context, fault
from pgagents.sandbox.fault_helpers import lists


def _put(context: Context, call: AcceptedCall) -> tuple[Resource, str] | None:
    """Return the resource that a PUT makes or replaces, and whose it is under which id; None for others."""
    tenant = call.key.tenant if call.key else ""
    for resource in context.model.resources.values():
        if resource.made_by is not None and resource.made_by.action is call.action:
            id = resource.id_named(call.action.params, call.input)
            if call.action.method == "PUT" and id is not None:
                return resource, f"{tenant} {resource.place_in(call.action.params, call.input)} {id_text(id)}"
    return None


@fault("upserts", also={"law": "a read shows what was written first"}, needs=("upsert",)).replace_actions
def put_again_ignored(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A PUT on what is there answers as if it were replaced, and changes nothing."""
    first: dict[bytes, AcceptedCall] = context.memory.setdefault("first", {})
    result, put = inner(call), _put(context, call)
    if put is None or isinstance(result, Refusal):
        return result
    key = json_bytes([put[0].name, put[1]])
    if not isinstance(result, Other):
        first[key] = call
    elif key in first:
        inner(replace(first[key], headers=[], now=call.now))
    return result


@fault("upserts", also={"valid_calls": "a right PUT is refused"}, needs=("upsert",)).replace_actions
def put_again_refused(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A PUT on what is there is refused, as if it could only make."""
    result, put = inner(call), _put(context, call)
    if put is None or not isinstance(result, Other):
        return result
    return Refusal(context.model.errors.framework.invalid, "It is there already")


@fault("upserts", also={"law": "a list names it twice"}, needs=("upsert",)).replace_actions
def put_again_doubled(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A PUT on what is there makes a second one, which lists show too."""
    twice: set[tuple[str, str]] = context.memory.setdefault("twice", set())
    result, put = inner(call), _put(context, call)
    tenant = call.key.tenant if call.key else ""
    if put is not None and isinstance(result, Other):
        id = put[0].id_named(call.action.params, call.input)
        twice.add((f"{tenant} {put[0].name}", id_text(id)))
    for resource in context.model.resources.values():
        if any(c.action is call.action for c in resource.listed_by) and not isinstance(result, Refusal):
            known = f"{tenant} {resource.name}"
            for rows in lists(result):
                rows.extend([r for r in rows if (known, id_text(resource.id_of(r))) in twice])
    return result


@fault("upserts", also={"law": "a member is not as the call says"}, needs=("upsert",)).replace_actions
def put_again_keeps(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A PUT on what is there changes only the members that it has, and keeps the others."""
    given: dict[bytes, dict[str, Any]] = context.memory.setdefault("given", {})
    put = _put(context, call)
    if put is None:
        return inner(call)
    key = json_bytes([put[0].name, put[1]])
    defaults = {str(p.name): p.schema["default"] for p in call.action.params if "default" in p.schema}
    kept = {
        name: value
        for name, value in given.get(key, {}).items()
        if name in defaults and call.input.get(name) in (None, defaults[name])
    }
    result = inner(replace(call, input={**call.input, **kept}))
    if not isinstance(result, Refusal):
        given[key] = {**call.input, **kept}
    return result
