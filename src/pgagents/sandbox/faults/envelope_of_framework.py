"""Unknown paths, wrong methods and bad bodies are answered by the web framework in its own shape."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"error_envelope"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Answer `{"detail": …}`."""
    reader = meddle.Reader(context.model)

    def edit(request: Request, answer: Response) -> Response:
        outside = answer.status in (405, 413) or (answer.status == 404 and reader.asked(request) is None)
        unread = answer.status >= 400 and (b"the body" in answer.body)
        return answer.with_json({"detail": "Not Found"}) if outside or unread else answer

    return meddle.edits(handler, edit)
