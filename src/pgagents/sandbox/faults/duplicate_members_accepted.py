"""Of a member that stands twice in a body, the last one wins."""

from __future__ import annotations

import json
from dataclasses import replace

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, read_json

BREAKS = frozenset({"framework"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, _context: Context) -> Handler:
    """Read the body loosely and write it again."""

    def repair(request: Request) -> Request:
        if "stands twice" not in read_json(request.body).problem:
            return request
        try:
            return replace(request, body=json.dumps(json.loads(request.body)).encode())
        except ValueError:
            return request

    return meddle.repairs(handler, repair)
