"""The offset of from and to is cut off and the rest taken for UTC, so a period in local time is moved by
hours.
"""

from __future__ import annotations

import re
from typing import Any

from evaluation.heldout.around import acts, given
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain
from pgagents.sandbox.fault_declaration import Context

CLASS = "time zones"
SUBTLE = True
FORM = "formal"
PROMISE = "actions.get_fleet_billing.laws.same-period:: a bill is for the period that was asked for"


_OFFSET = re.compile(r"[+-]\d\d:\d\d$")


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        return inner(given(call, **{name: _OFFSET.sub("Z", call.input[name]) for name in ("from", "to")}))

    acts(context, act, "get_fleet_billing")
    return handler


def shows(call: Shown) -> Any:
    report = call.billed(
        "fleet_waymo_sf", "2026-04-01T00:00:00-06:00", "2026-05-01T00:00:00-06:00", key="fleet"
    )
    return report["from"], report["to"]
