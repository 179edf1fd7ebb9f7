"""Listing builds its condition for a fleet anew and so forgets the status that was asked for with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evaluation.heldout.around import arguments
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.catalogue.model.action import Action
from pgagents.sandbox.fault_declaration import Context

CLASS = "filters"
SUBTLE = True
FORM = "formal"
PROMISE = "actions.list_sessions.laws.status-only:: every session listed has the status asked for"


def wrap(handler: Handler, context: Context) -> Handler:
    def change(
        action: Action, values: dict[str, Any], names: frozenset[str], surface: str
    ) -> Mapping[str, Any]:
        if action.name == "list_sessions" and "fleet_id" in values:
            values.pop("status", None)
        return values

    arguments(context, change)
    return handler


def shows(call: Shown) -> Any:
    found = call.data("GET", "/api/v1/sessions?fleet_id=fleet_waymo_sf&status=completed")
    return [session["status"] for session in found["sessions"]]
