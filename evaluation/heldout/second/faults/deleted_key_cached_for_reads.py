"""Reads find their key in a cache that nothing empties for a minute, so a deleted key goes on reading."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.second.calls import minted
from pgagents.base.http import Handler, Request
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.front import Admission
from pgagents.sandbox.keys import Key

CLASS = "authentication"
SUBTLE = True
FORM = "words"
PROMISE = "operator.actions.delete_key.description:: it is refused from then on"


def wrap(handler: Handler, context: Context) -> Handler:
    front = context.front
    inner = front._admit
    seen: dict[str, tuple[float, Key]] = {}

    def admit(request: Request, needs: tuple[tuple[str, ...], ...], now: float) -> Admission:
        found = inner(request, needs, now)
        name = request.header("authorization") or ""
        if found.key is not None:
            seen[name] = (now + 60, found.key)
            return found
        until, kept = seen.get(name, (0.0, None))
        return Admission(kept, False) if kept and request.method == "GET" and now < until else found

    front._admit = admit  # type: ignore[method-assign]  # a fault
    return handler


def shows(call: Shown) -> Any:
    key = minted(call)
    before = call.status("GET", "/api/v1/sessions", key=key)
    call("DELETE", f"/sandbox/v1/keys/{key}", key="operator")
    return before, call.status("GET", "/api/v1/sessions", key=key)
