"""The dispatcher answers check_availability from a cache of half a minute, while REST counts anew."""

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
    "resources.session.takes.read_by + "
    "surfaces.dispatcher.actions.check_availability:: "
    "a session that began took a space of its lot, on each surface"
)


LIVES_S = 30.0


def wrap(handler: Handler, context: Context) -> Handler:
    cached: dict[str, tuple[float, Any]] = {}

    def act(inner: Domain, call: AcceptedCall) -> Any:
        found = inner(call)
        if call.surface == "rest" or isinstance(found, Refusal):
            return found
        at, known = cached.get(call.input["lot_id"], (-LIVES_S, None))
        if call.now - at < LIVES_S:
            return copy.deepcopy(known)
        cached[call.input["lot_id"]] = (call.now, copy.deepcopy(found))
        return found

    acts(context, act, "check_availability")
    return handler


def shows(call: Shown) -> Any:
    before = call.dispatch("check_availability", {"lot_id": "lot_cascade"})["availability"]["available"]
    call.park("lot_cascade")
    return before, call.dispatch("check_availability", {"lot_id": "lot_cascade"})["availability"]["available"]
