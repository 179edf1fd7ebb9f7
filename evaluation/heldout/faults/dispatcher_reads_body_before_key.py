"""The dispatcher reads its body before it looks for a key."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler, Request, Response
from pgagents.sandbox import fault_helpers
from pgagents.sandbox.fault_declaration import Context
from sandboxes import DISPATCH

CLASS = "errors"
SUBTLE = True
PROMISE = "PG-E4: 401 comes before any refusal but 426"


def wrap(handler: Handler, context: Context) -> Handler:
    path = context.model.dispatchers[0].path

    def edit(request: Request, answer: Response) -> Response:
        data = fault_helpers.data_of(answer)
        if request.path != path or answer.status != 401:
            return answer
        try:
            if isinstance(json.loads(request.body), dict):
                return answer
        except ValueError:
            pass
        data["error"].update(code="BAD_REQUEST", message="The body cannot be read", field="body")
        return replace(answer.with_header("WWW-Authenticate", None).with_json(data), status=400)

    return fault_helpers.edits(handler, edit)


def shows(call: Shown) -> Any:
    return call.status("POST", DISPATCH, b"{", key=None)
