"""The next page begins after the last second of the page before, so sessions of the same second are lost."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts, given
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context

CLASS = "lists"
SUBTLE = True
PROMISE = "section 2: the pages together hold each session once"


def wrap(handler: Handler, context: Context) -> Handler:
    last: dict[str, str] = {}

    def act(inner: Domain, call: AcceptedCall) -> Any:
        cursor = call.input.get("cursor")
        found = inner(call)
        if isinstance(found, Refusal):
            return found
        while cursor in last and found["sessions"]:
            found["sessions"] = [s for s in found["sessions"] if s["started_at"] < last[cursor]]
            if found["sessions"] or found["next_cursor"] is None:
                break
            found = inner(given(call, cursor=found["next_cursor"]))
        if found["next_cursor"] is not None and found["sessions"]:
            last[found["next_cursor"]] = found["sessions"][-1]["started_at"]
        return found

    acts(context, act, "list_sessions", "search_sessions")
    return handler


def shows(call: Shown) -> Any:
    for n in range(3):
        call.park(plate=f"T-{n}")
    return sum(map(len, call.pages(limit=2)))
