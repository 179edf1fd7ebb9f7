"""A bill reads the time of its period and forgets the offset."""

from __future__ import annotations

import re
from typing import Any

from evaluation.heldout.around import acts, given
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context

CLASS = "time"
SUBTLE = True
PROMISE = "from/to RFC 3339, whose offset counts"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        bare = {name: re.sub(r"(?i)([+-]\d\d:\d\d)$", "Z", call.input[name]) for name in ("from", "to")}
        right, found = inner(call), inner(given(call, **bare))
        if not isinstance(found, Refusal) and not isinstance(right, Refusal):
            found["report"].update({name: right["report"][name] for name in bare})
        return right if isinstance(right, Refusal) else found

    acts(context, act, "get_fleet_billing")
    return handler


def shows(call: Shown) -> Any:
    session = call.park(key="fleet")
    call.end(session, key="fleet")
    return call.billed("fleet_waymo_sf", "2026-04-18T12:00:00-06:00", "2026-04-20T00:00:00Z")["sessions"]
