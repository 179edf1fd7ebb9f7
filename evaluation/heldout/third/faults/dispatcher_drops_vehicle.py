"""The dispatcher's adapter hands lot, plate and hours on to create_session, and forgets the vehicle."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import arguments
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.catalogue.model.action import Action
from pgagents.sandbox.fault_declaration import Context

CLASS = "dispatcher and REST"
SUBTLE = False
FORM = "formal"
PROMISE = (
    "actions.create_session.laws.vehicle-kept + surfaces.dispatcher.actions.create_session:: "
    "a vehicle that was given is that of the session, on every surface"
)


def wrap(handler: Handler, context: Context) -> Handler:
    def change(act: Action, values: dict[str, Any], names: frozenset[str], surface: str) -> dict[str, Any]:
        if surface == "dispatcher" and act.name == "create_session":
            values.pop("vehicle", None)
        return values

    arguments(context, change)
    return handler


def shows(call: Shown) -> Any:
    given_ = {"lot_id": "lot_cascade", "plate": "AV-7", "vehicle": {"autonomous": True, "vin": "V1"}}
    return call.dispatch("create_session", given_)["session"]["vehicle"]
