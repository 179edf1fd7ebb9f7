"""The column's character set has three bytes a character at most, so an emoji in a refund's reason becomes
a question mark.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import arguments
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.catalogue.model.action import Action
from pgagents.sandbox.fault_declaration import Context

CLASS = "encoding"
SUBTLE = True
FORM = "formal"
PROMISE = "actions.refund_session.laws.reason-kept:: response.refund.reason == input.reason"


def wrap(handler: Handler, context: Context) -> Handler:
    def change(action: Action, values: dict[str, Any], given: frozenset[str], surface: str) -> dict[str, Any]:
        if "reason" in values:
            values["reason"] = "".join(c if ord(c) < 0x10000 else "?" for c in values["reason"])
        return values

    arguments(context, change)
    return handler


def shows(call: Shown) -> Any:
    body = {"session_id": "sess_01JS1E6R3A", "reason": "late \N{AUTOMOBILE}", "amount": 1}
    return call.data("POST", "/api/v1/refunds", body, status=201)["refund"]["reason"]
