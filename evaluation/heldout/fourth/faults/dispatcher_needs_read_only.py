"""The dispatcher is one operation in the table of scopes and needs read, so a token that may only read
creates sessions by it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler, Request
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.front import Admission
from sandboxes import DISPATCH

CLASS = "OAuth"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "auth.oauth.needs.sessions:write.create_session + surfaces.dispatcher.responses.403:: creating a "
    "session needs the scope sessions:write"
)


def wrap(handler: Handler, context: Context) -> Handler:
    front = context.front
    find = front._admit

    def wide(request: Request, needs: tuple[tuple[str, ...], ...], now: float) -> Admission:
        found = find(request, needs, now)
        key = found.key
        if key is not None and key.granted is not None and "read" in key.granted and request.path == DISPATCH:
            return replace(found, key=replace(key, granted=(*key.granted, "sessions:write")))
        return found

    front._admit = wide  # type: ignore[method-assign]  # the same with a mistake
    return handler


def shows(call: Shown) -> Any:
    call.tokens["reader"] = call.grant("read")["access_token"]
    body = {"action": "create_session", "parameters": {"lot_id": "lot_cascade", "plate": "CO-1"}}
    return call.status("POST", DISPATCH, body, key="reader")
