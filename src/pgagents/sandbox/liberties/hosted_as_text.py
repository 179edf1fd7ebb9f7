"""The hosted YAML is served as plain text, as places that show sources do."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

POINT = None


def wrap(handler: Handler, context: Context) -> Handler:
    """Say text/plain of YAML, and the charset of JSON."""
    kinds = {path: "application/json; charset=utf-8" if file.endswith(".json") else "text/plain; charset=utf-8"
             for file, path in context.model.api.hosted.items()}  # fmt: skip

    def edit(request: Request, answer: Response) -> Response:
        kind = kinds.get(request.path)
        return answer.with_header("Content-Type", kind) if kind and meddle.successful(answer) else answer

    return meddle.edits(handler, edit)
