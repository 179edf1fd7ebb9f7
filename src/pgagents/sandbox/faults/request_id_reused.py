"""All errors have the same request id."""

from __future__ import annotations

from pgagents.sandbox import answers, meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"request_id"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Put one id into every error, body and header."""
    model = context.model
    name = answers.request_id_header(model)

    def edit(_: Request, answer: Response) -> Response:
        data = meddle.data_of(answer)
        if answer.status < 400 or data is None or model.errors.request_id_at is None:
            return answer
        return answer.with_json(meddle.error_at(data, model.errors.request_id_at, "req_1")).with_header(name, "req_1")

    return meddle.edits(handler, edit)
