"""A signed call is taken whatever time its signature was made for: an old one can be sent again with the time of today."""

from __future__ import annotations

import hashlib
import hmac
import re

from pgagents.sandbox.oddity import Context
from pgagents.sandbox.signature import sign
from pgagents.wire import Handler, Request, Response, Silence

BREAKS = frozenset({"verifies_signed_calls"})
ALSO: dict[str, str] = {}
LOOKS_BACK_S = 900


def wrap(handler: Handler, context: Context) -> Handler:
    """Sign anew what any second of the last minutes signs."""
    signed = [str(p.wire) for a in context.model.actions if a.signed for p in a.params if p.name == a.signed.header]
    setting = context.front.site.setting

    def answer(request: Request) -> Response | Silence:
        for header in signed:
            given = re.fullmatch(r"t=([0-9]{1,12}),v1=([0-9a-f]{64})", request.header(header) or "")
            if given is not None and _fits(setting.stripe_secret, request.body, int(given[1]), given[2]):
                return handler(request.with_header(header, sign(setting.stripe_secret, request.body, int(given[1]))))
        return handler(request)

    return answer


def _fits(secret: str, body: bytes, told: int, given: str) -> bool:
    times = range(told - LOOKS_BACK_S, told)
    return any(hmac.new(secret.encode(), f"{t}.".encode() + body, hashlib.sha256).hexdigest() == given for t in times)
