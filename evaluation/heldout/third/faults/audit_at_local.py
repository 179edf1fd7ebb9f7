"""The audit feed tells its times with the offset of the server's zone; everything else tells UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from evaluation.heldout.around import results
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall
from pgagents.sandbox.fault_declaration import Context

CLASS = "time zones"
SUBTLE = True
FORM = "formal"
PROMISE = "behaviour.time_zone:: times are told in UTC with Z"


def wrap(handler: Handler, context: Context) -> Handler:
    def edit(call: AcceptedCall, found: Any) -> None:
        for row in found["rows"]:
            at = datetime.fromisoformat(row["at"]).timestamp() - 6 * 3600
            row["at"] = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S-06:00")

    results(context, edit, "list_audit")
    return handler


def shows(call: Shown) -> Any:
    call.park()
    return call.data("GET", "/sandbox/v1/audit?limit=1", key="operator")["rows"][0]["at"]
