"""Through the dispatcher a search without a limit finds ten lots instead of five."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import arguments
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context

CLASS = "dispatcher"
SUBTLE = True
PROMISE = "same-named properties have one schema: limit = 5 on every surface"


def wrap(handler: Handler, context: Context) -> Handler:
    def change(action: Any, values: dict[str, Any], given: frozenset[str], surface: str) -> dict[str, Any]:
        if surface != "rest" and action.name == "search_parking" and "limit" not in given:
            values["limit"] = 10
        return values

    arguments(context, change)
    return handler


def shows(call: Shown) -> Any:
    return len(call.dispatch("search_parking", {"lat": 39.6403, "lng": -106.3742, "radius_km": 20})["lots"])
