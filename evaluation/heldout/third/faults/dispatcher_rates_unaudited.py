"""The list of the dispatcher's reads that are audited was written by hand and lacks get_rates."""

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
PROMISE = "audit.reads_on:: every read through the dispatcher leaves a row"


def wrap(handler: Handler, context: Context) -> Handler:
    acts(context, lambda inner, call: inner(replace(call, surface="rest")), "get_rates")
    return handler


def shows(call: Shown) -> Any:
    call.dispatch("get_rates", {"lot_id": "lot_lionshead"})
    return [row["action"] for row in call.data("GET", "/sandbox/v1/audit?limit=5", key="operator")["rows"]]
