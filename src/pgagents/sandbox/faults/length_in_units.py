"""The length of a text is counted in units of UTF-16, so that a long one of rare characters is refused."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox.call import Call, Refusal
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"accepts_valid"})
ALSO: dict[str, str] = {
    "takes_any_text": "its text is as long as may be and ends in such characters",
    "keeps_offer": "a vendor's document lets the text through",
}


def wrap(handler: Handler, context: Context) -> Handler:
    """Refuse what has more units than the schema has characters."""
    inner, invalid = context.front.domain, context.model.errors.framework.invalid

    def act(call: Call) -> Any:
        for param in call.action.params:
            text, most = call.input.get(str(param.name)), param.schema.get("maxLength")
            if isinstance(text, str) and most is not None and len(text.encode("utf-16-le")) > 2 * most:
                return Refusal(invalid, "is too long", str(param.name))
        return inner(call)

    context.front.domain = act
    return handler
