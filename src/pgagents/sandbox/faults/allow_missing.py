"""405 does not say which methods there are."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"framework"})
ALSO: dict[str, str] = {"answer_headers": "Allow is a declared header of a 405"}


def wrap(handler: Handler, _context: Context) -> Handler:
    """Take Allow off."""

    def edit(_: Request, answer: Response) -> Response:
        return answer.with_header("Allow", None)

    return meddle.edits(handler, edit)
