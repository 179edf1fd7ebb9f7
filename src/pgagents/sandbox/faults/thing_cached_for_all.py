"""A thing that was read is kept by its id and told to whoever asks for it, before it is asked whose it is; a write empties the cache."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"absent_id"})
ALSO: dict[str, str] = {}
LIVES_S = 30.0


def wrap(handler: Handler, context: Context) -> Handler:
    """Keep successes by their path, of what is a project's own, and answer what is not there for others with them."""
    reader = meddle.Reader(context.model)
    own = {r.name for r in context.model.resources.values() if r.tenant}
    kept: dict[str, tuple[float, bytes]] = {}

    def edit(request: Request, answer: Response) -> Response:
        action, now = reader.action(request), context.front.clock.now()
        if action is not None and action.effect == "write":
            kept.clear()
        if action is None or request.method != "GET" or not any(p.place == "path" and p.refers_to in own for p in action.params):
            return answer
        until, body = kept.get(request.path, (0.0, b""))
        if answer.status == 200:
            kept[request.path] = (now + LIVES_S, answer.body)
        if answer.status != 404 or until <= now:
            return answer
        return Response(200, answer.headers, body)

    return meddle.edits(handler, edit)
