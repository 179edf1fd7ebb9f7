"""In the table of plans pro has intelligence too, so its keys read what enterprise pays for."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import NEAR, Shown
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context

CLASS = "scopes"
SUBTLE = False
FORM = "formal"
PROMISE = "auth.plans.pro:: the plan pro has the scope agent alone"


def wrap(handler: Handler, context: Context) -> Handler:
    ring = context.front.keyring
    scopes = ring.scopes
    ring.scopes = lambda plan: scopes("enterprise" if plan == "pro" else plan)  # type: ignore[method-assign]
    return handler


def shows(call: Shown) -> Any:
    call.new_key("pro", plan="pro")
    return call.status("GET", f"/api/v2/intelligence/market-rate?{NEAR}", key="pro")
