"""Sessions are read from a replica that lags two seconds behind, so one that has just ended is still told
as active.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from evaluation.heldout.third.around import action
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context

CLASS = "caching"
SUBTLE = True
FORM = "formal"
PROMISE = "resources.session.moves.end_session.to:: once it has ended a session is completed"


def wrap(handler: Handler, context: Context) -> Handler:
    lagging: dict[str, tuple[float, Any]] = {}

    def act(inner: Domain, call: AcceptedCall) -> Any:
        id = call.input["session_id"]
        if call.action.name == "get_session":
            found = inner(call)
            until, before = lagging.get(id, (0.0, None))
            return copy.deepcopy(before) if call.now < until and not isinstance(found, Refusal) else found
        before = inner(replace(call, action=action(context, "get_session"), input={"session_id": id}))
        found = inner(call)
        if not isinstance(found, Refusal) and not isinstance(before, Refusal):
            lagging[id] = (call.now + 2, before)
        return found

    acts(context, act, "get_session", "end_session")
    return handler


def shows(call: Shown) -> Any:
    session = call.park()
    call.end(session)
    return call.session(session["id"])["status"]
