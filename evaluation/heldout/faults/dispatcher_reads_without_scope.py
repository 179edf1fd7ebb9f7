"""The dispatcher asks for the scope only where something is written."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from evaluation.heldout.around import seeing
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox import fault_helpers
from pgagents.sandbox.fault_declaration import Context
from sandboxes import DISPATCH

CLASS = "scopes"
SUBTLE = True
PROMISE = "section 6: agent is needed by the dispatcher"


def wrap(handler: Handler, context: Context) -> Handler:
    seen, at = seeing(handler)
    find, reader = context.front.keyring.find, fault_helpers.RequestReader(context.model)

    def wide(token: str) -> Any:
        key, asked = find(token), reader.parse(at[0]) if at else None
        reads = asked is not None and asked.dispatcher is not None and asked.action.effect == "read"
        return replace(key, scopes=(*key.scopes, "agent")) if key and reads else key

    context.front.keyring.find = wide  # type: ignore[method-assign]  # that is the fault
    return seen


def shows(call: Shown) -> Any:
    return call.status(
        "POST", DISPATCH, {"action": "get_rates", "parameters": {"lot_id": "lot_lionshead"}}, key="starter"
    )
