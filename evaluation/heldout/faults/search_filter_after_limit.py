"""The filter for autonomous entry is applied to the page instead of to the search, so pages come back
short.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts, given
from evaluation.heldout.calls import NEAR, Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain
from pgagents.sandbox.fault_declaration import Context

CLASS = "search"
SUBTLE = True
PROMISE = "PG-SEARCH: at most limit lots that an autonomous vehicle can enter, nearest first"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        wanted = call.input.get("autonomous_entry")
        if wanted is None:
            wanted = call.key is not None and call.key.group is not None
        found = inner(given(call, autonomous_entry=False))
        return {"lots": [lot for lot in found["lots"] if lot["autonomous_entry"] or not wanted]}

    acts(context, act, "search_parking")
    return handler


def shows(call: Shown) -> Any:
    return len(call.lots(f"{NEAR}&radius_km=1.5&limit=2&autonomous_entry=true"))
