"""Routes are told apart by their methods first, so GET /sessions/end and /sessions/extend look up sessions
of these ids.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.second.around import refusal
from pgagents.base.http import Handler, Request, Response
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.fault_helpers import edits

CLASS = "routing"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "behaviour.literal_path + errors.framework.wrong_method:: wins; a wrong method is METHOD_NOT_ALLOWED"
)


def wrap(handler: Handler, context: Context) -> Handler:
    def edit(request: Request, answer: Response) -> Response:
        if (
            answer.status == 405
            and request.method == "GET"
            and request.path in ("/api/v1/sessions/end", "/api/v1/sessions/extend")
        ):
            return refusal(answer, 404, "NOT_FOUND", "There is no such session")
        return answer

    return edits(handler, edit)


def shows(call: Shown) -> Any:
    return call.status("GET", "/api/v1/sessions/end")
