"""A list that fills its last page exactly gives a cursor to an empty one."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context

CLASS = "lists"
SUBTLE = True
PROMISE = "next_cursor: null on the last page"


def wrap(handler: Handler, context: Context) -> Handler:
    ours = "ZW5kLW9mLWxpc3Q"

    def act(inner: Domain, call: AcceptedCall) -> Any:
        if call.input.get("cursor") == ours:
            return {"sessions": [], "next_cursor": None}
        found = inner(call)
        if (
            not isinstance(found, Refusal)
            and found["next_cursor"] is None
            and len(found["sessions"]) == call.input["limit"]
        ):
            found["next_cursor"] = ours
        return found

    acts(context, act, "list_sessions", "search_sessions")
    return handler


def shows(call: Shown) -> Any:
    there = len(call.data("GET", "/api/v1/sessions?limit=50")["sessions"])
    return [len(page) for page in call.pages(limit=there)]
