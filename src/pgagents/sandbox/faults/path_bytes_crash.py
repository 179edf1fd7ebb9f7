"""A path whose bytes are no UTF-8 crashes the server, which decodes it before all else."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import unquote_to_bytes

from pgagents.sandbox import meddle
from pgagents.sandbox.front import framework_code
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"never_crashes"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Decode it strictly."""
    model = context.model
    crashed = framework_code(model, "crashed")

    def edit(request: Request, answer: Response) -> Response:
        try:
            unquote_to_bytes(request.path).decode()
        except UnicodeDecodeError:
            body = meddle.error_at(meddle.data_of(answer), model.errors.code_at, crashed.name)
            return replace(answer, status=crashed.status).with_json(body)
        return answer

    return meddle.edits(handler, edit)
