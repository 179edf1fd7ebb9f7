"""A key may be sent in the query, where every log keeps it."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request

BREAKS = frozenset({"needs_key"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, _context: Context) -> Handler:
    """Read two of the usual names."""

    def repair(request: Request) -> Request:
        given = dict(request.query)
        token = next((given[n] for n in ("access_token", "key") if n in given), None)
        if token is None or request.header("authorization") is not None:
            return request
        return request.with_header("Authorization", f"Bearer {token}")

    return meddle.repairs(handler, repair)
