"""A refund's reason comes back escaped for a web page."""

from __future__ import annotations

import html
from typing import Any

from evaluation.heldout.around import results
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall
from pgagents.sandbox.fault_declaration import Context

CLASS = "unicode"
SUBTLE = True
PROMISE = "Refund.reason: what was given"


def wrap(handler: Handler, context: Context) -> Handler:
    def escaped(_: AcceptedCall, found: Any) -> None:
        found["refund"]["reason"] = html.escape(found["refund"]["reason"])[:200]

    results(context, escaped, "refund_session")
    return handler


def shows(call: Shown) -> Any:
    body = {"session_id": "sess_01JS1E6R3A", "reason": "Smith & Sons", "amount": 1}
    return call.data("POST", "/api/v1/refunds", body, status=201)["refund"]["reason"]
