"""Bodies are read by a lenient reader, which takes a comma before the end of an object or a list for none."""

from __future__ import annotations

import re
from dataclasses import replace

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, read_json

BREAKS = frozenset({"framework"})
ALSO: dict[str, str] = {}
_COMMA = re.compile(rb",\s*([}\]])")


def wrap(handler: Handler, _context: Context) -> Handler:
    """Take the comma away where the body is right without."""

    def repair(request: Request) -> Request:
        if not request.body or not read_json(request.body).problem:
            return request
        mended = _COMMA.sub(rb"\1", request.body)
        return request if read_json(mended).problem else replace(request, body=mended)

    return meddle.repairs(handler, repair)
