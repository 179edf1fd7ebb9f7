"""The reason's length is that of its column in bytes, so 150 characters with umlauts are refused."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.second.around import judged
from pgagents.base.http import Handler
from pgagents.catalogue.model.action import Action
from pgagents.sandbox.decode import Problem
from pgagents.sandbox.fault_declaration import Context

CLASS = "validation"
SUBTLE = True
FORM = "formal"
PROMISE = "actions.refund_session.input.reason.maxLength:: 200 characters (JSON Schema counts characters)"


def wrap(handler: Handler, context: Context) -> Handler:
    def members(action: Action, given: dict[str, Any], surface: str) -> dict[str, Any] | Problem:
        reason = given.get("reason")
        if (
            action.name == "refund_session"
            and isinstance(reason, str)
            and len(reason.encode("utf-8", "replace")) > 200
        ):
            return Problem("invalid", "reason", "reason must be at most 200 characters long")
        return given

    judged(context, members)
    return handler


def shows(call: Shown) -> Any:
    return call.status(
        "POST", "/api/v1/refunds", {"session_id": "sess_01JS1E6R3A", "reason": "ü" * 150, "amount": 1}
    )
