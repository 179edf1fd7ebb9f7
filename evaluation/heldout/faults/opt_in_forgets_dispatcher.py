"""The owner's switch for agents is asked by the key alone, so the dispatcher parks where no agent may."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain
from pgagents.sandbox.fault_declaration import Context
from sandboxes import DISPATCH

CLASS = "opt-in"
SUBTLE = True
PROMISE = "PG-E1: any dispatcher call is an agent's call"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        by_key = call.key is not None and bool(call.key.integration or call.key.group or call.key.granted)
        return inner(replace(call, agent=by_key))

    acts(context, act, "create_session")
    return handler


def shows(call: Shown) -> Any:
    body = {"action": "create_session", "parameters": {"lot_id": "lot_sandstone", "plate": "CO-1"}}
    return call.status("POST", DISPATCH, body)
