"""The windows of a lot's rates are written in the lot's own time, with its offset."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from evaluation.heldout.around import results
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall
from pgagents.sandbox.fault_declaration import Context

CLASS = "time zones"
SUBTLE = True
FORM = "formal"
PROMISE = "behaviour.time_zone:: Z"


def wrap(handler: Handler, context: Context) -> Handler:
    zone = timezone(timedelta(hours=-6))

    def edit(call: AcceptedCall, found: Any) -> None:
        for window in found["rates"]["windows"]:
            for name in ("starts_at", "ends_at"):
                window[name] = datetime.fromisoformat(window[name]).astimezone(zone).isoformat()

    results(context, edit, "get_rates")
    return handler


def shows(call: Shown) -> Any:
    return call.data("GET", "/api/v1/lots/lot_lionshead/rates")["rates"]["windows"]
