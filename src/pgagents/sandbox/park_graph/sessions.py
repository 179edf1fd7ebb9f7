"""Parking sessions: create, read, extend and end them."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pgagents.sandbox.call import AcceptedCall, Refusal, rfc3339
from pgagents.sandbox.keys import make_sortable_id, word
from pgagents.sandbox.outbox import Outbox
from pgagents.sandbox.park_graph import audit, money
from pgagents.sandbox.park_graph.lots import NO_LOT, give_space, lot, rate_now, take_space
from pgagents.sandbox.setting import Address
from pgagents.sandbox.store import Store

TABLES = """
CREATE TABLE IF NOT EXISTS session (
  id TEXT PRIMARY KEY, tenant TEXT NOT NULL, code TEXT NOT NULL, lot_id TEXT NOT NULL, plate TEXT NOT NULL,
  status TEXT NOT NULL, rate_cents INTEGER NOT NULL, unit TEXT NOT NULL, max_daily_cents INTEGER,
  hours REAL NOT NULL, estimated_cents INTEGER NOT NULL, started_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL, ended_at INTEGER, subtotal_cents INTEGER, payout_cents INTEGER,
  agent_name TEXT, agent_platform TEXT, fleet_id TEXT, vehicle TEXT, entry TEXT NOT NULL,
  payment_intent_id TEXT NOT NULL UNIQUE
);
CREATE INDEX IF NOT EXISTS session_order ON session (tenant, started_at DESC, id DESC);
CREATE INDEX IF NOT EXISTS session_plate ON session (tenant, plate, started_at DESC, id DESC);
CREATE INDEX IF NOT EXISTS session_fleet ON session (tenant, fleet_id, started_at DESC, id DESC)
  WHERE fleet_id IS NOT NULL;
"""
NO_SESSION = Refusal("NOT_FOUND", "There is no such session")
_COMPLETED = Refusal("CONFLICT", "The session is already completed")


@dataclass(frozen=True, slots=True)
class Sessions:
    """The parts of the sandbox that the functions of this module need."""

    store: Store
    rng: random.Random
    address: Address
    outbox: Outbox


def create(s: Sessions, call: AcceptedCall) -> Any:
    """Start a session (PG-CREATE). For an agent's call, the lot must allow agents (PG-E1)."""
    given, vehicle = call.input, call.input.get("vehicle") or {}
    row = lot(s.store, given["lot_id"])
    if row is None:
        return NO_LOT
    fleet = call.key.group if call.key else None
    refused = _refuse_vehicle(call, row, vehicle, fleet)
    if refused is not None:
        return refused
    hold = _hold(s, call, row)
    if isinstance(hold, Refusal):
        return hold
    if row["available"] < 1 and hold is None:
        return Refusal("CONFLICT", "The lot is full")
    if money.processor_down(s.store, "next"):
        return money.DOWN
    if hold is not None:
        s.store.run("UPDATE hold SET status = 'committed' WHERE id = ?", hold["id"])
    else:
        take_space(s.outbox, row["id"], call.now)
    id = _insert(s, call, row, fleet or vehicle.get("fleet_id"))
    found = s.store.row("SELECT * FROM session WHERE id = ?", id)
    assert found is not None
    audit.write(
        s.store,
        call,
        lot_id=row["id"],
        session_id=id,
        platform=found["agent_platform"],
        diff={"status": [None, "active"], "hours": [None, given["hours"]], "plate": [None, found["plate"]]},
    )
    s.store.run(
        (
            "UPDATE search_log SET booked = 1 WHERE n = (SELECT "
            "max(n) FROM search_log WHERE key_id IS ? AND booked = 0)"
        ),
        call.key.id if call.key else None,
    )
    session = format_session(s, found)
    s.outbox.put("session.created", session, call.now, tenant=found["tenant"], subject=id)
    money.tell(s.outbox, found, call.now)
    secret = f"{found['payment_intent_id']}_secret_{word(s.rng, 24)}"
    return {"session": {**session, "payment_intent_id": found["payment_intent_id"], "client_secret": secret}}


def _refuse_vehicle(
    call: AcceptedCall, row: sqlite3.Row, vehicle: Mapping[str, Any], fleet: str | None
) -> Refusal | None:
    """Return the refusal of a caller or a vehicle that a lot does not take. `fleet` is that of the key."""
    if call.agent and not row["agents"]:
        return Refusal("AGENT_OPT_IN_REQUIRED", "This lot does not take sessions from AI agents")
    if fleet is not None and vehicle.get("fleet_id") not in (None, fleet):
        return Refusal("FORBIDDEN", "The key belongs to another fleet", "vehicle.fleet_id")
    if vehicle.get("autonomous") and not row["autonomous"]:
        return Refusal("CONFLICT", "An autonomous vehicle cannot enter this lot unaided")
    return None


def _insert(s: Sessions, call: AcceptedCall, row: sqlite3.Row, fleet: str | None) -> str:
    given = call.input
    vehicle = given.get("vehicle")
    kept = None
    if vehicle or fleet:
        vehicle = vehicle or {}
        kept = {"autonomous": vehicle.get("autonomous", False), "fleet_id": fleet, "vin": vehicle.get("vin")}
    rate = rate_now(s.store, row, call.now)
    start = int(call.now)
    name, platform = call.attribution.get("agent_name"), call.attribution.get("agent_platform")
    id, intent = "sess_" + make_sortable_id(s.rng, call.now), "pi_" + make_sortable_id(s.rng, call.now)
    space = f"{s.rng.choice('ABCD')}{s.rng.randint(1, 99)}" if given.get("hold_id") else None
    entry = {
        "gate_code": row["gate_code"],
        "assigned_space": space,
        "entry_lane": row["entry_lane"],
        "exit_procedure": row["exit_procedure"],
        "notes": row["notes"],
    }
    estimated, expires = (
        money.estimate(rate, row["unit"], given["hours"]),
        start + round(given["hours"] * 3600),
    )
    s.store.run(
        (
            "INSERT INTO session VALUES (?, ?, ?, ?, ?, 'active', ?, "
            "?, ?, ?, ?, ?, ?, NULL, NULL, NULL, ?, ?, ?, ?, ?, ?)"
        ),
        id,
        call.key.tenant if call.key else "",
        "sess_" + word(s.rng, 10),
        row["id"],
        given["plate"].upper(),
        rate,
        row["unit"],
        row["max_daily_cents"],
        given["hours"],
        estimated,
        start,
        expires,
        name,
        platform,
        fleet,
        json.dumps(kept) if kept else None,
        json.dumps(entry, ensure_ascii=False),
        intent,
    )
    outcome = money.take_outcome(s.store, "next") or "paid"
    s.store.run("INSERT INTO payment VALUES (?, ?, NULL)", intent, outcome)
    return id


def get(s: Sessions, call: AcceptedCall) -> Any:
    """Return a session (PG-GET)."""
    row = find(s.store, call, call.input["session_id"])
    return NO_SESSION if row is None else {"session": format_session(s, row)}


def end(s: Sessions, call: AcceptedCall) -> Any:
    """End a session, charge it and free its space (PG-END)."""
    row = _find_active(s, call)
    if isinstance(row, Refusal):
        return row
    at = max(int(call.now), row["started_at"])
    subtotal = money.charge(row["rate_cents"], row["unit"], row["max_daily_cents"], at - row["started_at"])
    s.store.run(
        (
            "UPDATE session SET status = 'completed', ended_at = ?, subtotal_cents = ?, payout_cents = ? "
            "WHERE id = ?"
        ),
        at,
        subtotal,
        money.payout(subtotal),
        row["id"],
    )
    give_space(s.outbox, row["lot_id"], call.now)
    return _record_change(
        s, call, row, "session.ended", {"status": ["active", "completed"], "subtotal_cents": [None, subtotal]}
    )


def extend(s: Sessions, call: AcceptedCall) -> Any:
    """Extend a session (PG-EXTEND)."""
    row = _find_active(s, call)
    if isinstance(row, Refusal):
        return row
    more = call.input["extend_hours"]
    hours = row["hours"] + more
    if row["unit"] == "hour":
        estimated = row["estimated_cents"] + money.times(row["rate_cents"], more)
    else:
        estimated = max(
            row["estimated_cents"], money.estimate(row["rate_cents"], row["unit"], round(hours, 6))
        )
    expires = row["expires_at"] + round(more * 3600)
    s.store.run(
        "UPDATE session SET hours = ?, estimated_cents = ?, expires_at = ? WHERE id = ?",
        hours,
        estimated,
        expires,
        row["id"],
    )
    return _record_change(
        s, call, row, "session.extended", {"expires_at": [rfc3339(row["expires_at"]), rfc3339(expires)]}
    )


def format_session(s: Sessions, row: sqlite3.Row) -> dict[str, Any]:
    """Return a session in the form of answers."""
    short = short_code(row["code"])
    session = {
        "id": row["id"],
        "session_code": row["code"],
        "short_code": short,
        "lot_id": row["lot_id"],
        "plate": row["plate"],
        "status": row["status"],
        "rate": money.dollars(row["rate_cents"]),
        "rate_unit": row["unit"],
        "max_daily": money.dollars(row["max_daily_cents"]),
        "estimated_amount": money.dollars(row["estimated_cents"]),
        "started_at": rfc3339(row["started_at"]),
        "expires_at": rfc3339(row["expires_at"]),
        "agent_name": row["agent_name"],
        "agent_platform": row["agent_platform"],
        "vehicle": json.loads(row["vehicle"]) if row["vehicle"] else None,
        "receipt_url": f"{s.address.url}/r/{row['id']}",
        "entry_instructions": json.loads(row["entry"]),
    }
    if row["status"] == "completed":
        session["ended_at"] = rfc3339(row["ended_at"])
        session["duration_hours"] = money.duration_hundredths(row["ended_at"] - row["started_at"]) / 100
        session["subtotal"] = money.dollars(row["subtotal_cents"])
        session["platform_fee"] = money.dollars(row["subtotal_cents"] - row["payout_cents"])
        session["owner_payout"] = money.dollars(row["payout_cents"])
    return session


def short_code(code: str) -> str:
    """Return the first eight ASCII letters and digits of a session code, in upper case (PG-L3)."""
    return "".join(c for c in code if c.isascii() and c.isalnum())[:8].upper()


def find(store: Store, call: AcceptedCall, id: str) -> sqlite3.Row | None:
    """Return the caller's own session of an id, or None."""
    return store.row(
        "SELECT * FROM session WHERE id = ? AND tenant = ?", id, call.key.tenant if call.key else ""
    )


def _find_active(s: Sessions, call: AcceptedCall) -> sqlite3.Row | Refusal:
    """Return the active session of the call's id and code, or the refusal, also if nothing can be paid."""
    row = find(s.store, call, call.input["session_id"])
    if row is None or row["code"] != call.input["session_code"]:
        return NO_SESSION
    if row["status"] == "completed":
        return _COMPLETED
    return money.DOWN if money.processor_down(s.store, row["payment_intent_id"]) else row


def _record_change(
    s: Sessions, call: AcceptedCall, row: sqlite3.Row, event: str, diff: dict[str, Any]
) -> Any:
    audit.write(s.store, call, lot_id=row["lot_id"], session_id=row["id"], diff=diff)
    after = s.store.row("SELECT * FROM session WHERE id = ?", row["id"])
    assert after is not None
    session = format_session(s, after)
    s.outbox.put(event, session, call.now, tenant=row["tenant"], subject=row["id"])
    return {"session": session}


def _hold(s: Sessions, call: AcceptedCall, row: sqlite3.Row) -> sqlite3.Row | Refusal | None:
    """Return the hold for a new session, None if it names none, or the refusal."""
    id = call.input.get("hold_id")
    if id is None:
        return None
    tenant = call.key.tenant if call.key else ""
    hold = s.store.row("SELECT * FROM hold WHERE id = ? AND tenant = ? AND status = 'active'", id, tenant)
    if hold is None:
        return Refusal("NOT_FOUND", "There is no such hold, or it has expired")
    if hold["plate"] != call.input["plate"].upper() or hold["lot_id"] != row["id"]:
        return Refusal("CONFLICT", "The hold is for another plate or lot")
    return hold
