"""Park Graph's money in whole cents: estimates, charges, payouts, and simulated payments (PG-L1, L2, L4)."""

from __future__ import annotations

import sqlite3
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal

from pgagents.sandbox.call import Refusal
from pgagents.sandbox.outbox import Outbox
from pgagents.sandbox.store import Store

_DAY_S = 86_400
_WIDE = Context(
    prec=400, rounding=ROUND_HALF_UP
)  # precise enough for any double; the default of 28 digits refuses large ones


def half_up(cents: Decimal) -> int:
    """Round to whole cents, half up, after removing noise below a ten-thousandth of a cent."""
    return int(
        cents.quantize(Decimal("0.0001"), ROUND_HALF_EVEN, _WIDE).quantize(Decimal(1), ROUND_HALF_UP, _WIDE)
    )


def times(rate_cents: int, hours: float) -> int:
    """Return an hourly rate times hours, rounded half up to the cent."""
    return half_up(rate_cents * Decimal(repr(float(hours))))


def units_begun(seconds: float) -> int:
    """Return the number of begun periods of 24 hours in a stay, at least one."""
    return max(1, -(-int(seconds) // _DAY_S))


def estimate(rate_cents: int, unit: str, hours: float) -> int:
    """Return the expected price of the booked hours in cents. A daily cap does not lower it."""
    return times(rate_cents, hours) if unit == "hour" else rate_cents * units_begun(-(-hours * 3600 // 1))


def charge(rate_cents: int, unit: str, max_daily_cents: int | None, seconds: int) -> int:
    """Return the price of a stay in cents; `max_daily_cents` caps each 24 hours."""
    if unit != "hour":
        per_unit = rate_cents if max_daily_cents is None else min(rate_cents, max_daily_cents)
        return per_unit * units_begun(seconds)
    hundredths = duration_hundredths(seconds)
    if max_daily_cents is None:
        return _per_hundredths(rate_cents, hundredths)
    days, rest = divmod(hundredths, 2_400)
    return days * min(rate_cents * 24, max_daily_cents) + min(
        _per_hundredths(rate_cents, rest), max_daily_cents
    )


def duration_hundredths(seconds: int) -> int:
    """Return whole hundredths of an hour, rounded down."""
    return max(0, seconds) // 36


def payout(subtotal_cents: int) -> int:
    """Return the owner's 90 %, rounded half up to the cent."""
    return half_up(subtotal_cents * Decimal("0.9"))


def _per_hundredths(rate_cents: int, hundredths: int) -> int:
    return half_up(rate_cents * Decimal(hundredths) / 100)


def to_cents(dollars: float) -> int:
    """Convert dollars as sent to whole cents."""
    return half_up(Decimal(repr(float(dollars))) * 100)


MOST_CENTS = 100_000_000
"""The highest rate of a lot: a million dollars."""


def dollars(cents: int | None) -> float | None:
    """Convert whole cents to dollars; None stays None."""
    return None if cents is None else cents / 100


# -- simulated payments


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
        "amount": dollars(cents),
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
