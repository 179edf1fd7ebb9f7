"""A path is decoded strictly as UTF-8 before anything else, and what that raises is nobody's: `%ff` in an
id is a 500.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote_to_bytes

from evaluation.heldout.calls import Shown
from evaluation.heldout.second.around import refusal
from pgagents.base.http import Handler, Request, Response
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.fault_helpers import edits

CLASS = "odd input"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "errors.framework.invalid + actions.check_availability.input.lot_id.pattern:: an id of another form "
    "is BAD_REQUEST"
)


def wrap(handler: Handler, context: Context) -> Handler:
    def edit(request: Request, answer: Response) -> Response:
        try:
            unquote_to_bytes(request.path).decode()
        except UnicodeDecodeError:
            if answer.status != 401:
                return refusal(answer, 500, "INTERNAL", "Something went wrong on our side")
        return answer

    return edits(handler, edit)


def shows(call: Shown) -> Any:
    return call.status("GET", "/api/v1/lots/lot_%ff/availability")
