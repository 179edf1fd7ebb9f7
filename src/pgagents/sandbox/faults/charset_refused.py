"""A body of `application/json; charset=utf-8` is refused for its type."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request

BREAKS = frozenset({"framework"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, _context: Context) -> Handler:
    """Compare the whole header."""

    def repair(request: Request) -> Request:
        kind = request.header("content-type") or ""
        return request.with_header("Content-Type", "application/octet-stream") if ";" in kind else request

    return meddle.repairs(handler, repair)
