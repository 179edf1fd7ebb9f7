"""What is not there is told with a code that the catalogue does not have."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"code_status"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Rename the code of every 404."""
    model = context.model

    def edit(_: Request, answer: Response) -> Response:
        data = meddle.data_of(answer)
        if answer.status != 404 or data is None:
            return answer
        return answer.with_json(meddle.error_at(data, model.errors.code_at, "RESOURCE_MISSING"))

    return meddle.edits(handler, edit)
