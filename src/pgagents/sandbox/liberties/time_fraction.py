"""Times carry fractions of a second."""

from __future__ import annotations

import re

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

POINT = "time_fraction"
_TIME = re.compile(rb'"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)Z"')


def wrap(handler: Handler, _context: Context) -> Handler:
    """Add .000."""

    def edit(_: Request, answer: Response) -> Response:
        if meddle.data_of(answer) is None or not meddle.successful(answer):
            return answer
        return Response(answer.status, answer.headers, _TIME.sub(rb'"\1.000Z"', answer.body))

    return meddle.edits(handler, edit)
