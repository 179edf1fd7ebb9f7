"""The check of access tokens has an error path of its own, which forgets to tell the scheme on its 401."""

from __future__ import annotations

from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response, Silence

BREAKS = frozenset({"answer_headers"})
ALSO: dict[str, str] = {}
NO_KEY = 401


def wrap(handler: Handler, context: Context) -> Handler:
    """Leave the header out for whoever comes with something like an access token."""
    del context

    def answer(request: Request) -> Response | Silence:
        found = handler(request)
        if isinstance(found, Response) and found.status == NO_KEY and (request.header("authorization") or "").startswith("Bearer oat_"):
            return found.with_header("WWW-Authenticate", None)
        return found

    return answer
