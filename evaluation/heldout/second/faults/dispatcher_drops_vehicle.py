"""The dispatcher hands on the flat arguments only, as it once had no others: a session made there has no
vehicle.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import arguments
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.catalogue.model.action import Action
from pgagents.sandbox.fault_declaration import Context

CLASS = "dispatcher"
SUBTLE = False
FORM = "formal"
PROMISE = (
    "actions.create_session.laws.vehicle-kept + surfaces.dispatcher.actions.create_session:: "
    "response.session.vehicle is what was given, on each surface"
)


def wrap(handler: Handler, context: Context) -> Handler:
    def change(action: Action, values: dict[str, Any], given: frozenset[str], surface: str) -> dict[str, Any]:
        return {k: v for k, v in values.items() if surface == "rest" or not isinstance(v, dict)}

    arguments(context, change)
    return handler


def shows(call: Shown) -> Any:
    parameters = {"lot_id": "lot_lionshead", "plate": "AV-1", "vehicle": {"autonomous": True, "vin": "V1"}}
    return call.dispatch("create_session", parameters)["session"]["vehicle"]
