"""Answers to a call with a key may be stored by anyone."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"answer_headers"})
ALSO = {
    "oauth_grants": "answers with tokens are stored, too",
}


def wrap(handler: Handler, context: Context) -> Handler:
    """Put another value in the headers of keyed answers that have one value."""
    names = [h.name for h in context.model.headers if "keyed" in h.on and h.const]

    def edit(_: Request, answer: Response) -> Response:
        for name in names if answer.status < 400 else ():
            if answer.header(name) is not None:
                answer = answer.with_header(name, "public, max-age=600")
        return answer

    return meddle.edits(handler, edit)
