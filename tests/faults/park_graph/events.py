"""Faults of Park Graph's webhooks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context, Put, fault


@fault("event_delivery").send_events
def webhook_event_early(_context: Context, put: Put, type: str, data: Any) -> str:
    """The event of a session's end shows the session as still active."""
    told = {**data, "status": "active"} if type == "session.ended" else data
    return put(type, told)


@fault("hint_read_only").edit_results("get_session")
def read_announces_extension(context: Context, call: AcceptedCall, found: Any) -> Any:
    """Reading a session sends the event of an extension that nobody made."""
    session, tenant = found["session"], call.key.tenant if call.key else None
    context.courier.outbox.put("session.extended", session, call.now, tenant=tenant, subject=session["id"])
    return found


_FIT = "https://hooks.example.com/fit"


def _accept_webhook(context: Context, inner: Domain, call: AcceptedCall, refused: Refusal) -> Any:
    """Register a webhook whose URL was refused; return the refusal if something else is wrong with it."""
    made = inner(replace(call, input={**call.input, "url": _FIT}))
    if isinstance(made, Refusal):
        return refused
    webhook = {**made["webhook"], "url": call.input["url"]}
    context.store.run("UPDATE webhook SET url = ? WHERE id = ?", webhook["url"], webhook["id"])
    return {"webhook": webhook}


@fault("webhook_ssrf").replace_actions
def webhook_ssrf_accepted(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A webhook to a private network address is accepted."""
    result = inner(call)
    if not (isinstance(result, Refusal) and result.field == "url" and "url" in call.input):
        return result
    return _accept_webhook(context, inner, call, result)


@fault("webhook_ssrf").replace_actions
def webhook_ssrf_by_example(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """Only the best-known private network addresses are refused for a webhook."""
    result = inner(call)
    if not (
        isinstance(result, Refusal)
        and result.field == "url"
        and str(call.input.get("url")).startswith("https:")
    ):
        return result
    host = urlsplit(call.input["url"]).hostname or ""
    if host in ("localhost", "127.0.0.1", "169.254.169.254", "::1") or host.startswith(
        ("10.", "192.168.", "172.16.")
    ):
        return result
    return _accept_webhook(context, inner, call, result)
