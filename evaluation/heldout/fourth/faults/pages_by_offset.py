"""Pages are counted by an offset into the list, so a session that begins between two calls shifts one onto
the next page again.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts, given
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context

CLASS = "paging"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "workflows.pages.title + workflows.pages.steps.second_page.expect:: the pages together hold each "
    "session once"
)


def wrap(handler: Handler, context: Context) -> Handler:
    offsets: dict[str, int] = {}

    def act(inner: Domain, call: AcceptedCall) -> Any:
        cursor, limit = call.input.get("cursor"), call.input["limit"]
        found = inner(call)
        if isinstance(found, Refusal):
            return found
        at = offsets.get(cursor or "", 0)
        if found["next_cursor"] is not None:
            offsets[found["next_cursor"]] = at + limit
        if not at:
            return found
        return {**found, "sessions": _all(inner, call)[at : at + limit]}

    acts(context, act, "list_sessions", "search_sessions")
    return handler


def _all(inner: Domain, call: AcceptedCall) -> list[Any]:
    found, cursor = [], None
    while True:
        page = inner(given(call, cursor=cursor, limit=50))
        found += page["sessions"]
        cursor = page["next_cursor"]
        if cursor is None:
            return found


def shows(call: Shown) -> Any:
    call.park(plate="CO-1")
    first = call.data("GET", "/api/v1/sessions?limit=1")
    call.wait(2)
    call.park(plate="CO-2")
    second = call.data("GET", f"/api/v1/sessions?limit=1&cursor={first['next_cursor']}")
    return first["sessions"][0]["id"] == second["sessions"][0]["id"]
