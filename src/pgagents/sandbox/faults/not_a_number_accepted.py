"""A member of a body that is NaN is left out."""

from __future__ import annotations

import re
from dataclasses import replace

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request

BREAKS = frozenset({"framework"})
_FOLLOWING = re.compile(rb',\s*"[^"]*"\s*:\s*(NaN|-?Infinity)')
_MEMBER = re.compile(rb'\{\s*"[^"]*"\s*:\s*(NaN|-?Infinity)\s*,')
ALSO: dict[str, str] = {}


def wrap(handler: Handler, _context: Context) -> Handler:
    """Cut such members out of the text."""

    def repair(request: Request) -> Request:
        return replace(request, body=_MEMBER.sub(b"{", _FOLLOWING.sub(b"", request.body))) if request.body else request

    return meddle.repairs(handler, repair)
