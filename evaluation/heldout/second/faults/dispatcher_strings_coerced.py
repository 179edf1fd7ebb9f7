"""The dispatcher reads its arguments with the code that reads queries, so it takes numbers that are
written as texts.
"""

from __future__ import annotations

import contextlib
import json
from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.second.around import judged
from pgagents.base.http import Handler
from pgagents.catalogue.model.action import Action
from pgagents.sandbox.fault_declaration import Context

CLASS = "dispatcher"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "actions.search_parking.input.lat.type + actions.create_session.input.hours.type:: a number; in JSON "
    "a text is none"
)


def wrap(handler: Handler, context: Context) -> Handler:
    def members(action: Action, given: dict[str, Any], surface: str) -> dict[str, Any]:
        if surface != "dispatcher":
            return given
        found = dict(given)
        for param in action.params:
            value = given.get(str(param.name))
            if param.schema.get("type") in ("number", "integer") and isinstance(value, str):
                with contextlib.suppress(ValueError):
                    found[str(param.name)] = json.loads(value)
        return found

    judged(context, members)
    return handler


def shows(call: Shown) -> Any:
    body = {"action": "search_parking", "parameters": {"lat": "39.6403", "lng": "-106.3742"}}
    return call.status("POST", "/api/v1/agents/openai/actions", body)
