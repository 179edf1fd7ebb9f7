"""A bill counts a session that ends at the very end of the period, and the next bill counts it again."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts, given
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal, epoch_of, rfc3339
from pgagents.sandbox.fault_declaration import Context

CLASS = "fleets"
SUBTLE = True
PROMISE = "PG-L9: sessions with ended_at in [from, to)"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        to = epoch_of(call.input["to"].upper())
        found = inner(given(call, to=rfc3339(to + 1)) if to is not None and 0 < to < 4e9 else call)
        if not isinstance(found, Refusal):
            found["report"]["to"] = inner(call)["report"]["to"]
        return found

    acts(context, act, "get_fleet_billing")
    return handler


def shows(call: Shown) -> Any:
    session = call.park(key="fleet")
    ended = call.end(session, key="fleet")["session"]["ended_at"]
    return call.billed("fleet_waymo_sf", "2026-01-01T00:00:00Z", ended)["sessions"]
