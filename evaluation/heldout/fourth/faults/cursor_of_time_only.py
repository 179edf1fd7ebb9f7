"""A cursor keeps the last session's started_at without its id, so others of the same second are skipped at
a page's end.
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
    "workflows.pages.title + "
    "workflows.pages.steps.second_page.expect + "
    "actions.list_sessions.output.200.properties.next_cursor:: "
    "the pages together hold each session once"
)


def wrap(handler: Handler, context: Context) -> Handler:
    last: dict[str, str] = {}

    def act(inner: Domain, call: AcceptedCall) -> Any:
        after = last.get(call.input.get("cursor") or "")
        found = inner(call)
        while not isinstance(found, Refusal):
            kept = [session for session in found["sessions"] if session["started_at"] != after]
            if kept or found["next_cursor"] is None:
                break
            found = inner(given(call, cursor=found["next_cursor"]))
        else:
            return found
        if found["next_cursor"] is not None:
            last[found["next_cursor"]] = found["sessions"][-1]["started_at"]
        return {**found, "sessions": kept}

    acts(context, act, "list_sessions", "search_sessions")
    return handler


def shows(call: Shown) -> Any:
    call.park(plate="CO-1")
    call.park(plate="CO-2")
    return sum(len(page) for page in call.pages(limit=1))
