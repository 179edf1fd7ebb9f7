"""A user who refuses sends the client back without the state that it sent."""

from __future__ import annotations

import re

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"oauth_grants"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Cut the state out of every redirect that tells a refusal."""
    oauth = context.model.auth.oauth

    def edit(request: Request, answer: Response) -> Response:
        to = answer.header("location") or ""
        if oauth is None or request.path != oauth.authorize or "error=access_denied" not in to:
            return answer
        return answer.with_header("Location", re.sub(r"(?<=[?&])state=[^&#]*&?", "", to))

    return meddle.edits(handler, edit)
