"""The second page of a list forgets which state was asked for."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts, given
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context

CLASS = "lists"
SUBTLE = True
PROMISE = "section 2: a cursor belongs to its key and filters; status: only sessions in this state"


def wrap(handler: Handler, context: Context) -> Handler:
    last: dict[str, tuple[str, str]] = {}

    def act(inner: Domain, call: AcceptedCall) -> Any:
        cursor = call.input.get("cursor")
        found = inner(call)
        if isinstance(found, Refusal):
            return found
        if cursor in last:
            everything = inner(given(call, cursor=None, status=None, limit=50))["sessions"]
            after = [s for s in everything if (s["started_at"], s["id"]) < last[cursor]]
            return {"sessions": after[: call.input["limit"]], "next_cursor": None}
        if found["next_cursor"] is not None and found["sessions"] and call.input.get("status"):
            end = found["sessions"][-1]
            last[found["next_cursor"]] = (end["started_at"], end["id"])
        return found

    acts(context, act, "list_sessions")
    return handler


def shows(call: Shown) -> Any:
    for n in range(3):
        session = call.park(plate=f"T-{n}")
        call.end(session) if n == 1 else None
    pages = call.pages(limit=2, status="active")
    return [[call.session(id)["status"] for id in page] for page in pages]
