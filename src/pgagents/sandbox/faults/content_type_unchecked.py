"""A body is read as JSON whatever its content type says."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request

BREAKS = frozenset({"framework"})
ALSO = {"oauth_clients": "a form is not read as one"}


def wrap(handler: Handler, _context: Context) -> Handler:
    """Put application/json over every type."""

    def repair(request: Request) -> Request:
        return request.with_header("Content-Type", "application/json") if request.body else request

    return meddle.repairs(handler, repair)
