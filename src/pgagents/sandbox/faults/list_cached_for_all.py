"""Lists of what is a project's own are kept by their address, whoever asks; a write empties the cache."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"keeps_projects_apart"})
ALSO = {
    "reads_back": "another project's things are in the list",
    "refused_leaves_nothing": "what is in the list was made by no call of this project",
}
LIVES_S = 30.0


def wrap(handler: Handler, context: Context) -> Handler:
    """Keep the body, with the answer's own headers."""
    reader = meddle.Reader(context.model)
    lists = {str(c.action.name) for r in context.model.resources.values() if r.tenant for c in r.listed_by}
    kept: dict[str, tuple[float, bytes]] = {}

    def edit(request: Request, answer: Response) -> Response:
        action, now = reader.action(request), context.front.clock.now()
        if action is not None and action.effect == "write":
            kept.clear()
        if action is None or request.method != "GET" or action.name not in lists or answer.status != 200:
            return answer
        until, body = kept.get(request.target, (0.0, b""))
        if now < until:
            return Response(answer.status, answer.headers, body)
        kept[request.target] = (now + LIVES_S, answer.body)
        return answer

    return meddle.edits(handler, edit)
