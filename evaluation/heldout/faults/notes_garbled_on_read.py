"""The entry notes come back in the wrong encoding when a session is read again."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import results
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall
from pgagents.sandbox.fault_declaration import Context

CLASS = "unicode"
SUBTLE = True
PROMISE = "PG-L6: what was created is what is read back"


def wrap(handler: Handler, context: Context) -> Handler:
    def garbled(_: AcceptedCall, found: Any) -> None:
        entry = found["session"]["entry_instructions"]
        entry["notes"] = entry["notes"].encode().decode("cp1252", "replace")

    results(context, garbled, "get_session")
    return handler


def shows(call: Shown) -> Any:
    return call.session(call.park("lot_cascade")["id"])["entry_instructions"]["notes"]
