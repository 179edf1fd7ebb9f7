"""The audit row of a refund names the lot and leaves session_id empty, as the refund has an id of its own."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context

CLASS = "audit"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "audit.about.session_id + schemas.AuditRow.properties.session_id.description:: a row names the "
    "session that it is about"
)


def wrap(handler: Handler, context: Context) -> Handler:
    context.front.store.script(
        "DROP TRIGGER IF EXISTS audit_no_update; "
        "CREATE TRIGGER IF NOT EXISTS nameless AFTER INSERT ON audit WHEN NEW.action = 'refund_session' "
        "BEGIN "
        "UPDATE audit SET session_id = NULL WHERE n = NEW.n; END;"
    )
    return handler


def shows(call: Shown) -> Any:
    call.data("POST", "/api/v1/refunds", {"session_id": "sess_01JS1E6R3A", "reason": "late"}, status=201)
    rows = call.data("GET", "/sandbox/v1/audit?session_id=sess_01JS1E6R3A", key="operator")["rows"]
    return [row["action"] for row in rows]
