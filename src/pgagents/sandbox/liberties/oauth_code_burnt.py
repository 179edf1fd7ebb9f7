"""A code that was tried with a wrong verifier is dead, also for its own client: a guess costs the code."""

from __future__ import annotations

from urllib.parse import parse_qsl

from pgagents.sandbox.keys import digest
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response, Silence

POINT = None


def wrap(handler: Handler, context: Context) -> Handler:
    """End the code of every exchange that was refused."""
    oauth, store = context.model.auth.oauth, context.front.store

    def answer(request: Request) -> Response | Silence:
        found = handler(request)
        if oauth is not None and request.path == oauth.token and isinstance(found, Response) and found.status >= 400:
            code = dict(parse_qsl(request.body.decode("utf-8", "replace"))).get("code", "")
            with store.transaction():
                store.run("UPDATE oauth_code SET used = 1 WHERE hash = ?", digest(code))
        return found

    return answer
