"""The plate's pattern ends in a dollar sign that also matches before a last line break, which is cut off
later.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.fourth.around import asked, members
from pgagents.base.http import Handler, Request, json_bytes
from pgagents.sandbox.fault_declaration import Context

CLASS = "validation"
SUBTLE = True
FORM = "formal"
PROMISE = "actions.create_session.input.plate.pattern:: a plate is letters, digits and hyphens alone"


def wrap(handler: Handler, context: Context) -> Handler:
    def edit(request: Request) -> Request:
        if request.path != "/api/v1/sessions" or request.method != "POST" or b"\\n" not in request.body:
            return request
        body = members(request.body)
        plate = body.get("plate")
        if not isinstance(plate, str) or not plate.endswith("\n"):
            return request
        return replace(request, body=json_bytes({**body, "plate": plate[:-1]}))

    return asked(handler, edit)


def shows(call: Shown) -> Any:
    return call.status("POST", "/api/v1/sessions", {"lot_id": "lot_cascade", "plate": "AV-9\n"})
