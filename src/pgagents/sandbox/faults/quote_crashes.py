"""An apostrophe in a text crashes the server, as where texts are laid into SQL."""

from __future__ import annotations

import json

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response, Silence

BREAKS = frozenset({"never_crashes"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """A 500 that says nothing, for every correct call whose arguments hold one."""
    reader = meddle.Reader(context.model)

    def answer(request: Request) -> Response | Silence:
        found = handler(request)
        texts = json.dumps(reader.arguments(request), ensure_ascii=False)
        if "'" not in texts or not isinstance(found, Response) or found.status >= 400:
            return found
        return Response(500, found.headers, b'{"error":{"code":"INTERNAL","message":"Something went wrong","request_id":"req_0"}}')

    return answer
