"""Where no radius is given, search looks 3 km around instead of 5."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts, given
from evaluation.heldout.calls import NEAR, Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain
from pgagents.sandbox.fault_declaration import Context

CLASS = "defaults"
SUBTLE = True
PROMISE = "PG-SEARCH: radius_km = 5"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        return inner(call if "radius_km" in call.given else given(call, radius_km=3))

    acts(context, act, "search_parking")
    return handler


def shows(call: Shown) -> Any:
    return len(call.lots(f"{NEAR}&limit=25"))
