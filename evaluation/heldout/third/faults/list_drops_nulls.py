"""The lists of sessions are written by a serialiser that leaves out what is null; a single session has all
its members.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import results
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall
from pgagents.sandbox.fault_declaration import Context

CLASS = "types"
SUBTLE = False
FORM = "formal"
PROMISE = "schemas.Session.required:: a member without a value is there and null"


def wrap(handler: Handler, context: Context) -> Handler:
    def edit(_: AcceptedCall, found: Any) -> None:
        found["sessions"] = [
            {name: value for name, value in s.items() if value is not None} for s in found["sessions"]
        ]

    results(context, edit, "list_sessions", "search_sessions")
    return handler


def shows(call: Shown) -> Any:
    return [sorted(s) for s in call.data("GET", "/api/v1/sessions")["sessions"]]
