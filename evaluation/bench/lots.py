"""Searching among 100,000 lots in process: how long a query takes, and whether it finds what looking at
every lot finds.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pgagents.sandbox.park_graph import lots as parking_lots
from pgagents.sandbox.park_graph import world
from pgagents.sandbox.park_graph.world import Lot
from pgagents.sandbox.store import Store

LOTS = 100_000
QUERIES = 400
CHECKED = 40
"""So many of them are compared with looking at every lot."""
RARE = 0.001
"""The share of lots that an autonomous vehicle may enter, where there are few."""
VAIL = (39.6403, -106.3742)


@dataclass(frozen=True, slots=True)
class Searched:
    """Milliseconds of the processor for each query (it waits for nothing), and whether all that were
    checked found what they had to.
    """

    name: str
    times_ms: tuple[float, ...]
    exact: bool


@dataclass(frozen=True, slots=True)
class _Query:
    lat: float
    lng: float
    radius_km: float
    limit: int
    autonomous: bool


def search(count: int = LOTS, checked: int = CHECKED) -> Iterator[Searched]:
    """`count` lots in one city, which is the hardest, and scattered over a continent and its cities."""
    for name, place in (("in one city", _one_city), ("over a continent", _continent)):
        rng = random.Random(f"{count} {name}")
        lots = [
            Lot(f"lot_{n}", f"Lot {n}", *place(rng), 600, autonomous=rng.random() < RARE)
            for n in range(count)
        ]
        store = Store()
        store.script(world.TABLES)
        with store.transaction():
            world.fill(store, lots, 0.0)
        yield _measure_search(name, store, lots, [_query(rng, place) for _ in range(QUERIES)], checked)
        store.close()


def _measure_search(
    name: str, store: Store, lots: list[Lot], queries: list[_Query], checked: int
) -> Searched:
    times, exact = [], True
    for n, query in enumerate(queries):
        begun = time.process_time()
        found = parking_lots.nearest(
            store, query.lat, query.lng, query.radius_km, query.limit, autonomous=query.autonomous
        )
        times.append((time.process_time() - begun) * 1000)
        if n < checked:
            exact = exact and [row["id"] for _, row in found] == _by_looking(lots, query)
    return Searched(name, tuple(times), exact)


def _by_looking(lots: list[Lot], query: _Query) -> list[str]:
    """The ids that a search must find: by an angle between vectors, another way than the sandbox's."""
    here = _vector(query.lat, query.lng)
    found = []
    for lot in lots:
        if lot.autonomous or not query.autonomous:
            there = _vector(lot.lat, lot.lng)
            away_km = 2 * parking_lots.EARTH_RADIUS_KM * math.asin(min(1.0, math.dist(here, there) / 2))
            if away_km <= query.radius_km:
                found.append((away_km, lot.id))
    return [id for _, id in sorted(found)[: query.limit]]


def _vector(lat: float, lng: float) -> tuple[float, float, float]:
    a, b = math.radians(lat), math.radians(lng)
    return math.cos(a) * math.cos(b), math.cos(a) * math.sin(b), math.sin(a)


Place = Callable[[random.Random], tuple[float, float]]


def _query(rng: random.Random, place: Place) -> _Query:
    lat, lng = place(rng)
    return _Query(lat, lng, rng.choice((0.1, 0.5, 1.5, 5, 50)), rng.choice((1, 5, 25)), rng.random() < 0.2)


def _one_city(rng: random.Random) -> tuple[float, float]:
    """Even over a disc of 25 km."""
    away_km, angle = 25 * math.sqrt(rng.random()), rng.random() * 2 * math.pi
    return VAIL[0] + away_km * math.cos(angle) / 111.195, VAIL[1] + away_km * math.sin(angle) / (
        111.195 * math.cos(math.radians(VAIL[0]))
    )


def _continent(rng: random.Random) -> tuple[float, float]:
    """Three of four in one of two hundred cities, dense in the middle."""
    if rng.random() < 0.25:
        return rng.uniform(25, 49), rng.uniform(-124, -67)
    city = random.Random(rng.randrange(200))
    lat, lng = city.uniform(25, 49), city.uniform(-124, -67)
    return lat + rng.gauss(0, 0.05), lng + rng.gauss(0, 0.05)
