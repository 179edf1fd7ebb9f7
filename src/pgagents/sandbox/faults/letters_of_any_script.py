"""A pattern's letters and digits are those of every script, as in many languages' classes of characters."""

from __future__ import annotations

import unicodedata
from typing import Any

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request

BREAKS = frozenset({"refuses_invalid"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Take a text with a pattern by the plain letters that look like its own."""
    reader = meddle.Reader(context.model)

    def repair(request: Request) -> Request:
        action = reader.action(request)
        if action is None:
            return request
        patterned = {name for p in action.params if "pattern" in p.schema and not p.refers_to for name in (p.wire, str(p.name))}
        given = reader.arguments(request)
        plain = {k: _plain(v) if k in patterned else v for k, v in given.items()}
        return reader.with_arguments(request, plain) if plain != given else request

    return meddle.repairs(handler, repair)


def _plain(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return "".join(str(unicodedata.digit(c, c)) if c.isdigit() else unicodedata.normalize("NFKD", c)[:1] for c in value)
