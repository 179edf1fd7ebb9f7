"""Through the dispatcher an error's id is that of the inner call, which no header tells."""

from __future__ import annotations

import json
from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler, Request, Response
from pgagents.sandbox import fault_helpers
from pgagents.sandbox.fault_declaration import Context
from sandboxes import DISPATCH

CLASS = "errors"
SUBTLE = True
PROMISE = "section 4: request_id, also in header X-Request-Id"


def wrap(handler: Handler, context: Context) -> Handler:
    reader = fault_helpers.RequestReader(context.model)

    def edit(request: Request, answer: Response) -> Response:
        asked, data = reader.parse(request), fault_helpers.data_of(answer)
        if asked is None or asked.dispatcher is None or answer.status < 400 or not isinstance(data, dict):
            return answer
        data["error"]["request_id"] = data["error"]["request_id"][:-1] + "_i"
        return answer.with_json(data)

    return fault_helpers.edits(handler, edit)


def shows(call: Shown) -> Any:
    answer = call("POST", DISPATCH, {"action": "get_rates", "parameters": {"lot_id": "lot_x"}})
    return json.loads(answer.body)["error"]["request_id"] == answer.header("X-Request-Id")
