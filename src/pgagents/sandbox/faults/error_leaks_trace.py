"""A refused argument is told with the server's stack trace."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.front import framework_code
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"leaks_nothing"})
ALSO: dict[str, str] = {}
_TRACE = 'Traceback (most recent call last):\n  File "/srv/api/app.py", line 218, in search\nValueError: could not convert'


def wrap(handler: Handler, context: Context) -> Handler:
    """Put the trace into the message."""
    model = context.model
    invalid = framework_code(model, "invalid").status

    def edit(_: Request, answer: Response) -> Response:
        data = meddle.data_of(answer)
        if answer.status != invalid or data is None:
            return answer
        return answer.with_json(meddle.error_at(data, model.errors.message_at, _TRACE))

    return meddle.edits(handler, edit)
