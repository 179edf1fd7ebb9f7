"""A token that may only read can extend a session."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from evaluation.heldout.around import seeing
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context
from sandboxes import named

CLASS = "oauth"
SUBTLE = True
PROMISE = "OAuth: sessions:write is needed to extend"


def wrap(handler: Handler, context: Context) -> Handler:
    seen, at = seeing(handler)
    grants = context.front.grants
    assert grants is not None
    find = grants.key

    def wide(token: str, now: float) -> Any:
        key = find(token, now)
        return (
            replace(key, granted=(*key.granted, "sessions:write"))
            if key and at and at[0].path.endswith("/extend")
            else key
        )

    grants.key = wide  # type: ignore[method-assign]  # that is the fault
    return seen


def shows(call: Shown) -> Any:
    session = call.park()
    call.tokens["user"] = call.grant("read")["access_token"]
    return call.status("POST", "/api/v1/sessions/extend", named(session), key="user")
