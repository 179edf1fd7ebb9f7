"""Delete personal data (PG-RETAIN): the person and exact place of a search, and drivers who asked for it.

Audit rows stay.
"""

from __future__ import annotations

from typing import Any

from pgagents.sandbox import outbox
from pgagents.sandbox.call import AcceptedCall
from pgagents.sandbox.park_graph import audit
from pgagents.sandbox.park_graph.sessions import Sessions
from pgagents.sandbox.setting import Setting
from pgagents.sandbox.store import Store

TABLES = """
CREATE TABLE IF NOT EXISTS forget (n INTEGER PRIMARY KEY, plate TEXT, asked_at REAL NOT NULL, done_at REAL);
"""
BLANK = "REDACTED"
"""Replaces a forgotten plate. It matches a plate's pattern."""
_COARSE_DIGITS = 2  # of a degree: about a kilometre
_DEMAND_S = 30 * 86_400.0  # nothing reads searches that are older
_EVENTS_S = 7 * 86_400.0


def driver(s: Sessions, call: AcceptedCall) -> Any:
    """Store a verified deletion request. Retention carries it out."""
    s.store.run("INSERT INTO forget (plate, asked_at) VALUES (?, ?)", call.input["plate"].upper(), call.now)
    audit.write(s.store, call, diff={"forget": [False, True]})
    return None


def arrange(setting: Setting) -> None:
    """Add Park Graph's deletion tasks to the retention."""
    store, retention = setting.store, setting.retention
    retention.add("searches", lambda before: _searches(store, before))
    retention.add("drivers", lambda before: _drivers(store, before))
    retention.always(_DEMAND_S, lambda before: _old_searches(store, before))
    retention.always(_EVENTS_S, setting.outbox.forget)


def _searches(store: Store, before: float) -> None:
    """Blank the key, end user and exact coordinates of searches without a booking.

    The actor of their audit rows is blanked too.
    """
    store.run(
        "UPDATE search_log SET key_id = NULL, end_user = NULL, lat = round(lat, ?), lng = round(lng, ?) "
        "WHERE at <= ? AND booked = 0 AND key_id IS NOT NULL",
        _COARSE_DIGITS,
        _COARSE_DIGITS,
        before,
    )
    store.run(
        "UPDATE audit_detail SET actor_id = NULL, diff = NULL WHERE actor_id IS NOT NULL AND audit_n IN "
        "(SELECT n FROM audit WHERE action = 'search_parking' AND at <= ?)",
        before,
    )


def _old_searches(store: Store, before: float) -> None:
    store.run("DELETE FROM search_log WHERE at <= ?", before)


def _drivers(store: Store, before: float) -> None:
    for row in store.rows(
        "SELECT n, plate, asked_at FROM forget WHERE done_at IS NULL AND asked_at <= ?", before
    ):
        _blank(store, row["plate"], row["asked_at"])
        store.run("UPDATE forget SET plate = NULL, done_at = ? WHERE n = ?", before, row["n"])


def _blank(store: Store, plate: str, asked_at: float) -> None:
    """Blank a plate in all places, for events before the request."""
    theirs = [
        row["id"]
        for row in store.rows("SELECT id FROM session WHERE plate = ? AND started_at <= ?", plate, asked_at)
    ]
    for id in theirs:
        store.run(
            "UPDATE session SET plate = ?, vehicle = CASE WHEN vehicle IS NULL THEN NULL ELSE "
            "json_set(vehicle, '$.vin', NULL) END "
            "WHERE id = ?",
            BLANK,
            id,
        )
        store.run("UPDATE refund SET reason = '' WHERE session_id = ?", id)
        store.run(
            (
                "UPDATE audit_detail SET diff = json_remove(diff, '$.plate') WHERE audit_n IN (SELECT n FROM "
                "audit WHERE session_id = ?)"
            ),
            id,
        )
        outbox.erase(store, id)
    store.run("UPDATE hold SET plate = ?, vin = NULL WHERE plate = ? AND status <> 'active'", BLANK, plate)
