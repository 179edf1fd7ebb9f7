"""Price windows are told in the lot's local time, with its offset instead of Z."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import results
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, epoch_of, rfc3339
from pgagents.sandbox.fault_declaration import Context

CLASS = "time"
SUBTLE = True
PROMISE = "PG section 3: times RFC 3339 UTC with Z"


def wrap(handler: Handler, context: Context) -> Handler:
    def local(_: AcceptedCall, found: Any) -> None:
        for window in found["rates"]["windows"]:
            for end in ("starts_at", "ends_at"):
                at = epoch_of(window[end])
                assert at is not None
                window[end] = rfc3339(at - 6 * 3600).replace("Z", "-06:00")

    results(context, local, "get_rates")
    return handler


def shows(call: Shown) -> Any:
    return call.data("GET", "/api/v1/lots/lot_lionshead/rates")["rates"]["windows"]
