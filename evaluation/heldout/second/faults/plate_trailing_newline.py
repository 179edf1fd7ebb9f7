"""Plates are matched with re.match and a `$`, so one newline behind a plate passes, and is kept off by a
later strip().
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
PROMISE = (
    "actions.create_session.input.plate.pattern:: ^[A-Za-z0-9-]{1,10}$, which a text with a newline does "
    "not match"
)


def wrap(handler: Handler, context: Context) -> Handler:
    def members(action: Action, given: dict[str, Any], surface: str) -> dict[str, Any]:
        plate = given.get("plate")
        return {**given, "plate": plate.removesuffix("\n")} if isinstance(plate, str) else given

    judged(context, members)
    return handler


def shows(call: Shown) -> Any:
    return call.status("POST", "/api/v1/sessions", {"lot_id": "lot_lionshead", "plate": "CO-7891\n"})
