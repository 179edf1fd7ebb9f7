"""The audit tells its times to the minute."""

from __future__ import annotations

import re

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

POINT = None
_SECONDS = re.compile(r":[0-9]{2}(\.[0-9]+)?(?=Z|[+-])")


def wrap(handler: Handler, _context: Context) -> Handler:
    """Every row's time without its seconds."""

    def edit(_request: Request, answer: Response) -> Response:
        data = meddle.data_of(answer)
        if not meddle.successful(answer) or data is None:
            return answer
        for rows in meddle.lists(data):
            for row in rows if "actor_type" in rows[0] else ():
                row["at"] = _SECONDS.sub(":00", row["at"], count=1) if row["at"].count(":") > 1 else row["at"]
        return answer.with_json(data)

    return meddle.edits(handler, edit)
