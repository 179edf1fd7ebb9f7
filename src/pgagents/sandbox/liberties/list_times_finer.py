"""Lists tell to the millisecond when a thing was made, all other answers to the second."""

from __future__ import annotations

import re

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

POINT = "time_fraction"
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)Z")


def wrap(handler: Handler, context: Context) -> Handler:
    """Add 400 milliseconds to the times that stay as they are."""
    hosted = set(context.model.api.hosted.values())  # documents, not answers
    lasting = {member for resource in context.model.resources.values() for member in resource.fixed}

    def edit(request: Request, answer: Response) -> Response:
        data = meddle.data_of(answer)
        if not meddle.successful(answer) or not isinstance(data, dict) or request.path in hosted:
            return answer
        for found in (item for items in meddle.lists(data) for item in items):
            for name, value in found.items():
                if name in lasting and isinstance(value, str) and (match := _TIME.fullmatch(value)):
                    found[name] = f"{match.group(1)}.400Z"
        return answer.with_json(data)

    return meddle.edits(handler, edit)
