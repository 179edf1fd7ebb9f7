"""Simulated payments. Their results are set from outside, and there are no card numbers."""

from __future__ import annotations

import sqlite3

from pgagents.park_graph import money
from pgagents.sandbox.call import Refusal
from pgagents.sandbox.events.outbox import Outbox
from pgagents.sandbox.store import Store

TABLES = """
CREATE TABLE IF NOT EXISTS payment (
  payment_intent_id TEXT PRIMARY KEY, status TEXT NOT NULL, next_outcome TEXT
) WITHOUT ROWID;
"""
DOWN = Refusal("BAD_GATEWAY", "The payment processor did not answer; repeat with the same idempotency key")
_EVENTS = {"paid": "payment.completed", "declined": "payment.failed"}


def settle(outbox: Outbox, intent: str, outcome: str, now: float) -> sqlite3.Row | None:
    """Set the result of a payment, and send an event if it changed.

    Return the payment's session, or None for an unknown payment.
    """
    session = outbox.store.row("SELECT * FROM session WHERE payment_intent_id = ?", intent)
    if session is None:
        return None
    if outbox.store.run(
        "UPDATE payment SET status = ? WHERE payment_intent_id = ? AND status <> ?", outcome, intent, outcome
    ):
        tell(outbox, session, now)
    return session


def tell(outbox: Outbox, session: sqlite3.Row, now: float) -> None:
    """Send the event for the payment of a session. An undecided payment has none."""
    status = status_of(outbox.store, session)
    if status not in _EVENTS:
        return
    cents = session["estimated_cents"] if session["subtotal_cents"] is None else session["subtotal_cents"]
    data = {
        "payment_intent_id": session["payment_intent_id"],
        "session_id": session["id"],
        "status": status,
        "amount": money.dollars(cents),
        "currency": "usd",
    }
    outbox.put(_EVENTS[status], data, now, tenant=session["tenant"], subject=session["id"])


def status_of(store: Store, session: sqlite3.Row) -> str:
    """Return the status of a session's payment."""
    row = store.row("SELECT status FROM payment WHERE payment_intent_id = ?", session["payment_intent_id"])
    assert row is not None
    return str(row["status"])


def processor_down(store: Store, intent: str) -> bool:
    """Return whether the operator made the next call for this payment fail. The call clears the flag."""
    row = store.row("SELECT next_outcome FROM payment WHERE payment_intent_id = ?", intent)
    if row is None or row["next_outcome"] != "processor_down":
        return False
    store.run("UPDATE payment SET next_outcome = NULL WHERE payment_intent_id = ?", intent)
    return True


def take_outcome(store: Store, intent: str) -> str | None:
    """Return the result that the operator set for a payment, and clear it; None without one."""
    row = store.row("SELECT next_outcome FROM payment WHERE payment_intent_id = ?", intent)
    if row is None or row["next_outcome"] is None:
        return None
    store.run("UPDATE payment SET next_outcome = NULL WHERE payment_intent_id = ?", intent)
    return str(row["next_outcome"])
