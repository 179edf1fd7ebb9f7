"""Webhooks: register, list and delete them, and apply the payment processor's signed events."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from pgagents.park_graph import audit, payments
from pgagents.park_graph.sessions import Sessions
from pgagents.sandbox.call import AcceptedCall, Refusal
from pgagents.sandbox.clock import rfc3339
from pgagents.sandbox.events import signature
from pgagents.sandbox.keys import word

TABLES = """
CREATE TABLE IF NOT EXISTS payment_event (id TEXT PRIMARY KEY, at REAL NOT NULL) WITHOUT ROWID;
"""


def create(s: Sessions, call: AcceptedCall, target_problem: Callable[[str], str]) -> Any:
    """Register a webhook. Its address must be public and https (PG-HOOK)."""
    problem = target_problem(call.input["url"])
    if problem:
        return Refusal("BAD_REQUEST", f"url {problem}", "url")
    id = "wh_" + word(s.rng, 16)
    events = list(dict.fromkeys(call.input["events"]))
    s.outbox.register(id, call.key.tenant if call.key else "", call.input["url"], events, call.now)
    audit.write(s.store, call, diff={"webhook": [None, id]})
    webhook = {"id": id, "url": call.input["url"], "events": events, "created_at": rfc3339(call.now)}
    return {"webhook": {**webhook, "signing_secret": s.outbox.secret(id)}}


def list_all(s: Sessions, call: AcceptedCall) -> Any:
    """List the project's webhooks, newest first (PG-HOOK)."""
    rows = s.store.rows(
        "SELECT * FROM webhook WHERE tenant = ? AND deleted_at IS NULL ORDER BY created_at DESC, id",
        call.key.tenant if call.key else "",
    )
    return {
        "webhooks": [
            {
                "id": r["id"],
                "url": r["url"],
                "events": json.loads(r["events"]),
                "created_at": rfc3339(r["created_at"]),
            }
            for r in rows
        ]
    }


def delete(s: Sessions, call: AcceptedCall) -> Any:
    """Delete a webhook. Its row stays, marked as deleted (PG-HOOK)."""
    tenant = call.key.tenant if call.key else ""
    id = call.input["webhook_id"]
    if not s.outbox.remove(id, tenant, call.now):
        return Refusal("NOT_FOUND", "There is no such webhook")
    audit.write(s.store, call, diff={"webhook": [id, None]})
    return None


def payment_event(s: Sessions, call: AcceptedCall, secret: str) -> Any:
    """Apply a payment event (PG-STRIPE) if its signature is valid. A repeated event has no further effect."""
    signed = call.action.signed
    header = call.input[signed.header if signed else "stripe_signature"]
    problem = signature.find_stripe_error(
        header, call.request.body, secret, call.now, signed.tolerance_s if signed else signature.LIVES_S
    )
    if problem:
        return Refusal("BAD_REQUEST", problem[0].upper() + problem[1:], "body")
    event = call.input
    if s.store.run("INSERT OR IGNORE INTO payment_event VALUES (?, ?)", event["id"], call.now):
        status = {"payment_intent.succeeded": "paid", "payment_intent.payment_failed": "declined"}.get(
            event["type"]
        )
        intent = event["data"].get("object", {}).get("id")
        if status is not None and isinstance(intent, str):
            session = payments.settle(s.outbox, intent, status, call.now)
            if session is not None:
                audit.write(
                    s.store,
                    call,
                    lot_id=session["lot_id"],
                    session_id=session["id"],
                    diff={"payment": status},
                )
    return {"received": True}
