"""Times are told without an offset."""

from __future__ import annotations

import re

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"body_fits"})
ALSO: dict[str, str] = {"audits_writes": "the times of rows are compared with those of the calls, and a time without an offset is none"}
_TIME = re.compile(rb'"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)Z"')


def wrap(handler: Handler, _context: Context) -> Handler:
    """Cut the Z off."""

    def edit(_: Request, answer: Response) -> Response:
        data = meddle.data_of(answer)
        if data is None or not meddle.successful(answer):
            return answer
        return Response(answer.status, answer.headers, _TIME.sub(rb'"\1"', answer.body))

    return meddle.edits(handler, edit)
