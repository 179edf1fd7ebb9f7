"""A text with a NUL or a mark that turns the direction of writing is refused as any other wrong argument is."""

from __future__ import annotations

import json
from typing import Any

from pgagents.sandbox.call import Call, Refusal
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

POINT = None


def wrap(handler: Handler, context: Context) -> Handler:
    """Refuse what a database cannot keep, or a page must not show."""
    inner, invalid = context.front.domain, context.model.errors.framework.invalid

    def act(call: Call) -> Any:
        texts = json.dumps(call.input, default=str)
        odd = "\\u0000" in texts or "\\u202e" in texts
        return Refusal(invalid, "There is a character that is not possible here", "body") if odd else inner(call)

    context.front.domain = act
    return handler
