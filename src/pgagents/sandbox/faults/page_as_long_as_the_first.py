"""A page after the first is as long as that was asked to be, whatever it is asked to be itself."""

from __future__ import annotations

from dataclasses import replace

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response, Silence

BREAKS = frozenset({"law"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, _context: Context) -> Handler:
    """Remember each page's limit by the text that gets the next one, and lay it into the next call."""
    limits: dict[str, str] = {}

    def answer(request: Request) -> Response | Silence:
        kept = next((limits[value] for _, value in request.query if value in limits), None)
        if kept is not None:
            pairs = "&".join(f"{name}={kept if name == 'limit' else value}" for name, value in request.query)
            request = replace(request, target=f"{request.path}?{pairs}")
        found = handler(request)
        data = meddle.data_of(found) if isinstance(found, Response) and meddle.successful(found) else None
        limit = dict(request.query).get("limit")
        if isinstance(data, dict) and limit is not None:
            limits.update({value: limit for name, value in data.items() if name.startswith("next") and isinstance(value, str)})
        return found

    return answer
