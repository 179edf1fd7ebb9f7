"""An accepted call is answered with the request id that the client sent, where it sent one."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.answers import request_id_header
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"answer_headers", "request_id"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Keep it, as a proxy does that takes it for its own."""
    name = request_id_header(context.model)

    def edit(request: Request, answer: Response) -> Response:
        sent = request.header(name)
        return answer.with_header(name, sent) if sent is not None and meddle.successful(answer) else answer

    return meddle.edits(handler, edit)
