"""The framework of one service redirects what writes from a path with a slash to the one without; reads know no such path."""

from __future__ import annotations

from dataclasses import replace

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"redirects_safely", "refuses_slash"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Answer 307 where an action that deletes is behind it."""
    reader = meddle.Reader(context.model)

    def edit(request: Request, answer: Response) -> Response:
        bare = replace(request, target=request.path.removesuffix("/"))
        asked = reader.asked(bare)
        if answer.status != 404 or bare.target == request.path or asked is None or asked.action.method != "DELETE":
            return answer
        return Response(307, (*answer.headers, ("Location", bare.target)))

    return meddle.edits(handler, edit)
