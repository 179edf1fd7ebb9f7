"""Extending puts its hours through float(), so a number in quotes is taken, too."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.fifth.around import kind, number_of, one
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context

CLASS = "wrong type"
SUBTLE = True
FORM = "formal"
PROMISE = "actions.extend_session.input.extend_hours.type:: hours are a number, and a text is refused"


def wrap(handler: Handler, context: Context) -> Handler:
    kind(context, "extend_session", one("extend_hours", number_of))
    return handler


def shows(call: Shown) -> Any:
    session = call.park("lot_cascade")
    body = {"session_id": session["id"], "session_code": session["session_code"], "extend_hours": "1"}
    return call.told("POST", "/api/v1/sessions/extend", body)
