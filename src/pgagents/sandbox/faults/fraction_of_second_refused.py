"""A time with a fraction of a second, as JavaScript writes it, is refused."""

from __future__ import annotations

import re
from typing import Any

from pgagents.sandbox.call import Call, Refusal
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"reads_moments"})
ALSO = {"keeps_offer": "a document lets a model write such a time"}
_FRACTION = re.compile(r":\d\d\.\d+")


def wrap(handler: Handler, context: Context) -> Handler:
    """Read times by a fixed pattern."""
    inner = context.front.domain

    def act(call: Call) -> Any:
        moments = [str(p.name) for p in call.action.params if p.schema.get("format") == "date-time"]
        bad = next((name for name in moments if _FRACTION.search(str(call.input.get(name)))), None)
        return inner(call) if bad is None else Refusal("BAD_REQUEST", f"{bad} is no time", bad)

    context.front.domain = act
    return handler
