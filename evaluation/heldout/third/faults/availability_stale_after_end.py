"""A lot's count is cached for half a minute and thrown away when a session begins or a space is held, but
not when a session ends.
"""

from __future__ import annotations

import copy
from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context

CLASS = "caching"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "resources.session.undone_by + resources.session.takes.counter:: when a session ends its space is "
    "counted as free again"
)


def wrap(handler: Handler, context: Context) -> Handler:
    kept: dict[str, tuple[float, Any]] = {}

    def act(inner: Domain, call: AcceptedCall) -> Any:
        if call.action.name != "check_availability":
            if call.action.effect == "write" and call.action.name != "end_session":
                kept.clear()
            return inner(call)
        until, counted = kept.get(call.input["lot_id"], (0.0, None))
        if call.now < until:
            return copy.deepcopy(counted)
        found = inner(call)
        if not isinstance(found, Refusal):
            kept[call.input["lot_id"]] = (call.now + 30, copy.deepcopy(found))
        return found

    acts(context, act)
    return handler


def shows(call: Shown) -> Any:
    session = call.park()
    before = call.available("lot_lionshead")
    call.end(session)
    return call.available("lot_lionshead") - before
