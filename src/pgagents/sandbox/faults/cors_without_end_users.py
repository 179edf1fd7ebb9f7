"""Browsers are told of the headers that are arguments, and not of those that name an end user."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"answers_browsers"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Take them off the list."""
    named = {name.removeprefix("header ").strip().lower() for name in context.model.limits.end_user}

    def edit(_: Request, answer: Response) -> Response:
        told = answer.header("access-control-allow-headers")
        if told is None:
            return answer
        kept = [name for name in told.split(", ") if name.lower() not in named]
        return answer.with_header("Access-Control-Allow-Headers", ", ".join(kept))

    return meddle.edits(handler, edit)
