"""Synthetic parking lots: those of Vail from the reference transcript, and over four hundred made from a
seed.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from pgagents.sandbox.call import epoch_of
from pgagents.sandbox.keys import word
from pgagents.sandbox.store import Store

TABLES = """
CREATE TABLE IF NOT EXISTS lot (
  n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, lat REAL NOT NULL, lng REAL NOT NULL,
  rate_cents INTEGER NOT NULL, unit TEXT NOT NULL, max_daily_cents INTEGER, total INTEGER NOT NULL,
  available INTEGER NOT NULL, certified INTEGER NOT NULL, autonomous INTEGER NOT NULL,
  agents INTEGER NOT NULL, created_at REAL NOT NULL, counted_at REAL NOT NULL, gate_code TEXT,
  entry_lane TEXT, exit_procedure TEXT NOT NULL, notes TEXT NOT NULL,
  CHECK (available BETWEEN 0 AND total)
);
CREATE VIRTUAL TABLE IF NOT EXISTS lot_box USING rtree (n, lat0, lat1, lng0, lng1);
CREATE VIRTUAL TABLE IF NOT EXISTS lot_box_autonomous USING rtree (n, lat0, lat1, lng0, lng1);
CREATE TABLE IF NOT EXISTS rate_window (
  lot_id TEXT NOT NULL, kind TEXT NOT NULL, rate_cents INTEGER NOT NULL, starts_at REAL NOT NULL,
  ends_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS rate_window_lot ON rate_window (lot_id);
CREATE INDEX IF NOT EXISTS rate_window_open ON rate_window (ends_at, starts_at);
"""
AGENTS_DEFAULT_ON_FROM = epoch_of("2026-01-01T00:00:00Z") or 0.0
_OLD = epoch_of("2024-06-01T00:00:00Z") or 0.0
_NEW = epoch_of("2026-02-01T00:00:00Z") or 0.0
_BY_PLATE = "Automatic via plate recognition"
_AV_NOTES = "AV spaces available — follow lot signage for designated autonomous vehicle areas"


@dataclass(frozen=True, slots=True)
class Lot:
    """One lot as it is made; money in cents, times in epoch seconds."""

    id: str
    name: str
    lat: float
    lng: float
    rate_cents: int
    unit: str = "hour"
    max_daily_cents: int | None = None
    total: int = 60
    available: int = 20
    certified: bool = True
    autonomous: bool = False
    created_at: float = _NEW
    gate_code: str | None = None
    entry_lane: str | None = None
    exit_procedure: str = _BY_PLATE
    notes: str = ""

    @property
    def agents(self) -> bool:
        """Return whether agents may create sessions: the default by the lot's age."""
        return self.created_at >= AGENTS_DEFAULT_ON_FROM


@dataclass(frozen=True, slots=True)
class Window:
    """A period with another rate; times in epoch seconds."""

    lot_id: str
    kind: str
    rate_cents: int
    starts_at: float
    ends_at: float


@dataclass(frozen=True, slots=True)
class _Place:
    """An area to fill with lots, with the share of autonomous ones."""

    name: str
    lat: float
    lng: float
    radius_km: float
    lots: int
    units: tuple[str, ...]
    cents: tuple[int, int]
    autonomous: float


VAIL = (
    Lot("lot_lifthouse", "Vail Village Lifthouse Lot", 39.6405, -106.374, 800, total=40, available=12,
        notes="Height limit 2.0 m"),
    Lot("lot_lionshead", "Lionshead Public Parking", 39.6433, -106.3835, 600, total=400, available=87,
        autonomous=True, notes="Enter from West Lionshead Circle"),
    Lot("lot_sandstone", "Sandstone Creek Lot", 39.648, -106.38, 500, total=60, available=31, certified=False,
        created_at=_OLD, exit_procedure="Show the receipt at the booth", notes="Unpaved"),
    Lot("lot_golden_peak", "Golden Peak Day Lot", 39.6397, -106.3608, 3000, unit="day", total=150,
        available=54, gate_code="4417#", exit_procedure="Open the gate with the same code", notes="Level 2"),
    Lot("lot_cascade", "Cascade Crossing Garage", 39.6424, -106.39, 350, max_daily_cents=2800,
        total=64, available=20, autonomous=True, notes=_AV_NOTES),
)  # fmt: skip
_INDEPENDENCE_DAY = Window(
    "lot_lionshead",
    "event",
    1200,
    epoch_of("2026-07-04T18:00:00Z") or 0.0,
    epoch_of("2026-07-05T06:00:00Z") or 0.0,
)
_PLACES = (
    _Place("Vail", 39.6433, -106.405, 8.0, 14, ("hour", "hour", "day", "night"), (300, 1200), 0.2),
    _Place(
        "Denver",
        39.7476,
        -104.9951,
        6.0,
        170,
        ("hour", "hour", "hour", "day", "night", "event"),
        (150, 1800),
        0.3,
    ),
    _Place("Denver Airport", 39.8493, -104.6738, 5.0, 60, ("day", "day", "day", "hour"), (900, 3500), 0.3),
    _Place(
        "San Francisco",
        37.7749,
        -122.4194,
        6.0,
        180,
        ("hour", "hour", "hour", "night", "event"),
        (300, 2000),
        0.6,
    ),
)
_STREETS = (
    "Alder", "Birch", "Canyon", "Depot", "Elm", "Fillmore", "Grant", "Harbor", "Irving", "Juniper", "Kearny",
    "Larimer", "Market", "Noriega", "Octavia", "Pearl", "Quarry", "Ridge", "Spruce", "Townsend", "Union",
    "Vine", "Wazee", "York",
)  # fmt: skip
_KINDS = ("Garage", "Surface Lot", "Public Parking", "Deck", "Underground", "Park and Ride")
_MOST_VAIL_KM = 1.7


@lru_cache(maxsize=8)
def lots(seed: int) -> tuple[Lot, ...]:
    """Return all lots of a seed; those of Vail's transcript are in every world."""
    rng = random.Random(f"lots {seed}")
    made = list(VAIL)
    ids = {lot.id for lot in made}
    for place in _PLACES:
        names: dict[str, int] = {}
        for _ in range(place.lots):
            lot = _lot(place, rng, names)
            while lot.id in ids or (place.name == "Vail" and _near_village(lot)):
                lot = replace(_move_lot(lot, place, rng), id="lot_" + word(rng, 8))
            ids.add(lot.id)
            made.append(lot)
    return tuple(made)


def windows(seed: int, lots: Sequence[Lot], born: float) -> list[Window]:
    """Return event and surge rates for every twentieth made lot, three to ten days after the world begins."""
    rng = random.Random(f"windows {seed}")
    found = [_INDEPENDENCE_DAY]
    for lot in lots[len(VAIL) + 2 :: 20]:
        start = (born // 86_400 + rng.randint(3, 10)) * 86_400 + rng.randint(14, 19) * 3600
        kind = rng.choice(("event", "surge"))
        found.append(
            Window(
                lot.id,
                kind,
                lot.rate_cents * rng.choice((3, 4, 6)) // 2,
                start,
                start + rng.randint(3, 8) * 3600,
            )
        )
    return found


def make(store: Store, seed: int, born: float) -> None:
    """Fill an empty store with a seed's lots and rate windows; `born` is the sandbox's time now."""
    made = lots(seed)
    fill(store, made, born)
    store.many(
        "INSERT INTO rate_window VALUES (?, ?, ?, ?, ?)",
        [(w.lot_id, w.kind, w.rate_cents, w.starts_at, w.ends_at) for w in windows(seed, made, born)],
    )


def fill(store: Store, lots: Sequence[Lot], born: float) -> None:
    """Insert lots into an empty store; autonomous lots have a separate index, because they may be few
    among many.
    """
    store.many(
        "INSERT INTO lot VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                n,
                x.id,
                x.name,
                x.lat,
                x.lng,
                x.rate_cents,
                x.unit,
                x.max_daily_cents,
                x.total,
                x.available,
                x.certified,
                x.autonomous,
                x.agents,
                x.created_at,
                born,
                x.gate_code,
                x.entry_lane,
                x.exit_procedure,
                x.notes,
            )
            for n, x in enumerate(lots, 1)
        ],
    )
    boxes = [(n, x.lat, x.lat, x.lng, x.lng) for n, x in enumerate(lots, 1)]
    store.many("INSERT INTO lot_box VALUES (?, ?, ?, ?, ?)", boxes)
    store.many(
        "INSERT INTO lot_box_autonomous VALUES (?, ?, ?, ?, ?)",
        [box for box in boxes if lots[box[0] - 1].autonomous],
    )


def _lot(place: _Place, rng: random.Random, names: dict[str, int]) -> Lot:
    autonomous = rng.random() < place.autonomous
    total = rng.choice((24, 40, 60, 90, 150, 240, 400, 650))
    unit = rng.choice(place.units)
    cents = rng.randrange(place.cents[0], place.cents[1], 25) * (
        1 if unit == "hour" or place.name == "Denver Airport" else 3
    )
    name = f"{rng.choice(_STREETS)} {rng.choice(_KINDS)}"
    names[name] = names.get(name, 0) + 1
    lot = Lot(
        "lot_" + word(rng, 8),
        name if names[name] == 1 else f"{name} {names[name]}",
        place.lat,
        place.lng,
        cents,
        unit,
        cents * rng.randint(5, 9) if unit == "hour" and rng.random() < 0.4 else None,
        total,
        0 if rng.random() < 0.04 else rng.randint(max(2, total // 10), total - 1),
        rng.random() < 0.7,
        autonomous,
        _OLD if rng.random() < 0.25 else _NEW,
        f"{rng.randint(1000, 9999)}#" if rng.random() < 0.3 else None,
        "AV lane" if autonomous else None,
        notes=_AV_NOTES if autonomous else f"Level {rng.randint(1, 5)}",
    )
    return _move_lot(lot, place, rng)


def _move_lot(lot: Lot, place: _Place, rng: random.Random) -> Lot:
    """Return the lot at a random spot of its area, uniform over the disc."""
    distance = place.radius_km * math.sqrt(rng.random())
    angle = rng.random() * 2 * math.pi
    lat = place.lat + distance * math.cos(angle) / 111.195
    lng = place.lng + distance * math.sin(angle) / (111.195 * math.cos(math.radians(place.lat)))
    return replace(lot, lat=round(lat, 5), lng=round(lng, 5))


def _near_village(lot: Lot) -> bool:
    """Return whether a lot is close to the transcript's lots."""
    return math.hypot((lot.lat - 39.6403) * 111.195, (lot.lng + 106.3742) * 85.63) < _MOST_VAIL_KM
