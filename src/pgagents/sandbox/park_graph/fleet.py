"""Fleets: spaces held for their vehicles, holds released, and bills."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pgagents.sandbox.call import AcceptedCall, Refusal, rfc3339
from pgagents.sandbox.keys import word
from pgagents.sandbox.outbox import Outbox
from pgagents.sandbox.park_graph import audit, money
from pgagents.sandbox.park_graph.lots import give_space, nearest, take_space
from pgagents.sandbox.park_graph.sessions import Sessions

TABLES = """
CREATE TABLE IF NOT EXISTS hold (
  id TEXT PRIMARY KEY, tenant TEXT NOT NULL, fleet_id TEXT NOT NULL, lot_id TEXT NOT NULL,
  plate TEXT NOT NULL, vin TEXT, status TEXT NOT NULL, expires_at REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS hold_expires ON hold (status, expires_at);
"""
_OTHER_FLEET = Refusal("FORBIDDEN", "The key belongs to another fleet", "fleet_id")


def expire_holds(outbox: Outbox, now: float) -> None:
    """Free the spaces of expired holds."""
    store = outbox.store
    for row in store.rows(
        "SELECT id, lot_id, expires_at FROM hold WHERE status = 'active' AND expires_at <= ?", now
    ):
        store.run("UPDATE hold SET status = 'expired' WHERE id = ?", row["id"])
        give_space(outbox, row["lot_id"], row["expires_at"])


def dispatch(s: Sessions, call: AcceptedCall) -> Any:
    """Hold a space for each vehicle, or for none (PG-FLEET, PG-L11).

    The lots must allow agents and autonomous entry.
    """
    given = call.input
    if _foreign(call):
        return _OTHER_FLEET
    most = len(given["vehicles"])
    near = nearest(
        s.store,
        given["lat"],
        given["lng"],
        given["radius_km"],
        most,
        autonomous=True,
        where="agents = 1 AND available > 0",
    )
    spaces = [row["id"] for _, row in near for _ in range(min(row["available"], most))]
    if len(spaces) < most:
        return Refusal("CONFLICT", "There are not enough spaces for all vehicles")
    expires = int(call.now) + given["ttl_seconds"]
    held = zip(given["vehicles"], spaces, strict=False)
    return {"allocations": [_hold_space(s, call, vehicle, lot_id, expires) for vehicle, lot_id in held]}


def _hold_space(
    s: Sessions, call: AcceptedCall, vehicle: dict[str, Any], lot_id: str, expires: int
) -> dict[str, Any]:
    """Hold a space of a lot for a vehicle until `expires` (epoch seconds), and return its allocation."""
    id, plate = "hold_" + word(s.rng, 16), vehicle["plate"].upper()
    take_space(s.outbox, lot_id, call.now)
    s.store.run(
        "INSERT INTO hold VALUES (?, ?, ?, ?, ?, ?, 'active', ?)",
        id,
        call.key.tenant if call.key else "",
        call.input["fleet_id"],
        lot_id,
        plate,
        vehicle.get("vin"),
        expires,
    )
    audit.write(s.store, call, lot_id=lot_id, diff={"hold": [None, id]})
    return {"plate": plate, "lot_id": lot_id, "hold_id": id, "expires_at": rfc3339(expires)}


def release(s: Sessions, call: AcceptedCall) -> Any:
    """Release a hold and free its space (PG-RELEASE)."""
    tenant = call.key.tenant if call.key else ""
    hold = s.store.row(
        "SELECT * FROM hold WHERE id = ? AND tenant = ? AND status = 'active'", call.input["hold_id"], tenant
    )
    if hold is None:
        return Refusal("NOT_FOUND", "There is no such hold")
    s.store.run("UPDATE hold SET status = 'released' WHERE id = ?", hold["id"])
    give_space(s.outbox, hold["lot_id"], call.now)
    audit.write(s.store, call, lot_id=hold["lot_id"], diff={"hold": [hold["id"], None]})
    return None


def billing(s: Sessions, call: AcceptedCall) -> Any:
    """Report a fleet's sessions with ended_at in [from, to) (PG-BILLING, PG-L9)."""
    given = call.input
    if _foreign(call):
        return _OTHER_FLEET
    period = {}
    for name in ("from", "to"):
        moment = _moment(given[name])
        if moment is None:
            return Refusal("BAD_REQUEST", f"{name} must be a date and time with an offset", name)
        period[name] = moment
    rows = s.store.rows(
        "SELECT lot_id, count(*) AS sessions, sum(subtotal_cents) AS subtotal, sum(payout_cents) AS payout, "
        "sum((ended_at - started_at) / 36) AS hundredths FROM session "
        "WHERE tenant = ? AND fleet_id = ? AND status = 'completed' AND ended_at >= ? AND ended_at < ? "
        "GROUP BY lot_id ORDER BY lot_id",
        call.key.tenant if call.key else "",
        given["fleet_id"],
        period["from"].timestamp(),
        period["to"].timestamp(),
    )
    subtotal = sum(r["subtotal"] for r in rows)
    return {
        "report": {
            "fleet_id": given["fleet_id"],
            "from": _format_moment(period["from"], given["from"]),
            "to": _format_moment(period["to"], given["to"]),
            "sessions": sum(r["sessions"] for r in rows),
            "hours": sum(r["hundredths"] for r in rows) / 100,
            "subtotal": money.dollars(subtotal),
            "platform_fee": money.dollars(subtotal - sum(r["payout"] for r in rows)),
            "by_lot": [
                {"lot_id": r["lot_id"], "sessions": r["sessions"], "subtotal": money.dollars(r["subtotal"])}
                for r in rows
            ],
        }
    }


def _foreign(call: AcceptedCall) -> bool:
    """Return whether a fleet's key asks for another fleet."""
    return call.key is not None and call.key.group is not None and call.input["fleet_id"] != call.key.group


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text.upper())
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _format_moment(moment: datetime, given: str) -> str:
    """Return a time in UTC; unchanged if UTC has no year for it."""
    try:
        return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
    except OverflowError:
        return given
