"""The event of a payment tells its amount in cents."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.park_graph import money

CLASS = "webhooks"
SUBTLE = True
PROMISE = "section 3: v1 money is decimal dollars"


def wrap(handler: Handler, context: Context) -> Handler:
    outbox = context.courier.outbox
    put = outbox.put

    def cents(type: str, data: Any, at: float, *, tenant: str | None, subject: str | None = None) -> str:
        data = {**data, "amount": money.to_cents(data["amount"])} if type.startswith("payment.") else data
        return put(type, data, at, tenant=tenant, subject=subject)

    outbox.put = cents  # type: ignore[method-assign]  # that is the fault
    return handler


def shows(call: Shown) -> Any:
    call.hook("payment.completed")
    call.park()
    return [event["data"]["amount"] for event in call.events()]
