"""The models declare what may be left out as Optional, so an explicit null is taken where a number is
wanted.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.second.around import judged
from pgagents.base.http import Handler
from pgagents.catalogue.model.action import Action
from pgagents.sandbox.fault_declaration import Context

CLASS = "validation"
SUBTLE = True
FORM = "formal"
PROMISE = "actions.create_session.input.hours.type:: a number; null is none"


def wrap(handler: Handler, context: Context) -> Handler:
    def members(action: Action, given: dict[str, Any], surface: str) -> dict[str, Any]:
        required = set(action.input_schema(places=("path", "query", "header", "body")).get("required", ()))
        return {name: value for name, value in given.items() if value is not None or name in required}

    judged(context, members)
    return handler


def shows(call: Shown) -> Any:
    return call.status(
        "POST", "/api/v1/sessions", {"lot_id": "lot_lionshead", "plate": "CO-1", "hours": None}
    )
