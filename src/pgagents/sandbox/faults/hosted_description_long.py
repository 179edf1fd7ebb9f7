"""A hosted document describes an operation in more characters than an importer takes."""

from __future__ import annotations

import re

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"hosted_document"})
ALSO: dict[str, str] = {}
MORE = b" Call it whenever it may help." * 40
_DESCRIPTION = re.compile(rb"(?m)^( +description: )([A-Z][^\n'\"]+)$")


def wrap(handler: Handler, context: Context) -> Handler:
    """Lengthen the first description that stands on a line of its own."""
    paths = set(context.model.api.hosted.values())

    def edit(request: Request, answer: Response) -> Response:
        if request.path not in paths or not meddle.successful(answer):
            return answer
        return Response(answer.status, answer.headers, _DESCRIPTION.sub(rb"\1\2" + MORE, answer.body, count=1))

    return meddle.edits(handler, edit)
