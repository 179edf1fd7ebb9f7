"""The filter status=active also asks that expires_at is to come, so sessions that overstay are in neither
list.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from evaluation.heldout.around import results
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall
from pgagents.sandbox.fault_declaration import Context

CLASS = "search and filters"
SUBTLE = True
FORM = "formal"
PROMISE = "resources.session.listed_by.1.input.status:: a session is listed under the status that it has"


def wrap(handler: Handler, context: Context) -> Handler:
    def edit(call: AcceptedCall, found: Any) -> None:
        if call.input.get("status") == "active":
            now = datetime.fromtimestamp(call.now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            found["sessions"] = [s for s in found["sessions"] if s["expires_at"] > now]

    results(context, edit, "list_sessions")
    return handler


def shows(call: Shown) -> Any:
    call.wait(3 * 3600)
    return sorted(s["id"] for s in call.data("GET", "/api/v1/sessions?status=active")["sessions"])
