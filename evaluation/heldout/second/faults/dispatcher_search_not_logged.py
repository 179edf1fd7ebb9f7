"""Searches are kept out of the audit log because there are so many, also those of the dispatcher."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from evaluation.heldout.second.calls import audit
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context

CLASS = "audit"
SUBTLE = True
FORM = "formal"
PROMISE = "audit.reads_on.dispatcher:: every call through the dispatcher makes a row"


def wrap(handler: Handler, context: Context) -> Handler:
    acts(context, lambda inner, call: inner(replace(call, surface="rest")), "search_parking")
    return handler


def shows(call: Shown) -> Any:
    call.dispatch("search_parking", {"lat": 39.6403, "lng": -106.3742})
    return [row["action"] for row in audit(call)]
