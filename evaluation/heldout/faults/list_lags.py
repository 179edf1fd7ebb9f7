"""Lists are read from a replica two seconds behind."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import results
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, epoch_of
from pgagents.sandbox.fault_declaration import Context

CLASS = "stale reads"
SUBTLE = True
PROMISE = "PG-L6: what was created is what is read back, on every surface"


def wrap(handler: Handler, context: Context) -> Handler:
    def late(call: AcceptedCall, found: Any) -> None:
        found["sessions"] = [s for s in found["sessions"] if (epoch_of(s["started_at"]) or 0) <= call.now - 2]

    results(context, late, "list_sessions", "search_sessions")
    return handler


def shows(call: Shown) -> Any:
    call.park(plate="NEW-1")
    return len(call.data("GET", "/api/v1/sessions/search?plate=NEW-1")["sessions"])
