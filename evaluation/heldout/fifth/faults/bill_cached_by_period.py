"""A fleet's bill is kept for a minute by fleet and period, not by project; an ended session empties the
cache.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.fifth.around import cached
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context

CLASS = "caching"
SUBTLE = True
FORM = "formal"
PROMISE = "actions.get_fleet_billing.tenant:: a bill has the caller's own sessions alone"


def wrap(handler: Handler, context: Context) -> Handler:
    cached(context, "get_fleet_billing", frozenset({"end_session"}), 60.0)
    return handler


def shows(call: Shown) -> Any:
    call.end(call.park("lot_cascade", "AV-1", vehicle={"fleet_id": "fleet_waymo_sf"}))
    period = ("2026-04-01T00:00:00Z", "2026-05-01T00:00:00Z")
    call.billed("fleet_waymo_sf", *period)
    return call.billed("fleet_waymo_sf", *period, key="second")["sessions"]
