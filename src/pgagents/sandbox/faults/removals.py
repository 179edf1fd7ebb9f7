"""Faults of removals."""

from __future__ import annotations

from pgagents.http import Handler, Request, Response, Silence
from pgagents.sandbox.injection.fault_helpers import successful
from pgagents.sandbox.injection.fault_registry import Context, fault


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
