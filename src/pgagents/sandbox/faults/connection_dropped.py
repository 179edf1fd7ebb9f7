"""The server dies of an argument out of its range: the connection closes without an answer."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.front import framework_code
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response, Silence

BREAKS = frozenset({"never_crashes"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Say nothing where a bound was refused."""
    reader = meddle.Reader(context.model)
    invalid = framework_code(context.model, "invalid").status

    def answer(request: Request) -> Response | Silence:
        found = handler(request)
        refused = isinstance(found, Response) and found.status == invalid and b"must be at" in found.body
        return Silence("reset", "the connection was closed") if refused and reader.asked(request) else found

    return answer
