"""A body of `application/json; charset=UTF-8` is refused for its type, as its charset is not written small."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request

BREAKS = frozenset({"framework"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, _context: Context) -> Handler:
    """Compare the header letter by letter."""

    def repair(request: Request) -> Request:
        kind = request.header("content-type") or ""
        return request if kind == kind.lower() else request.with_header("Content-Type", "application/octet-stream")

    return meddle.repairs(handler, repair)
