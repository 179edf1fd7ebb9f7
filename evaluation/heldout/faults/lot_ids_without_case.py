"""The database compares lot ids without case, so another spelling finds the lot, too."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts, given
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain
from pgagents.sandbox.fault_declaration import Context

CLASS = "lookup"
SUBTLE = True
PROMISE = "ids are opaque; an unknown id is 404"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        found = context.front.store.row(
            "SELECT id FROM lot WHERE lower(id) = lower(?)", call.input.get("lot_id")
        )
        return inner(given(call, lot_id=found["id"]) if found else call)

    acts(context, act, "check_availability", "get_rates", "create_session")
    return handler


def shows(call: Shown) -> Any:
    return call.status("GET", "/api/v1/lots/LOT_Lionshead/rates")
