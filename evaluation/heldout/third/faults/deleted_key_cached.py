"""Keys that were found are kept in memory for a minute, which nobody tells of a deletion, so a deleted key
that was in use works on.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.keys import Key

CLASS = "authentication"
SUBTLE = True
FORM = "words"
PROMISE = "operator.actions.delete_key.description:: a deleted key is refused from then on"


class _Cached:
    def __init__(self, inner: Any, context: Context) -> None:
        self._inner, self._context = inner, context
        self._known: dict[str, tuple[Key, float]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def find(self, token: str) -> Key | None:
        now = self._context.front.clock.now()
        known = self._known.get(token)
        if known is not None and now < known[1]:
            return known[0]
        found: Key | None = self._inner.find(token)
        if found is not None:
            self._known[token] = (found, now + 60)
        return found


def wrap(handler: Handler, context: Context) -> Handler:
    context.front.keyring = _Cached(context.front.keyring, context)  # type: ignore[assignment]
    return handler


def shows(call: Shown) -> Any:
    id = call.new_key("mine")
    before = call.status("GET", "/api/v1/sessions", key="mine")
    call("DELETE", f"/sandbox/v1/keys/{id}", key="operator")
    return before, call.status("GET", "/api/v1/sessions", key="mine")
