"""Successful answers carry further members that tell nothing secret."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

POINT = None


def wrap(handler: Handler, context: Context) -> Handler:
    """Add a version and links."""

    hosted = set(context.model.api.hosted.values())  # documents, not answers

    def edit(request: Request, answer: Response) -> Response:
        data = meddle.data_of(answer)
        if not meddle.successful(answer) or not isinstance(data, dict) or request.path in hosted:
            return answer
        return answer.with_json({**data, "api_revision": 7, "links": [{"rel": "docs", "href": "https://example.com/docs"}]})

    return meddle.edits(handler, edit)
