"""A query's flag is made a boolean with bool(), so `autonomous_entry=false` asks for autonomous entry."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import NEAR, Shown
from evaluation.heldout.second.around import judged
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context

CLASS = "filters"
SUBTLE = True
FORM = "words"
PROMISE = (
    "actions.search_parking.input.autonomous_entry.description:: true for only lots an autonomous "
    "vehicle can enter unaided"
)


def wrap(handler: Handler, context: Context) -> Handler:
    judged(
        context,
        pairs=lambda action, given: [
            (k, "true" if (k, v) == ("autonomous_entry", "false") else v) for k, v in given
        ],
    )
    return handler


def shows(call: Shown) -> Any:
    return [lot["id"] for lot in call.lots(f"{NEAR}&radius_km=1.5&autonomous_entry=false")]
