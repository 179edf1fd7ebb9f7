"""The event of an extension tells the session as it was before."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context

CLASS = "webhooks"
SUBTLE = True
PROMISE = "Event.data: what it happened to; extend: expires_at grows"


def wrap(handler: Handler, context: Context) -> Handler:
    outbox = context.courier.outbox
    put = outbox.put
    ends: dict[str, str] = {}

    def stale(type: str, data: Any, at: float, *, tenant: str | None, subject: str | None = None) -> str:
        if type.startswith("session.") and subject:
            before, ends[subject] = ends.get(subject, data["expires_at"]), data["expires_at"]
            data = {**data, "expires_at": before} if type == "session.extended" else data
        return put(type, data, at, tenant=tenant, subject=subject)

    outbox.put = stale  # type: ignore[method-assign]  # that is the fault
    return handler


def shows(call: Shown) -> Any:
    call.hook("session.extended")
    call.extend(call.park(), 1)
    return [event["data"]["expires_at"] for event in call.events()]
