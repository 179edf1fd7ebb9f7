"""Where extend is told no hours it adds two, as create does."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts, given
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain
from pgagents.sandbox.fault_declaration import Context
from sandboxes import named

CLASS = "defaults"
SUBTLE = False
PROMISE = "PG-EXTEND: extend_hours = 1"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        return inner(call if "extend_hours" in call.given else given(call, extend_hours=2))

    acts(context, act, "extend_session")
    return handler


def shows(call: Shown) -> Any:
    return call.data("POST", "/api/v1/sessions/extend", named(call.park()))["session"]["expires_at"]
