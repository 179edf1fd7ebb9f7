"""Faults of Park Graph's webhooks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from pgagents.sandbox.call import Call, Domain, Refusal
from pgagents.sandbox.fault_registry import Context, fault
from pgagents.wire import Handler


@fault("events_fit")
def occupancy_event_lags(handler: Handler, context: Context) -> Handler:
    """The event of a lot's free spaces is put together before the count changes, so the number in it is the one before."""
    outbox = context.courier.outbox
    put, told = outbox.put, dict[str, int]()

    def lagging(type: str, data: Any, at: float, *, tenant: str | None, subject: str | None = None) -> str:
        if type == "occupancy.changed":
            now = int(data["available"])
            data = {**data, "available": told.get(data["lot_id"], min(now + 1, data["total"]))}
            told[data["lot_id"]] = now
        return put(type, data, at, tenant=tenant, subject=subject)

    outbox.put = lagging  # type: ignore[method-assign]  # a fault stands in for the outbox's own way
    return handler


@fault("sends_events")
def webhook_event_early(handler: Handler, context: Context) -> Handler:
    """The event of an end tells the session as it was before it ended: it was written before the change."""
    outbox = context.courier.outbox
    put = outbox.put

    def early(type: str, data: Any, at: float, *, tenant: str | None, subject: str | None = None) -> str:
        told = {**data, "status": "active"} if type == "session.ended" else data
        return put(type, told, at, tenant=tenant, subject=subject)

    outbox.put = early  # type: ignore[method-assign]  # a fault stands in for the outbox's own way
    return handler


_FIT = "https://hooks.example.com/fit"


@fault("refuses_inner_target").replace_actions
def webhook_ssrf_accepted(context: Context, inner: Domain, call: Call) -> Any:
    """A webhook to an address of the inner network is taken."""
    result = inner(call)
    if not (isinstance(result, Refusal) and result.field == "url" and "url" in call.input):
        return result
    made = inner(replace(call, input={**call.input, "url": _FIT}))
    if isinstance(made, Refusal):
        return result
    webhook = {**made["webhook"], "url": call.input["url"]}
    context.store.run("UPDATE webhook SET url = ? WHERE id = ?", webhook["url"], webhook["id"])
    return {"webhook": webhook}


_KNOWN = ("localhost", "127.0.0.1", "169.254.169.254", "::1")

_BEGINNINGS = ("10.", "192.168.", "172.16.")


@fault("refuses_inner_target").replace_actions
def webhook_ssrf_by_example(context: Context, inner: Domain, call: Call) -> Any:
    """Of the inner network's addresses only the best-known ones are refused as a webhook's."""
    result = inner(call)
    if not (isinstance(result, Refusal) and result.field == "url" and str(call.input.get("url")).startswith("https:")):
        return result
    host = urlsplit(call.input["url"]).hostname or ""
    if host in _KNOWN or host.startswith(_BEGINNINGS):
        return result
    made = inner(replace(call, input={**call.input, "url": _FIT}))
    if isinstance(made, Refusal):
        return result
    webhook = {**made["webhook"], "url": call.input["url"]}
    context.store.run("UPDATE webhook SET url = ? WHERE id = ?", webhook["url"], webhook["id"])
    return {"webhook": webhook}
