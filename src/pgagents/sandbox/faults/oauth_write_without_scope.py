"""A token that may only read may also extend what is there."""

from __future__ import annotations

from dataclasses import replace

from pgagents.sandbox.keys import Key
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response, Silence

BREAKS = frozenset({"needs_grant"})
ALSO: dict[str, str] = {}
SCOPE, PATH = "sessions:write", "/api/v1/sessions/extend"


def wrap(handler: Handler, context: Context) -> Handler:
    """On one path every token has the scope that it lacks. Park Graph's names."""
    grants, at = context.front.grants, [""]
    if grants is None:
        return handler
    find = grants.key

    def wide(text: str, now: float) -> Key | None:
        key = find(text, now)
        return replace(key, granted=(*(key.granted or ()), SCOPE)) if key is not None and at[0] == PATH else key

    def answer(request: Request) -> Response | Silence:
        at[0] = request.path
        return handler(request)

    grants.key = wide  # type: ignore[method-assign]  # a fault stands in for the grants' own way
    return answer
