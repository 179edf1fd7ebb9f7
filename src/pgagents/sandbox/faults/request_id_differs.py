"""An error's body names another request id than its header."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.keys import word
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"request_id"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Put a fresh id into the body."""
    model = context.model

    def edit(_: Request, answer: Response) -> Response:
        data = meddle.data_of(answer)
        if answer.status < 400 or data is None or model.errors.request_id_at is None:
            return answer
        return answer.with_json(meddle.error_at(data, model.errors.request_id_at, "req_" + word(context.rng, 20)))

    return meddle.edits(handler, edit)
