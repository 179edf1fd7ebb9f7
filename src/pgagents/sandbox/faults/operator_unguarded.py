"""Any key that is valid may call the operator's endpoints."""

from __future__ import annotations

from dataclasses import replace

from pgagents.sandbox.asked import Asked
from pgagents.sandbox.keys import Key
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"keeps_operator_apart"})
ALSO = {"runs_workflows": "a workflow tries it with a key that was made on the way"}


def wrap(handler: Handler, context: Context) -> Handler:
    """Take every key for the operator's where only that one is asked for."""
    front = context.front
    guarded = front._framework

    def framework(request: Request, asked: Asked, key: Key | None, request_id: str) -> Response | None:
        if asked.endpoint is not None and asked.endpoint.operator and key is not None:
            key = replace(key, operator=True)
        return guarded(request, asked, key, request_id)

    front._framework = framework  # type: ignore[method-assign]  # a fault may replace any part of the front
    return handler
