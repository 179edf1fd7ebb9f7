"""Bodies are read into a class whose optional members default to None, so a null is taken for a member
that was left out.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.third.around import eased
from pgagents.base.http import Handler
from pgagents.catalogue.model.action import Action
from pgagents.sandbox.fault_declaration import Context

CLASS = "validation"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "actions.create_session.input.hold_id.type + behaviour.refused_status:: hold_id, where it is given, "
    "is a text; anything else is refused"
)


def _dropped(act: Action, members: dict[str, Any], surface: str) -> dict[str, Any]:
    optional = {p.wire for p in act.params if not p.required}
    return {name: value for name, value in members.items() if value is not None or name not in optional}


def wrap(handler: Handler, context: Context) -> Handler:
    eased(context, _dropped)
    return handler


def shows(call: Shown) -> Any:
    return call.told(
        "POST", "/api/v1/sessions", {"lot_id": "lot_lionshead", "plate": "CO-7891", "hold_id": None}
    )[1].get("field")
