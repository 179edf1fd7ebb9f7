"""Messages are looked up by the language that was asked for, and one that has no table gives none."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"error_envelope"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """English alone has words."""
    at = context.model.errors.message_at

    def edit(request: Request, answer: Response) -> Response:
        data, language = meddle.data_of(answer), (request.header("accept-language") or "en").lower()
        if answer.status < 400 or data is None or language.startswith(("en", "*")):
            return answer
        return answer.with_json(meddle.error_at(data, at, ""))

    return meddle.edits(handler, edit)
