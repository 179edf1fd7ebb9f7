"""The offset of a time is dropped, and the rest is read as UTC."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from pgagents.sandbox.call import Call
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"reads_moments"})
ALSO: dict[str, str] = {"law": "the answer tells the moments that were asked for"}
_OFFSET = re.compile(r"[+-]\d\d:\d\d$")


def wrap(handler: Handler, context: Context) -> Handler:
    """Write Z in place of the offset."""
    inner = context.front.domain

    def act(call: Call) -> Any:
        moments = {str(p.name) for p in call.action.params if p.schema.get("format") == "date-time"}
        read = {k: _OFFSET.sub("Z", v) for k, v in call.input.items() if k in moments and isinstance(v, str)}
        return inner(replace(call, input={**call.input, **read}))

    context.front.domain = act
    return handler
