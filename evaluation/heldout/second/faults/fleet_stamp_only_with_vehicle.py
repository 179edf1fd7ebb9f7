"""A fleet key's fleet is written into the vehicle that was given; where none was, the session belongs to
no fleet.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain
from pgagents.sandbox.fault_declaration import Context

CLASS = "attribution"
SUBTLE = True
FORM = "words"
PROMISE = "operator.actions.create_key.input.fleet_id.description:: the fleet it stamps on its sessions"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        if call.key is not None and not call.input.get("vehicle"):
            return inner(replace(call, key=replace(call.key, group=None)))
        return inner(call)

    acts(context, act, "create_session")
    return handler


def shows(call: Shown) -> Any:
    return call.park(key="fleet")["vehicle"]
