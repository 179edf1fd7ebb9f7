"""A payment event is taken however long ago it was signed, so that an old one can be sent again."""

from __future__ import annotations

from pgagents.sandbox import meddle, signature
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request

BREAKS = frozenset({"verifies_signed_calls"})
ALSO: dict[str, str] = {}
_FOR_EVER_S = 1e12


def wrap(handler: Handler, context: Context) -> Handler:
    """A signature that fits is made anew with today's time, before the front sees it."""
    reader, setting = meddle.Reader(context.model), context.front.site.setting

    def repair(request: Request) -> Request:
        action, now = reader.action(request), context.front.clock.now()
        param = action.param(action.signed.header) if action is not None and action.signed is not None else None
        given = request.header(param.wire) if param is not None else None
        if param is None or given is None or signature.fault(given, request.body, setting.stripe_secret, now, _FOR_EVER_S):
            return request
        return request.with_header(param.wire, signature.sign(setting.stripe_secret, request.body, now))

    return meddle.repairs(handler, repair)
