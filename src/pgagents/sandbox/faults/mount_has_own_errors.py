"""The API's next version is an application of its own, which answers unknown paths as its framework does."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"error_envelope"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Below the last action's mount, 404 and 405 have a body of another form where no action is meant."""
    reader = meddle.Reader(context.model)
    first = "/".join(context.model.actions[0].path.split("/")[:3])
    mounts = {"/".join(a.path.split("/")[:3]) for a in context.model.actions} - {first}
    texts = {404: "Not Found", 405: "Method Not Allowed"}

    def edit(request: Request, answer: Response) -> Response:
        below = any(request.path.startswith(f"{mount}/") for mount in mounts)
        if not below or answer.status not in texts or reader.asked(request) is not None:
            return answer
        return answer.with_json({"detail": texts[answer.status]})

    return meddle.edits(handler, edit)
