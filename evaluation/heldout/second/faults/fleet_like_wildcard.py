"""The fleet filter is a LIKE, in which the underscores of an id stand for any character: fleet_waymo_sf
finds fleet-waymo-sf, too.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from evaluation.heldout.second.around import tenant
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain
from pgagents.sandbox.fault_declaration import Context

CLASS = "filters"
SUBTLE = True
FORM = "formal"
PROMISE = "actions.list_sessions.laws.fleet-only:: session.vehicle.fleet_id == input.fleet_id"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        wanted, store = call.input.get("fleet_id"), context.front.store
        if wanted is None:
            return inner(call)
        sql = "SELECT id, fleet_id FROM session WHERE tenant = ? AND fleet_id LIKE ? AND fleet_id <> ?"
        rows = store.rows(sql, tenant(call.key), wanted, wanted)
        for row in rows:
            store.run("UPDATE session SET fleet_id = ? WHERE id = ?", wanted, row["id"])
        found = inner(call)
        for row in rows:
            store.run("UPDATE session SET fleet_id = ? WHERE id = ?", row["fleet_id"], row["id"])
        return found

    acts(context, act, "list_sessions")
    return handler


def shows(call: Shown) -> Any:
    call.park(vehicle={"fleet_id": "fleet-waymo-sf"})
    return len(call.data("GET", "/api/v1/sessions?fleet_id=fleet_waymo_sf")["sessions"])
