"""The search for a plate written small finds nothing."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context

CLASS = "lookup"
SUBTLE = True
PROMISE = "PG-PLATE example: plate co-7891 finds CO-7891; plates answer upper case"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        found = inner(call)
        same = call.input["plate"] == call.input["plate"].upper()
        return found if same or isinstance(found, Refusal) else {"sessions": [], "next_cursor": None}

    acts(context, act, "search_sessions")
    return handler


def shows(call: Shown) -> Any:
    return len(call.data("GET", "/api/v1/sessions/search?plate=co-7891")["sessions"])
