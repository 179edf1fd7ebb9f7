"""The hosted documents want a key."""

from __future__ import annotations

from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response, Silence

BREAKS = frozenset({"hosted_document"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Ask for a document as for a path that is not there."""
    paths = set(context.model.api.hosted.values())

    def answer(request: Request) -> Response | Silence:
        return handler(Request(request.method, "/-/nowhere", request.headers) if request.path in paths else request)

    return answer
