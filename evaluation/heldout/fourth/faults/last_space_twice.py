"""A lot's free spaces are read before and written after, so two calls at once both get its last space."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context

CLASS = "concurrency"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "resources.session.takes.counter + actions.search_parking.laws.spaces-add-up:: each session takes a "
    "space, and a full lot has none"
)


AT_ONCE_S = 0.02


def wrap(handler: Handler, context: Context) -> Handler:
    took_last: dict[str, float] = {}

    def act(inner: Domain, call: AcceptedCall) -> Any:
        store, id = context.front.store, call.input["lot_id"]
        before = store.row("SELECT available FROM lot WHERE id = ?", id)
        if before is not None and before["available"] == 0 and call.now - took_last.pop(id, -1.0) < AT_ONCE_S:
            store.run("UPDATE lot SET available = 1 WHERE id = ?", id)
        found = inner(call)
        if before is not None and before["available"] == 1 and not isinstance(found, Refusal):
            took_last[id] = call.now
        if isinstance(found, Refusal) and before is not None and before["available"] == 0:
            store.run("UPDATE lot SET available = 0 WHERE id = ?", id)
        return found

    acts(context, act, "create_session")
    return handler


def shows(call: Shown) -> Any:
    body = {"lot_id": "lot_lifthouse", "plate": "CO-1"}
    return [call.status("POST", "/api/v1/sessions", body) for _ in range(14)]
