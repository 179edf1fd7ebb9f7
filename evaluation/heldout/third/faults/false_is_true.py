"""A query's boolean is made with bool(text), so autonomous_entry=false filters as true does; through the
dispatcher it is right.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import arguments
from evaluation.heldout.calls import NEAR, Shown
from pgagents.base.http import Handler
from pgagents.catalogue.model.action import Action
from pgagents.sandbox.fault_declaration import Context

CLASS = "types"
SUBTLE = True
FORM = "words"
PROMISE = (
    "actions.search_parking.input.autonomous_entry.description:: only true narrows the search to lots "
    "that an autonomous vehicle can enter"
)


def wrap(handler: Handler, context: Context) -> Handler:
    def change(act: Action, values: dict[str, Any], names: frozenset[str], surface: str) -> dict[str, Any]:
        if act.name == "search_parking" and surface == "rest" and "autonomous_entry" in names:
            values["autonomous_entry"] = True
        return values

    arguments(context, change)
    return handler


def shows(call: Shown) -> Any:
    return [lot["id"] for lot in call.lots(f"{NEAR}&radius_km=1.5&autonomous_entry=false")]
