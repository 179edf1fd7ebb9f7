"""The address that calls without a key are counted by is taken from X-Forwarded-For, which any caller can
write.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.fourth.around import asked
from pgagents.base.http import Handler, Request
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.front import PEER

CLASS = "limits"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "limits.buckets.address.of + limits.buckets.address.requests:: calls without a key are limited for "
    "one peer address"
)


def wrap(handler: Handler, context: Context) -> Handler:
    def edit(request: Request) -> Request:
        said = (request.header("x-forwarded-for") or "").partition(",")[0].strip()
        return request.with_header(PEER, said) if said else request

    return asked(handler, edit)


def shows(call: Shown) -> Any:
    return [
        call("GET", "/api/v1/health", key=None, X_Forwarded_For=f"203.0.113.{n}").header(
            "x-ratelimit-remaining"
        )
        for n in (1, 2, 3)
    ]
