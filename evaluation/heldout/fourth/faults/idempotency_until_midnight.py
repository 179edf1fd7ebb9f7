"""Idempotency keys are kept in a table of each day, so a key of the evening is free again after midnight."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context

CLASS = "idempotency"
SUBTLE = True
FORM = "formal"
PROMISE = "idempotency.lives_s:: a key holds for 86,400 seconds"


def wrap(handler: Handler, context: Context) -> Handler:
    context.front.store.script(
        "CREATE TRIGGER IF NOT EXISTS daily AFTER INSERT ON idempotency BEGIN UPDATE idempotency "
        "SET dies_at = CAST(NEW.dies_at / 86400 AS INTEGER) * 86400 WHERE key_id = NEW.key_id AND value "
        "= NEW.value; END;"
    )
    return handler


def shows(call: Shown) -> Any:
    body = {"lot_id": "lot_cascade", "plate": "CO-1"}
    first = call.status("POST", "/api/v1/sessions", body, Idempotency_Key="k1")
    call.wait(9 * 3600)
    return first, call.status("POST", "/api/v1/sessions", body, Idempotency_Key="k1")
