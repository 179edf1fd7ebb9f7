"""Through the dispatcher the offending field has the prefix parameters."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler, Request, Response
from pgagents.sandbox import fault_helpers
from pgagents.sandbox.fault_declaration import Context
from sandboxes import DISPATCH

CLASS = "errors"
SUBTLE = True
PROMISE = "section 4: error.field, the same through the dispatcher"


def wrap(handler: Handler, context: Context) -> Handler:
    reader = fault_helpers.RequestReader(context.model)

    def edit(request: Request, answer: Response) -> Response:
        asked, data = reader.parse(request), fault_helpers.data_of(answer)
        if asked is None or asked.dispatcher is None or answer.status != 400 or "field" not in data["error"]:
            return answer
        if data["error"]["field"] not in ("action", "parameters", "body"):
            data["error"]["field"] = "parameters." + data["error"]["field"]
        return answer.with_json(data)

    return fault_helpers.edits(handler, edit)


def shows(call: Shown) -> Any:
    return call.told("POST", DISPATCH, {"action": "get_rates", "parameters": {"lot_id": "?"}})
