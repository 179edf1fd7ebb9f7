"""The same idempotency key with another body is taken for a new call."""

from __future__ import annotations

import hashlib
import re

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, json_bytes

BREAKS = frozenset({"idempotency"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Make the key depend on the body."""
    reader = meddle.Reader(context.model)

    def repair(request: Request) -> Request:
        asked = reader.asked(request)
        param = asked.action.param(asked.action.idempotency) if asked and asked.action.idempotency else None
        if asked is None or param is None:
            return request
        given = reader.arguments(request)
        mark = hashlib.sha256(json_bytes(sorted((k, str(v)) for k, v in given.items() if k != param.name))).hexdigest()[:12]
        value = given.get(str(param.name)) if asked.dispatcher else request.header(param.wire)
        if not isinstance(value, str) or not re.fullmatch("[A-Za-z0-9_-]{1,64}", value):
            return request
        own = hashlib.sha256(f"{value}-{mark}".encode()).hexdigest()[:40]
        if asked.dispatcher is not None:
            return reader.with_arguments(request, {**given, str(param.name): own})
        return request.with_header(param.wire, own)

    return meddle.repairs(handler, repair)
