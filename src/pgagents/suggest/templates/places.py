"""Propose great-circle distances between a place in the call and one in the answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pgagents.base.cel.functions import distance_km
from pgagents.suggest.candidate import ARITHMETIC, ORDER, Candidate
from pgagents.suggest.tables import Column, Table


def propose(table: Table) -> Iterator[Candidate]:
    """Yield the laws that a distance in the answer is right, and that none exceeds the given radius."""
    given = _place(table.of_root("input"))
    told = _place(table.answered)
    if given is None or told is None:
        return
    four = (*given, *told)
    a, b = (one[0].text.rpartition(".")[0] for one in (given, told))

    def between(lat: Any, lng: Any, lat2: Any, lng2: Any) -> float:
        return distance_km({"lat": lat, "lng": lng}, {"lat": lat2, "lng": lng2})

    for column in table.answered:
        if column.unit == "km":
            away = f"distance_km({a}, {b})"
            yield Candidate(
                table,
                "places",
                f"true-{column.last}".replace("_", "-"),
                f"near({column.text}, {away}, {away} * 0.005 + 0.01)",
                (column, *four),
                lambda v, *p: abs(v - between(*p)) <= between(*p) * 0.005 + 0.01,
                bar=ARITHMETIC,
            )
    for column in table.of_root("input"):
        if column.unit == "km":
            yield Candidate(
                table,
                "places",
                "within-radius",
                f"distance_km({a}, {b}) <= {column.text} * 1.005 + 0.01",
                (column, *four),
                lambda r, *p: between(*p) <= r * 1.005 + 0.01,
                bar=ORDER,
                guardable=False,
                own=None,
            )


def _place(columns: list[Column]) -> tuple[Column, Column] | None:
    """Return the columns of a latitude and a longitude that belong together."""
    for lat in columns:
        if lat.last == "lat":
            lng = next((c for c in columns if c.path == (*lat.path[:-1], "lng")), None)
            if lng is not None:
                return lat, lng
    return None
