"""The answer that a thing is not there is kept for a minute with its whole body, request id and all."""

from __future__ import annotations

from dataclasses import replace

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"request_id"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Keep bodies of 404 by their path, of what everybody may read."""
    reader, kept = meddle.Reader(context.model), dict[str, tuple[float, bytes]]()
    public = {r.name for r in context.model.resources.values() if r.found_by}

    def edit(request: Request, answer: Response) -> Response:
        action = reader.action(request)
        known = action is not None and any(p.refers_to in public for p in action.params)
        if request.method != "GET" or answer.status != 404 or not known:
            return answer
        now = context.front.clock.now()
        until, body = kept.get(request.path, (0.0, b""))
        if until < now:
            kept[request.path] = (now + 60, answer.body)
            return answer
        return replace(answer, body=body)

    return meddle.edits(handler, edit)
