"""Lots are sorted by minutes on foot and then by price, so of two lots in the same minute the farther may
come first.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import results
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context

CLASS = "search"
SUBTLE = True
FORM = "formal"
PROMISE = "actions.search_parking.laws.nearest-first:: sorted_by(response.lots, distance_km)"


def wrap(handler: Handler, context: Context) -> Handler:
    results(
        context,
        lambda call, found: found["lots"].sort(key=lambda lot: (lot["walking_minutes"], lot["rate"])),
        "search_parking",
    )
    return handler


def shows(call: Shown) -> Any:
    return [lot["id"] for lot in call.lots("lat=39.7476&lng=-104.9951&radius_km=5&limit=25")]
