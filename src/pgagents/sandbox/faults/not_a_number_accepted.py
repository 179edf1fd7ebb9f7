"""NaN in a body is taken for one."""

from __future__ import annotations

import re
from dataclasses import replace

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request

BREAKS = frozenset({"framework"})
ALSO: dict[str, str] = {"refuses_invalid": "a number that is none is invalid wherever it stands"}


def wrap(handler: Handler, _context: Context) -> Handler:
    """Write 1 for NaN and Infinity."""

    def repair(request: Request) -> Request:
        return replace(request, body=re.sub(rb":\s*(NaN|-?Infinity)", b":1", request.body)) if request.body else request

    return meddle.repairs(handler, repair)
