"""A session made from a hold takes over the hold's expires_at instead of the hours asked for."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context

CLASS = "AV fleet"
SUBTLE = True
FORM = "formal"
PROMISE = "actions.create_session.laws.expires-in-hours:: expires_at is hours after started_at"


def wrap(handler: Handler, context: Context) -> Handler:
    context.front.store.script(
        "CREATE TRIGGER IF NOT EXISTS held AFTER INSERT ON session BEGIN "
        "UPDATE session SET expires_at = (SELECT CAST(max(expires_at) AS INTEGER) FROM hold WHERE status "
        "= 'committed' "
        "AND lot_id = NEW.lot_id AND plate = NEW.plate AND expires_at > NEW.started_at) "
        "WHERE id = NEW.id AND json_extract(NEW.entry, '$.assigned_space') IS NOT NULL; END;"
    )
    return handler


def shows(call: Shown) -> Any:
    hold = call.hold()
    return call.park(hold["lot_id"], "AV-1", key="fleet", hold_id=hold["hold_id"])["expires_at"]
