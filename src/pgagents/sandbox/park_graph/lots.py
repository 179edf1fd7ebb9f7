"""Lots: search, counts and prices, and the market around a place."""

from __future__ import annotations

import math
import sqlite3
from typing import Any

from pgagents.sandbox.call import AcceptedCall, Refusal, rfc3339
from pgagents.sandbox.outbox import Outbox
from pgagents.sandbox.park_graph.money import dollars
from pgagents.sandbox.store import Store

EARTH_RADIUS_KM = 6371.0088
_KM_PER_DEGREE = EARTH_RADIUS_KM * math.pi / 180
_WALKING_KM_PER_MINUTE = 0.083
_FEW = 40
"""Number of lots that are sorted directly, because that is faster than searching smaller circles first."""
_PARTS = (256, 64, 16, 4)
"""Divisors of the radius: each circle holds about sixteen times as many lots as the one before."""
NO_LOT = Refusal("NOT_FOUND", "There is no such lot")

TABLES = """
CREATE TABLE IF NOT EXISTS search_log (
  n INTEGER PRIMARY KEY, at REAL NOT NULL, lat REAL, lng REAL, platform TEXT, key_id TEXT, end_user TEXT,
  booked INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS search_log_at ON search_log (at);
CREATE INDEX IF NOT EXISTS search_log_open ON search_log (key_id, n) WHERE booked = 0;
"""


def distance_km(lat: float, lng: float, to_lat: float, to_lng: float) -> float:
    """Return the great-circle distance of two places given in degrees (haversine)."""
    a, b = math.radians(lat), math.radians(to_lat)
    h = math.sin((b - a) / 2) ** 2 + math.cos(a) * math.cos(b) * math.sin(math.radians(to_lng - lng) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(h)))


def within(
    store: Store, lat: float, lng: float, radius_km: float, *, autonomous: bool = False, where: str = "1"
) -> list[tuple[float, sqlite3.Row]]:
    """Return lots within the radius with their distances, nearest first, then by id.

    `autonomous` restricts them to lots that an autonomous vehicle may enter; `where` is a condition in SQL.
    """
    return _sort_within(_around(store, lat, lng, radius_km, autonomous, where, -1), lat, lng, radius_km)


def _sort_within(
    rows: list[sqlite3.Row], lat: float, lng: float, radius_km: float
) -> list[tuple[float, sqlite3.Row]]:
    found = [(d, row) for row in rows if (d := distance_km(lat, lng, row["lat"], row["lng"])) <= radius_km]
    return sorted(found, key=lambda f: (f[0], f[1]["id"]))


def _around(
    store: Store, lat: float, lng: float, radius_km: float, autonomous: bool, where: str, most: int
) -> list[sqlite3.Row]:
    """Return lots in the boxes around a circle, unsorted, at most `most` of each box (-1: all)."""
    dlat = radius_km / _KM_PER_DEGREE + 1e-6
    table = "lot_box_autonomous" if autonomous else "lot_box"
    found = []
    for west, east in _boxes(lat, lng, radius_km):
        found += store.rows(
            f"SELECT lot.* FROM {table} AS box JOIN lot ON lot.n = box.n "
            f"WHERE lat1 >= ? AND lat0 <= ? AND lng1 >= ? AND lng0 <= ? AND ({where}) LIMIT ?",
            lat - dlat,
            lat + dlat,
            west,
            east,
            most,
        )
    return found


def nearest(
    store: Store,
    lat: float,
    lng: float,
    radius_km: float,
    most: int,
    *,
    autonomous: bool = False,
    where: str = "1",
) -> list[tuple[float, sqlite3.Row]]:
    """Return the `most` nearest lots within the radius.

    If there are many, smaller circles are searched first: no lot outside a circle is nearer than those in it.
    """
    few = _around(store, lat, lng, radius_km, autonomous, where, _FEW + 1)
    if len(few) <= _FEW:
        return _sort_within(few, lat, lng, radius_km)[:most]
    for part in _PARTS:
        found = within(store, lat, lng, radius_km / part, autonomous=autonomous, where=where)
        if len(found) >= most:
            return found[:most]
    return within(store, lat, lng, radius_km, autonomous=autonomous, where=where)[:most]


def _boxes(lat: float, lng: float, radius_km: float) -> list[tuple[float, float]]:
    """Return the west and east bounds of a circle: two pairs across the date line, all longitudes around a
    pole.
    """
    reach = math.radians(min(90.0, abs(lat))) + radius_km / EARTH_RADIUS_KM
    if reach >= math.pi / 2:
        return [(-180.0, 180.0)]
    dlng = (
        math.degrees(math.asin(min(1.0, math.sin(radius_km / EARTH_RADIUS_KM) / math.cos(math.radians(lat)))))
        + 1e-6
    )
    west, east = lng - dlng, lng + dlng
    if west < -180:
        return [(west + 360, 180.0), (-180.0, east)]
    if east > 180:
        return [(west, 180.0), (-180.0, east - 360)]
    return [(west, east)]


def lot(store: Store, id: str) -> sqlite3.Row | None:
    """Return the lot of an id, or None."""
    return store.row("SELECT * FROM lot WHERE id = ?", id)


def rates_of_open_windows(store: Store, now: float) -> dict[str, int]:
    """Return the rates in cents of open rate windows by lot; the higher of two windows counts."""
    rows = store.rows(
        (
            "SELECT lot_id, max(rate_cents) AS cents FROM rate_window WHERE starts_at <= ? AND ends_at > ? "
            "GROUP BY lot_id"
        ),
        now,
        now,
    )
    return {row["lot_id"]: int(row["cents"]) for row in rows}


def rate_now(store: Store, row: sqlite3.Row, now: float) -> int:
    """Return the current rate in cents: that of an open window, or else the base rate."""
    return rates_of_open_windows(store, now).get(row["id"], int(row["rate_cents"]))


def search(store: Store, call: AcceptedCall) -> Any:
    """Search lots around a place (PG-SEARCH), and log the search."""
    given = call.input
    autonomous = given.get("autonomous_entry")
    if autonomous is None and call.key is not None and call.key.group is not None:
        autonomous = True
    found = nearest(
        store, given["lat"], given["lng"], given["radius_km"], given["limit"], autonomous=bool(autonomous)
    )
    open_rates = rates_of_open_windows(store, call.now)
    store.run(
        "INSERT INTO search_log (at, lat, lng, platform, key_id, end_user) VALUES (?, ?, ?, ?, ?, ?)",
        call.now,
        given["lat"],
        given["lng"],
        call.attribution.get("agent_platform"),
        call.key.id if call.key else None,
        call.end_user,
    )
    return {"lots": [_format_lot(row, distance, open_rates) for distance, row in found]}


def _format_lot(row: sqlite3.Row, distance: float, open_rates: dict[str, int]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "name": row["name"],
        "rate": dollars(open_rates.get(row["id"], row["rate_cents"])),
        "rate_unit": row["unit"],
        "available": row["available"],
        "total": row["total"],
        "lat": row["lat"],
        "lng": row["lng"],
        "distance_km": round(distance, 3),
        "walking_minutes": math.ceil(distance / _WALKING_KM_PER_MINUTE),
        "certified": bool(row["certified"]),
        "autonomous_entry": bool(row["autonomous"]),
        "agents_allowed": bool(row["agents"]),
    }


def availability(store: Store, call: AcceptedCall) -> Any:
    """Return a lot's free spaces (PG-AVAIL)."""
    row = lot(store, call.input["lot_id"])
    if row is None:
        return NO_LOT
    return {"availability": _format_availability(row)}


def _format_availability(row: sqlite3.Row) -> dict[str, Any]:
    taken = row["total"] - row["available"]
    return {
        "lot_id": row["id"],
        "available": row["available"],
        "total": row["total"],
        "occupancy_pct": round(100 * taken / row["total"], 2) if row["total"] else 0,
        "updated_at": rfc3339(row["counted_at"]),
    }


def rates(store: Store, call: AcceptedCall) -> Any:
    """Return a lot's base rate and rate windows (PG-RATES)."""
    row = lot(store, call.input["lot_id"])
    if row is None:
        return NO_LOT
    windows = store.rows("SELECT * FROM rate_window WHERE lot_id = ? ORDER BY starts_at", row["id"])
    return {
        "rates": {
            "lot_id": row["id"],
            "currency": "usd",
            "base": {"rate": dollars(row["rate_cents"]), "rate_unit": row["unit"]},
            "max_daily": dollars(row["max_daily_cents"]),
            "windows": [
                {
                    "kind": w["kind"],
                    "rate": dollars(w["rate_cents"]),
                    "starts_at": rfc3339(w["starts_at"]),
                    "ends_at": rfc3339(w["ends_at"]),
                }
                for w in windows
            ],
        }
    }


def market_rate(store: Store, call: AcceptedCall) -> Any:
    """Return the market around a place in cents (PG-MARKET): hourly prices of hourly lots, the daily price
    of daily lots.
    """
    found = [row for _, row in within(store, call.input["lat"], call.input["lng"], call.input["radius_km"])]
    hourly = [r["rate_cents"] for r in found if r["unit"] == "hour"]
    daily = [r["rate_cents"] for r in found if r["unit"] == "day"]
    total = sum(r["total"] for r in found)
    taken = total - sum(r["available"] for r in found)
    return {
        "data": {
            "market_rate": {
                "avg_hourly_cents": (2 * sum(hourly) + len(hourly)) // (2 * len(hourly)) if hourly else 0,
                "avg_daily_cents": (2 * sum(daily) + len(daily)) // (2 * len(daily)) if daily else 0,
                "min_hourly_cents": min(hourly, default=0),
                "max_hourly_cents": max(hourly, default=0),
            },
            "demand_score": round(100 * taken / total, 1) if total else 0,
            "competitor_count": len(found),
        }
    }


def demand(store: Store, call: AcceptedCall) -> Any:
    """Return agents' searches of the last 30 days around a place (PG-DEMAND)."""
    given = call.input
    dlat = given["radius_km"] / _KM_PER_DEGREE
    rows = store.rows(
        "SELECT at, lat, lng, platform, booked FROM search_log WHERE at > ? AND lat BETWEEN ? AND ?",
        call.now - 30 * 86_400,
        given["lat"] - dlat,
        given["lat"] + dlat,
    )
    near = [
        r for r in rows if distance_km(given["lat"], given["lng"], r["lat"], r["lng"]) <= given["radius_km"]
    ]
    platforms: dict[str, list[int]] = {}
    hours = [0] * 24
    for row in near:
        counts = platforms.setdefault(row["platform"] or "direct", [0, 0])
        counts[0] += 1
        counts[1] += row["booked"]
        hours[int(row["at"] // 3600) % 24] += 1
    peak = [h for h in sorted(range(24), key=lambda h: (-hours[h], h)) if hours[h]][:3]
    return {
        "data": {
            "queries": len(near),
            "platforms": [
                {"agent_platform": name, "queries": n, "conversion": round(min(1.0, booked / n), 4)}
                for name, (n, booked) in sorted(platforms.items())
            ],
            "peak_hours": sorted(peak),
        }
    }


def take_space(outbox: Outbox, lot_id: str, now: float) -> bool:
    """Take one space and send an event. Return False if the lot is full."""
    taken = outbox.store.run(
        "UPDATE lot SET available = available - 1, counted_at = ? WHERE id = ? AND available > 0", now, lot_id
    )
    return _publish_occupancy(outbox, lot_id, now) if taken else False


def give_space(outbox: Outbox, lot_id: str, now: float) -> None:
    """Free one space and send an event."""
    if outbox.store.run(
        "UPDATE lot SET available = available + 1, counted_at = ? WHERE id = ? AND available < total",
        now,
        lot_id,
    ):
        _publish_occupancy(outbox, lot_id, now)


def _publish_occupancy(outbox: Outbox, lot_id: str, now: float) -> bool:
    row = lot(outbox.store, lot_id)
    assert row is not None
    outbox.put("occupancy.changed", _format_availability(row), now, tenant=None)
    return True
