"""A payment event is taken whoever signed it."""

from __future__ import annotations

from pgagents.sandbox import meddle, signature
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request

BREAKS = frozenset({"verifies_signed_calls"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Put the right signature over whatever was given, before the front sees it."""
    reader, setting = meddle.Reader(context.model), context.front.site.setting

    def repair(request: Request) -> Request:
        action = reader.action(request)
        param = action.param(action.signed.header) if action is not None and action.signed is not None else None
        given = request.header(param.wire) if param is not None else None
        if param is None or not given or len(given) > param.schema.get("maxLength", len(given)):
            return request
        return request.with_header(param.wire, signature.sign(setting.stripe_secret, request.body, context.front.clock.now()))

    return meddle.repairs(handler, repair)
