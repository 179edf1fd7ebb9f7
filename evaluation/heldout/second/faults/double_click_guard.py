"""Against double clicks, a second create for the same lot and plate within two seconds answers the first
session again, as 201.
"""

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
    "resources.session.takes + resources.session.made_by:: every create makes a session and takes a space"
)


def wrap(handler: Handler, context: Context) -> Handler:
    last: dict[tuple[str, str, str], tuple[float, Any]] = {}

    def act(inner: Domain, call: AcceptedCall) -> Any:
        name = (call.key.id if call.key else "", call.input["lot_id"], call.input["plate"].upper())
        at, kept = last.get(name, (-9.0, None))
        if call.now < at + 2:
            sql = "SELECT 1 FROM session WHERE id = ? AND status = 'active'"
            if context.front.store.row(sql, kept["session"]["id"]):
                return kept
        found = inner(call)
        if not isinstance(found, Refusal):
            last[name] = (call.now, found)
        return found

    acts(context, act, "create_session")
    return handler


def shows(call: Shown) -> Any:
    return call.park()["id"] == call.park()["id"]
