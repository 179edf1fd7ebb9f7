"""Completed sessions are listed by their end instead of their start."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import results
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall
from pgagents.sandbox.fault_declaration import Context

CLASS = "lists"
SUBTLE = True
PROMISE = "section 2: newest first by (started_at, id)"


def wrap(handler: Handler, context: Context) -> Handler:
    def by_end(call: AcceptedCall, found: Any) -> None:
        if call.input.get("status") == "completed":
            found["sessions"].sort(key=lambda s: s["ended_at"], reverse=True)

    results(context, by_end, "list_sessions")
    return handler


def shows(call: Shown) -> Any:
    first = call.park()
    call.wait(60)
    second = call.park()
    call.end(second)
    call.wait(60)
    call.end(first)
    return [s["id"] for s in call.data("GET", "/api/v1/sessions?status=completed")["sessions"]]
