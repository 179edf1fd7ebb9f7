"""Lists of more than one item hold the first one twice."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"law"})
ALSO: dict[str, str] = {"relation": "what stands twice stands in place of another"}


def wrap(handler: Handler, context: Context) -> Handler:
    """Put the first item over the last, so that the list is no longer than before."""
    reader, victim = meddle.Reader(context.model), meddle.list_action(context.model)

    def edit(request: Request, answer: Response) -> Response:
        data = meddle.data_of(answer)
        if not meddle.successful(answer) or reader.action(request) is not victim:
            return answer
        for found in meddle.lists(data):
            if len(found) > 1:
                found[1] = found[0]
        return answer.with_json(data)

    return meddle.edits(handler, edit)
