"""What a call is about is looked up before its key, so without one an unknown id is answered 404 and a known one 401."""

from __future__ import annotations

from dataclasses import replace

from pgagents.sandbox import answers, meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"needs_key"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Tell that there is nothing, for a session that is read by its id. Park Graph's names."""
    reader, store = meddle.Reader(context.model), context.front.store

    def edit(request: Request, answer: Response) -> Response:
        asked = reader.asked(request) if answer.status == 401 else None
        id = asked.path.get("session_id") if asked is not None else None
        if id is None or store.row("SELECT 1 FROM session WHERE id = ?", id) is not None:
            return answer
        told = answers.refusal(
            context.model, context.model.codes["NOT_FOUND"], "There is no such session", answer.header("x-request-id") or ""
        )
        return replace(answer, status=told.status, body=told.body).with_header("WWW-Authenticate", None)

    return meddle.edits(handler, edit)
