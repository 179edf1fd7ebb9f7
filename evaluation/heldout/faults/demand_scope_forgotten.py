"""The scope is asked for market prices, but not for agents' demand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from evaluation.heldout.around import seeing
from evaluation.heldout.calls import NEAR, Shown
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context

CLASS = "scopes"
SUBTLE = False
PROMISE = "section 6: intelligence is needed by both v2 operations"


def wrap(handler: Handler, context: Context) -> Handler:
    seen, at = seeing(handler)
    find = context.front.keyring.find

    def wide(token: str) -> Any:
        key = find(token)
        return (
            replace(key, scopes=(*key.scopes, "intelligence"))
            if key and at and at[0].path.endswith("/agent-demand")
            else key
        )

    context.front.keyring.find = wide  # type: ignore[method-assign]  # that is the fault
    return seen


def shows(call: Shown) -> Any:
    return call.status("GET", f"/api/v2/intelligence/agent-demand?{NEAR}", key="starter")
