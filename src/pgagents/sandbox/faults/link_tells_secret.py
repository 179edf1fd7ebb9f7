"""The page that a new thing links to holds what pays for it."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response, Silence

BREAKS = frozenset({"links_lead"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Keep every secret of an answer, and write all of them into the pages."""
    told: list[str] = []

    def answer(request: Request) -> Response | Silence:
        found = handler(request)
        if not isinstance(found, Response) or not meddle.successful(found):
            return found
        for item in meddle.objects(meddle.data_of(found)):
            told.extend(v for k, v in item.items() if k in context.model.secrets and isinstance(v, str))
        if (found.header("content-type") or "").startswith("text/html"):
            return Response(found.status, found.headers, found.body + "\n".join(told).encode())
        return found

    return answer
