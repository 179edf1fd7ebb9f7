"""The dispatcher names the offending argument by where it stands in its own body, parameters.lat, not as
REST spells it.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.fourth.around import members, told
from pgagents.base.http import Handler, Request, Response
from pgagents.sandbox.fault_declaration import Context
from sandboxes import DISPATCH

CLASS = "dispatcher versus REST"
SUBTLE = True
FORM = "words"
PROMISE = (
    "schemas.Error.properties.error.properties.field.description:: the field is the argument as it is "
    "spelt, such as lat or vehicle.vin"
)


def wrap(handler: Handler, context: Context) -> Handler:
    own = ("body", "action", "parameters")

    def edit(request: Request, answer: Response) -> Response:
        if request.path != DISPATCH or answer.status != 400:
            return answer
        body = members(answer.body)
        if body["error"].get("field", "body") in own:
            return answer
        return answer.with_json(
            {**body, "error": {**body["error"], "field": f"parameters.{body['error']['field']}"}}
        )

    return told(handler, edit)


def shows(call: Shown) -> Any:
    return call.told("POST", DISPATCH, {"action": "search_parking", "parameters": {"lat": 91, "lng": 0}})
