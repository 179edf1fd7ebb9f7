"""What a key has read is kept for it and told again until anything is written; each answer has an id and a budget of its own."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

POINT = None
LIVES_S = 1.0


def wrap(handler: Handler, context: Context) -> Handler:
    """Keep the bodies of lists and things by key and address, for a second."""
    reader = meddle.Reader(context.model)
    own = {r.name for r in context.model.resources.values() if r.tenant}
    told = {str(c.action.name) for r in context.model.resources.values() if r.name in own for c in (*r.listed_by, *r.read_by)}
    kept: dict[tuple[str, str], tuple[float, bytes]] = {}

    def edit(request: Request, answer: Response) -> Response:
        action, now = reader.action(request), context.front.clock.now()
        if request.method not in ("GET", "HEAD", "OPTIONS"):
            kept.clear()
        if action is None or request.method != "GET" or action.name not in told or answer.status != 200:
            return answer
        key = (request.header("authorization") or "", request.target)
        until, body = kept.get(key, (0.0, b""))
        if now < until:
            return Response(answer.status, (*answer.headers, ("X-Cache", "hit")), body)
        kept[key] = (now + LIVES_S, answer.body)
        return answer

    return meddle.edits(handler, edit)
