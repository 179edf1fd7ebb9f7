"""Whether a value is a number is asked with isinstance(value, int | float), which true passes, so
`extend_hours: true` adds an hour.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.third.around import eased
from pgagents.base.http import Handler
from pgagents.catalogue.model.action import Action
from pgagents.sandbox.fault_declaration import Context

CLASS = "types"
SUBTLE = True
FORM = "formal"
PROMISE = "actions.extend_session.input.extend_hours.type:: extend_hours is a number"


def _counted(act: Action, members: dict[str, Any], surface: str) -> dict[str, Any]:
    numbers = {p.wire for p in act.params if p.schema.get("type") in ("number", "integer")}
    return {
        name: int(value) if isinstance(value, bool) and name in numbers else value
        for name, value in members.items()
    }


def wrap(handler: Handler, context: Context) -> Handler:
    eased(context, _counted)
    return handler


def shows(call: Shown) -> Any:
    named = {"session_id": "sess_01JS4K7Q2M", "session_code": "sess_abc123"}
    return call.status("POST", "/api/v1/sessions/extend", {**named, "extend_hours": True})
