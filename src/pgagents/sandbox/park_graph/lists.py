"""Lists of sessions, page by page, and refunds."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from typing import Any

from pgagents.sandbox.call import AcceptedCall, Refusal, rfc3339
from pgagents.sandbox.keys import word
from pgagents.sandbox.park_graph import audit, money
from pgagents.sandbox.park_graph.sessions import NO_SESSION, Sessions, find, format_session

TABLES = """
CREATE TABLE IF NOT EXISTS refund (
  id TEXT PRIMARY KEY, session_id TEXT NOT NULL, cents INTEGER NOT NULL, reason TEXT NOT NULL,
  created_at REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS refund_session ON refund (session_id);
"""
CURSOR_LIVES_S = 3600
_BAD_CURSOR = Refusal("BAD_REQUEST", "The cursor is not of this list, or older than an hour", "cursor")


def list_sessions(s: Sessions, call: AcceptedCall) -> Any:
    """List the project's sessions (PG-LIST). A fleet's key gets only those of its fleet."""
    fleet = call.key.group if call.key else None
    wanted = call.input.get("fleet_id")
    if fleet is not None and wanted not in (None, fleet):
        return Refusal("FORBIDDEN", "The key belongs to another fleet", "fleet_id")
    return _page(s, call, {"fleet_id": wanted or fleet, "status": call.input.get("status")})


def search_sessions(s: Sessions, call: AcceptedCall) -> Any:
    """List sessions by plate (PG-PLATE)."""
    return _page(
        s, call, {"plate": call.input["plate"].upper(), "fleet_id": call.key.group if call.key else None}
    )


def refund(s: Sessions, call: AcceptedCall) -> Any:
    """Refund a completed session. All refunds together are at most the subtotal (PG-REFUND, PG-L8)."""
    row = find(s.store, call, call.input["session_id"])
    if row is None:
        return NO_SESSION
    if row["status"] != "completed":
        return Refusal("CONFLICT", "The session is still active")
    given = s.store.row("SELECT coalesce(sum(cents), 0) AS cents FROM refund WHERE session_id = ?", row["id"])
    assert given is not None
    remains = row["subtotal_cents"] - given["cents"]
    wanted = call.input.get("amount")
    cents = remains if wanted is None else money.to_cents(wanted)
    if cents < 1 or cents > remains:
        return Refusal("CONFLICT", f"{remains / 100:.2f} of the charge remain to be refunded")
    if money.processor_down(s.store, row["payment_intent_id"]):
        return money.DOWN
    id = "ref_" + word(s.rng, 16)
    s.store.run(
        "INSERT INTO refund VALUES (?, ?, ?, ?, ?)", id, row["id"], cents, call.input["reason"], call.now
    )
    audit.write(
        s.store,
        call,
        lot_id=row["lot_id"],
        session_id=row["id"],
        diff={"refunded_cents": [given["cents"], given["cents"] + cents]},
    )
    return {
        "refund": {
            "id": id,
            "session_id": row["id"],
            "amount": money.dollars(cents),
            "reason": call.input["reason"],
            "created_at": rfc3339(call.now),
        }
    }


_ENTRY = {
    "gate_code": None,
    "assigned_space": None,
    "entry_lane": None,
    "exit_procedure": "Automatic via plate recognition",
    "notes": "",
}
_VEHICLE = {"autonomous": True, "fleet_id": "fleet_waymo_sf", "vin": "1HGCM826X4A004352"}
_CHATGPT, _NOBODY = ("chatgpt", "openai"), (None, None)
_ACTIVE = (
    ("sess_01JS4K7Q2M", "sess_abc123", "lot_lionshead", "CO-7891", 600, "hour", None, _CHATGPT, None),
    ("sess_01HXYZ8T4C", "sess_01HXYZ8T4C", "lot_cascade", "AV-1234", 350, "hour", 2800, _NOBODY, _VEHICLE),
    ("sess_01JS4K9D5P", "sess_d4y9k2", "lot_golden_peak", "CO-7891", 3000, "day", None, _NOBODY, None),
)
"""Id, code, lot, plate, rate in cents, its unit, the most for a day, agent's name and platform, vehicle."""


def first_instances(s: Sessions, now: float) -> None:
    """Insert the instances that the catalogue's examples name.

    They are sessions that started five minutes before `now`, one completed session, a hold and a webhook.
    """
    started = int(now) - 300
    _insert_active(s, started)
    _insert_completed(s, started - 86_400)
    _insert_hold(s, now + 86_400)
    events = ["session.created", "session.ended"]
    url = "https://hooks.example.com/park-graph"
    s.outbox.register("wh_01JS4A2B", "main/test", url, events, now)


def _insert_active(s: Sessions, started: int) -> None:
    for id, code, lot_id, plate, cents, unit, cap, by, vehicle in _ACTIVE:
        s.store.run(
            (
                "INSERT INTO session VALUES (?, 'main/test', ?, ?, ?, 'active', ?, ?, ?, 2, ?, ?, ?, NULL, "
                "NULL, NULL, ?, ?, ?, ?, ?, ?)"
            ),
            id,
            code,
            lot_id,
            plate,
            cents,
            unit,
            cap,
            money.estimate(cents, unit, 2),
            started,
            started + 7200,
            *by,
            vehicle["fleet_id"] if vehicle else None,
            json.dumps(vehicle) if vehicle else None,
            json.dumps(_ENTRY),
            "pi_" + id[-6:],
        )
        s.store.run("INSERT INTO payment VALUES (?, 'paid', NULL)", "pi_" + id[-6:])


def _insert_completed(s: Sessions, started: int) -> None:
    s.store.run(
        "INSERT INTO session VALUES ('sess_01JS1E6R3A', 'main/test', 'sess_k2m8t5', 'lot_golden_peak', "
        "'CO-7891', 'completed', 3000, 'day',"
        " NULL, 2, 3000, ?, ?, ?, 3000, 2700, NULL, NULL, NULL, NULL, ?, 'pi_1E6R3A')",
        started,
        started + 7200,
        started + 3600,
        json.dumps(_ENTRY),
    )
    s.store.run("INSERT INTO payment VALUES ('pi_1E6R3A', 'paid', NULL)")


def _insert_hold(s: Sessions, expires: float) -> None:
    held = s.store.row(
        "SELECT id FROM lot WHERE autonomous = 1 AND agents = 1 AND available > 1 ORDER BY n DESC"
    )
    assert held is not None
    s.store.run(
        (
            "INSERT INTO hold VALUES ('hold_01JS4J8B', 'main/test', "
            "'fleet_waymo_sf', ?, 'AV-5678', NULL, 'active', ?)"
        ),
        held["id"],
        expires,
    )


def _page(s: Sessions, call: AcceptedCall, filters: dict[str, str | None]) -> Any:
    tenant = call.key.tenant if call.key else ""
    secret = s.store.setting("cursor_secret", word(s.rng, 32))
    bound = hashlib.sha256(
        json.dumps([call.key.id if call.key else "", str(call.action.name), filters]).encode()
    ).hexdigest()[:16]
    where, values = ["tenant = ?"], [tenant]
    for name, value in filters.items():
        if value is not None:
            where.append(f"{name} = ?")
            values.append(value)
    if call.input.get("cursor") is not None:
        place = _read_cursor(call.input["cursor"], secret, bound, call.now)
        if place is None:
            return _BAD_CURSOR
        where.append("(started_at, id) < (?, ?)")
        values += place
    limit = call.input["limit"]
    rows = s.store.rows(
        f"SELECT * FROM session WHERE {' AND '.join(where)} ORDER BY started_at DESC, id DESC LIMIT ?",
        *values,
        limit + 1,
    )  # the conditions are constants of this module
    more = len(rows) > limit
    cursor = (
        _cursor(rows[limit - 1]["started_at"], rows[limit - 1]["id"], secret, bound, call.now)
        if more
        else None
    )
    return {"sessions": [format_session(s, row) for row in rows[:limit]], "next_cursor": cursor}


def _cursor(started_at: int, id: str, secret: str, bound: str, now: float) -> str:
    text = json.dumps([started_at, id, int(now) + CURSOR_LIVES_S, bound])
    return base64.urlsafe_b64encode(text.encode() + _mac(text, secret)).decode().rstrip("=")


def _read_cursor(cursor: str, secret: str, bound: str, now: float) -> list[Any] | None:
    """Return the start of the next page.

    None if the cursor is invalid, too old, or of another list or key.
    """
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        text, mac = raw[:-16].decode(), raw[-16:]
    except (binascii.Error, ValueError):
        return None
    if not hmac.compare_digest(mac, _mac(text, secret)):
        return None
    started_at, id, dies_at, of = json.loads(text)
    return [started_at, id] if of == bound and now < dies_at else None


def _mac(text: str, secret: str) -> bytes:
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()[:16]
