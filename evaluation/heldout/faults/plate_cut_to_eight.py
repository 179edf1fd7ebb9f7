"""Plates are kept to eight characters, though ten are taken."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts, given
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain
from pgagents.sandbox.fault_declaration import Context

CLASS = "create"
SUBTLE = True
PROMISE = "PG-L6: session.plate == upper(input.plate); plate up to 10"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        return inner(given(call, plate=call.input["plate"][:8]))

    acts(context, act, "create_session")
    return handler


def shows(call: Shown) -> Any:
    return call.park(plate="ABCDE-1234")["plate"]
