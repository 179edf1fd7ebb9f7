"""The search for a plate finds every plate that begins with it."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts, given
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context

CLASS = "lookup"
SUBTLE = True
PROMISE = "PG-PLATE: sessions of one license plate"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        found = inner(call)
        if isinstance(found, Refusal) or call.input.get("cursor"):
            return found
        tenant, plate = call.key.tenant if call.key else "", call.input["plate"].upper()
        others = context.front.store.rows(
            "SELECT DISTINCT plate FROM session WHERE tenant = ? AND plate LIKE ?", tenant, plate + "_%"
        )
        for row in others:
            found["sessions"] += inner(given(call, plate=row["plate"]))["sessions"]
        found["sessions"].sort(key=lambda s: (s["started_at"], s["id"]), reverse=True)
        del found["sessions"][call.input["limit"] :]
        return found

    acts(context, act, "search_sessions")
    return handler


def shows(call: Shown) -> Any:
    return len(call.data("GET", "/api/v1/sessions/search?plate=CO-789")["sessions"])
