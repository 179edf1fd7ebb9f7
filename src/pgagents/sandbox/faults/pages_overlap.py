"""The last thing of a page stands on the next page once more."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"walks_pages"})
ALSO = {"runs_workflows": "a workflow follows a list to its second page, too"}


def wrap(handler: Handler, _context: Context) -> Handler:
    """Remember what a page ended with, by the text that gets the next one."""
    ended: dict[str, Any] = {}

    def edit(request: Request, answer: Response) -> Response:
        data = meddle.data_of(answer)
        if request.method != "GET" or not meddle.successful(answer) or not isinstance(data, dict):
            return answer
        told = next((value for name, value in data.items() if name.startswith("next") and isinstance(value, str)), None)
        for things in meddle.lists(data):
            again = next((ended[value] for _, value in request.query if value in ended), None)
            if told is not None:
                ended[told] = things[-1]
            if again is not None:
                things[:] = [again, *things][: max(1, len(things))]
            break
        return answer.with_json(data)

    return meddle.edits(handler, edit)
