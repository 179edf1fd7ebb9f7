"""A web page may not read why its arguments were refused: what parses them answers before what lets pages read."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.front import framework_code
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"answers_browsers"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """No permission on refusals of bad input."""
    refused = framework_code(context.model, "bad_body").status

    def edit(_: Request, answer: Response) -> Response:
        return answer.with_header("Access-Control-Allow-Origin", None) if answer.status == refused else answer

    return meddle.edits(handler, edit)
