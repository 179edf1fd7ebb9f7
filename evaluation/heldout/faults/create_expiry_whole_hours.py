"""Parts of an hour are lost when the end of the time asked for is reckoned."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import results
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, epoch_of, rfc3339
from pgagents.sandbox.fault_declaration import Context

CLASS = "time"
SUBTLE = True
PROMISE = "PG-L0: expires_at = started_at + hours"


def wrap(handler: Handler, context: Context) -> Handler:
    def cut(call: AcceptedCall, found: Any) -> None:
        session = found["session"]
        start = epoch_of(session["started_at"]) or 0
        expires = int(start + max(1, int(call.input["hours"])) * 3600)
        context.front.store.run("UPDATE session SET expires_at = ? WHERE id = ?", expires, session["id"])
        session["expires_at"] = rfc3339(expires)

    results(context, cut, "create_session")
    return handler


def shows(call: Shown) -> Any:
    return call.park(hours=1.5)["expires_at"]
