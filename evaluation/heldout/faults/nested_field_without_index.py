"""The field of an error inside a list lacks the place in the list."""

from __future__ import annotations

import re
from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler, Request, Response
from pgagents.sandbox import fault_helpers
from pgagents.sandbox.fault_declaration import Context

CLASS = "errors"
SUBTLE = True
PROMISE = "section 4: error.field such as vehicles.0.plate"


def wrap(handler: Handler, _context: Context) -> Handler:
    def edit(_: Request, answer: Response) -> Response:
        data = fault_helpers.data_of(answer)
        if answer.status != 400 or not isinstance(data, dict) or not isinstance(data.get("error"), dict):
            return answer
        data["error"]["field"] = re.sub(r"\.[0-9]+", "", data["error"].get("field", "body"))
        return answer.with_json(data)

    return fault_helpers.edits(handler, edit)


def shows(call: Shown) -> Any:
    body = {"fleet_id": "fleet_waymo_sf", "lat": 39.6, "lng": -106.3, "vehicles": [{"plate": "?"}]}
    return call.told("POST", "/api/v1/av-fleet/dispatch", body)
