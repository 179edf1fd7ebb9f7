"""Decide which calls may be sent again although they may have reached the server."""

from __future__ import annotations

from pgagents.http import Request, Silence
from pgagents.verify.wire.call import Call, Raw

MAX_REPEATS = 6
SAFE = ("GET", "HEAD", "OPTIONS")


def may_write(call: Call, request: Request) -> bool:
    """True if a request may change something. Safe methods and calls of free reading actions cannot."""
    if call.endpoint is None or call.raw != Raw():
        return request.method not in SAFE
    return call.endpoint.action.effect == "write" or call.endpoint.action.costs


def is_repeatable(call: Call) -> bool:
    """True if a call that may have arrived can be sent again.

    It is a read, or a write whose idempotency key prevents a second effect.
    """
    method = call.raw.method or (call.endpoint.method if call.endpoint is not None else "GET")
    return method in SAFE or (
        call.endpoint is not None and str(call.endpoint.action.idempotency) in call.input
    )


def is_without_effect(call: Call, answer: Silence) -> bool:
    """True if the server cannot have acted on a call, or if a second effect changes nothing."""
    reads = call.endpoint is None or call.endpoint.action.effect == "read"
    return not answer.begun and (answer.kind == "refused" or (answer.kind == "reset" and reads))
