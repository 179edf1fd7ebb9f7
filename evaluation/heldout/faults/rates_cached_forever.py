"""The rates of a lot are read once and told for ever, whatever the owner changes."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context

CLASS = "caching"
SUBTLE = True
PROMISE = "update_lot: change a lot's rate; Rates: the ordinary price"


def wrap(handler: Handler, context: Context) -> Handler:
    kept: dict[str, Any] = {}

    def act(inner: Domain, call: AcceptedCall) -> Any:
        id = call.input["lot_id"]
        found = kept.get(id) or inner(call)
        if not isinstance(found, Refusal):
            kept[id] = found
        return found

    acts(context, act, "get_rates")
    return handler


def shows(call: Shown) -> Any:
    path = "/api/v1/lots/lot_lionshead/rates"
    call.data("GET", path)
    call.data("PATCH", "/sandbox/v1/lots/lot_lionshead", {"rate": 7}, key="operator")
    return call.data("GET", path)["rates"]["base"]
