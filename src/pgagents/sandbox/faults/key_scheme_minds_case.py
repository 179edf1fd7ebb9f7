"""The scheme before a key is compared as text, so a client that writes bearer in small letters is refused."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request

BREAKS = frozenset({"needs_key"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, _context: Context) -> Handler:
    """See no key behind another spelling."""

    def repair(request: Request) -> Request:
        given = request.header("authorization") or ""
        return request if not given or given.startswith("Bearer ") else request.with_header("Authorization", "Other")

    return meddle.repairs(handler, repair)
