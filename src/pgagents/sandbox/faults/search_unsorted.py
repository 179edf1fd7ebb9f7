"""Lists come in reverse order."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"law"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, _context: Context) -> Handler:
    """Turn every list of objects in a read's answer around."""

    def edit(_: Request, answer: Response) -> Response:
        data = meddle.data_of(answer)
        if not meddle.successful(answer) or data is None:
            return answer
        for found in meddle.lists(data):
            found.reverse()
        return answer.with_json(data)

    return meddle.edits(handler, edit)
