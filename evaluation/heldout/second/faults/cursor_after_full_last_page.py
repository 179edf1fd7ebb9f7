"""A page that is full has a next_cursor, also where nothing comes after it."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from evaluation.heldout.around import results
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, epoch_of
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.park_graph import lists

CLASS = "paging"
SUBTLE = True
FORM = "words"
PROMISE = "actions.list_sessions.output.200.properties.next_cursor.description:: null on the last"


def wrap(handler: Handler, context: Context) -> Handler:
    def edit(call: AcceptedCall, found: Any) -> None:
        rows = found["sessions"]
        if found["next_cursor"] is not None or len(rows) < call.input["limit"]:
            return
        fleet = call.key.group if call.key else None
        filters = {"fleet_id": call.input.get("fleet_id") or fleet, "status": call.input.get("status")}
        named = json.dumps([call.key.id if call.key else "", str(call.action.name), filters]).encode()
        secret, bound = (
            context.front.store.setting("cursor_secret", ""),
            hashlib.sha256(named).hexdigest()[:16],
        )
        started = int(epoch_of(rows[-1]["started_at"]) or 0)
        found["next_cursor"] = lists._cursor(started, rows[-1]["id"], secret, bound, call.now)

    results(context, edit, "list_sessions")
    return handler


def shows(call: Shown) -> Any:
    return [len(page) for page in call.pages(limit=2)]
