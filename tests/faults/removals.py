"""Faults of removals."""

from __future__ import annotations

from typing import Any

from faults.helpers import holds_instances
from pgagents.base.http import Handler, Request, Response, Silence, json_bytes
from pgagents.catalogue.model.resource import id_text
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context, fault
from pgagents.sandbox.fault_helpers import successful


@fault("removals", needs=("gone-after-removal",)).handle_requests
def removed_still_answered(context: Context, handler: Handler, request: Request) -> Response | Silence:
    """A removed instance is answered from a cache, as it was before."""
    cache: dict[str, Response] = context.memory.setdefault("cache", {})
    found = handler(request)
    action = context.reader.action(request)
    if action is None or not isinstance(found, Response):
        return found
    if context.model.is_removal(action) and successful(found):
        cache[f"removed {request.path}"] = found
    elif request.method == "GET" and f"removed {request.path}" in cache:
        return cache.get(request.path, found)
    elif request.method == "GET" and successful(found):
        cache[request.path] = found
    elif successful(found):
        cache.pop(f"removed {request.path}", None)
    return found


@fault("removals", also={"law": "a list still counts it"}).replace_actions
def removed_still_listed(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A list is answered from a cache, which a removal does not empty."""
    lists: dict[bytes, Any] = context.memory.setdefault("lists", {})
    result = inner(call)
    if isinstance(result, Refusal):
        return result
    key = json_bytes([str(call.action.name), call.key.tenant if call.key else "", dict(call.input)])
    if any(c.action is call.action for r in context.model.resources.values() for c in r.listed_by):
        return lists.setdefault(key, result)
    if call.action.effect == "write" and not context.model.is_removal(call.action):
        lists.clear()
    return result


@fault("removals", needs=("gone-after-removal",)).replace_actions
def removed_still_changed(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A removed instance is missing for its reads alone: other calls take it for one that is there."""
    result = inner(call)
    refused = isinstance(result, Refusal) and holds_instances(context)
    for resource in context.model.resources.values() if refused else ():
        known = (resource.undone_by, *resource.read_by, *resource.listed_by)
        own = any(c is not None and c.action is call.action for c in known)
        id = resource.id_named(call.action.params, call.input)
        if own or id is None or not resource.removes:
            continue
        row = (resource.name, id_text(id))
        sql = "UPDATE instance SET gone = ? WHERE kind = ? AND id = ? AND gone = ?"
        if context.store.run(sql, 0, *row, 1):
            again = inner(call)
            context.store.run(sql, 1, *row, 0)
            return again
    return result
