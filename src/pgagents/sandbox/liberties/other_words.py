"""Error messages are in another language."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

POINT = None


def wrap(handler: Handler, context: Context) -> Handler:
    """Say it in German."""
    model = context.model

    def edit(_: Request, answer: Response) -> Response:
        data = meddle.data_of(answer)
        if answer.status < 400 or data is None:
            return answer
        return answer.with_json(meddle.error_at(data, model.errors.message_at, "Das geht leider nicht – bitte prüfen"))

    return meddle.edits(handler, edit)
