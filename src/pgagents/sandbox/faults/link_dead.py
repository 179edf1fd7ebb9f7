"""The pages that answers link to are not there yet."""

from __future__ import annotations

from pgagents.sandbox.front import framework_code
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response, Silence

BREAKS = frozenset({"links_lead"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Answer every page with a placeholder in its path as an unknown path is answered."""
    site, unknown = context.front.site, framework_code(context.model, "unknown_path")

    def answer(request: Request) -> Response | Silence:
        page = site.page(request.path)
        if page is not None and page.values:
            return Response(unknown.status, (("Content-Type", "text/html; charset=utf-8"),), b"<!doctype html><title>Not found</title>")
        return handler(request)

    return answer
