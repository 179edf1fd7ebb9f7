"""The dispatcher has defaults of its own from an earlier version, and searches within 10 km where no
radius is given.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evaluation.heldout.around import arguments
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.catalogue.model.action import Action
from pgagents.sandbox.fault_declaration import Context

CLASS = "dispatcher versus REST"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "actions.search_parking.input.radius_km.default:: without a radius lots within 5 km are found, on "
    "each surface"
)


def wrap(handler: Handler, context: Context) -> Handler:
    def change(
        action: Action, values: dict[str, Any], names: frozenset[str], surface: str
    ) -> Mapping[str, Any]:
        if surface == "dispatcher" and action.name == "search_parking" and "radius_km" not in names:
            values["radius_km"] = 10
        return values

    arguments(context, change)
    return handler


def shows(call: Shown) -> Any:
    return len(call.dispatch("search_parking", {"lat": 39.6403, "lng": -106.3742, "limit": 25})["lots"])
