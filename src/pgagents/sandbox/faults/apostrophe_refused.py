"""A text with an apostrophe is refused, as by a filter against SQL."""

from __future__ import annotations

import json
from typing import Any

from pgagents.sandbox.call import Call, Refusal
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"takes_any_text"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Refuse what is otherwise correct."""
    inner, invalid = context.front.domain, context.model.errors.framework.invalid

    def act(call: Call) -> Any:
        texts = json.dumps(call.input, ensure_ascii=False, default=str)
        return Refusal(invalid, "There is a character that is not possible here", "body") if "'" in texts else inner(call)

    context.front.domain = act
    return handler
