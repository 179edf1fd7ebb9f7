"""A search sorts numbers as text: 10.2 before 9.8."""

from __future__ import annotations

import re

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"law"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Sort the first list action's things by the text of what its law sorts them by."""
    reader, victim = meddle.Reader(context.model), meddle.list_action(context.model)
    sorts = (re.search(r'sorted_by\([^"]*"(\w+)"', law.that.text) for law in victim.laws)
    by = next((match[1] for match in sorts if match), "")

    def edit(request: Request, answer: Response) -> Response:
        data = meddle.data_of(answer)
        if not meddle.successful(answer) or reader.action(request) is not victim:
            return answer
        for found in meddle.lists(data):
            found.sort(key=lambda thing: str(thing.get(by)))
        return answer.with_json(data)

    return meddle.edits(handler, edit)
