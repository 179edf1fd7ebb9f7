"""The state that a client sent does not come back with the code, so that it cannot tell whose answer it is."""

from __future__ import annotations

import re

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"oauth_grants"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Take it out of where the user is sent back to."""
    oauth = context.model.auth.oauth

    def edit(request: Request, answer: Response) -> Response:
        location = answer.header("location")
        if oauth is None or request.path != oauth.authorize or location is None:
            return answer
        return answer.with_header("Location", re.sub(r"([?&])state=[^&]*&?", r"\1", location).rstrip("?&"))

    return meddle.edits(handler, edit)
