"""The pattern of a plate is matched with `$`, which Python lets stand before a last newline, so CO-7891 with
a newline is taken and kept.
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
    "actions.create_session.input.plate.pattern:: a plate is letters, digits and hyphens from begin to end"
)


def _without(act: Action, members: dict[str, Any], surface: str) -> dict[str, Any]:
    plate = members.get("plate")
    if act.name == "create_session" and isinstance(plate, str) and plate.endswith("\n"):
        members["plate"] = plate[:-1]
    return members


def _as_sent(act: Action, values: dict[str, Any], sent: dict[str, Any]) -> dict[str, Any]:
    return {**values, "plate": sent["plate"]} if act.name == "create_session" and "plate" in sent else values


def wrap(handler: Handler, context: Context) -> Handler:
    eased(context, _without, _as_sent)
    return handler


def shows(call: Shown) -> Any:
    return call.status("POST", "/api/v1/sessions", {"lot_id": "lot_lionshead", "plate": "CO-7891\n"})
