"""The estimate of a new session goes through the function that charges, which applies the daily cap to it."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context

CLASS = "money"
SUBTLE = True
FORM = "formal"
PROMISE = "actions.create_session.laws.estimate-hourly:: the estimate is rate times hours"


def wrap(handler: Handler, context: Context) -> Handler:
    context.front.store.script(
        "CREATE TRIGGER IF NOT EXISTS capped AFTER INSERT ON session "
        "WHEN NEW.unit = 'hour' AND NEW.estimated_cents > NEW.max_daily_cents BEGIN "
        "UPDATE session SET estimated_cents = max_daily_cents WHERE id = NEW.id; END;"
    )
    return handler


def shows(call: Shown) -> Any:
    return call.park("lot_cascade", hours=24)["estimated_amount"]
