"""Looking up rates through the dispatcher is answered by a shortcut that writes no audit row."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context

CLASS = "audit"
SUBTLE = True
FORM = "formal"
PROMISE = "audit.reads_on.dispatcher:: every call through the dispatcher leaves a row, reads too"


def wrap(handler: Handler, context: Context) -> Handler:
    acts(context, lambda inner, call: inner(replace(call, surface="rest")), "get_rates")
    return handler


def shows(call: Shown) -> Any:
    call.dispatch("get_rates", {"lot_id": "lot_cascade"})
    return [row["action"] for row in call.data("GET", "/sandbox/v1/audit?limit=5", key="operator")["rows"]]
