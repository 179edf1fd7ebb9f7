"""`if cursor:` takes an empty cursor for none at all and answers the first page."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.second.around import judged
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context

CLASS = "validation"
SUBTLE = True
FORM = "formal"
PROMISE = "actions.list_sessions.input.cursor.minLength:: a cursor has at least one character, else 400"


def wrap(handler: Handler, context: Context) -> Handler:
    judged(context, pairs=lambda action, pairs: [pair for pair in pairs if pair != ("cursor", "")])
    return handler


def shows(call: Shown) -> Any:
    return call.status("GET", "/api/v1/sessions?cursor=")
