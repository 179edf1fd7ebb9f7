"""Keys are looked up by their first forty characters, as wide as the column is: whatever follows is
ignored.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context

CLASS = "authentication"
SUBTLE = True
FORM = "formal"
PROMISE = "errors.framework.no_key + errors.codes.UNAUTHORIZED.meaning:: what is no key is UNAUTHORIZED"


def wrap(handler: Handler, context: Context) -> Handler:
    ring = context.front.keyring
    inner = ring.find
    ring.find = lambda token: inner(token) or inner(token[:40])  # type: ignore[method-assign]  # a fault
    return handler


def shows(call: Shown) -> Any:
    return call.status("GET", "/api/v1/sessions", key=None, Authorization=f"Bearer {call.tokens['test']}x")
