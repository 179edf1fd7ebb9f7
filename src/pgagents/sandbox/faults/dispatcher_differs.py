"""The dispatcher leaves the last item out of lists of more than one."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"same_answer"})
ALSO: dict[str, str] = {"relation": "a shortened page has fewer than its limit allows"}


def wrap(handler: Handler, context: Context) -> Handler:
    """Shorten lists on the dispatcher alone."""
    reader = meddle.Reader(context.model)

    def edit(request: Request, answer: Response) -> Response:
        asked, data = reader.asked(request), meddle.data_of(answer)
        if asked is None or asked.dispatcher is None or data is None or not meddle.successful(answer):
            return answer
        for found in meddle.lists(data):
            if len(found) > 1:
                found.pop()
        return answer.with_json(data)

    return meddle.edits(handler, edit)
