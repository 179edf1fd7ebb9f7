"""Whoever opens a page that an answer links to is sent to sign in first."""

from __future__ import annotations

from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response, Silence

POINT = None


def wrap(handler: Handler, context: Context) -> Handler:
    """Redirect from every page with a placeholder in its path."""
    site = context.front.site

    def answer(request: Request) -> Response | Silence:
        page = site.page(request.path)
        if page is not None and page.values:
            return Response(303, (("Location", "/login"), ("Content-Length", "0")))
        return handler(request)

    return answer
