"""The middleware that reads JSON stands before the one that asks for a key, so a broken body without a key
is a 400.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.second.around import refusal
from pgagents.base.http import Handler, Request, Response, read_json
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.fault_helpers import edits

CLASS = "authentication"
SUBTLE = True
FORM = "formal"
PROMISE = "behaviour.auth_first + errors.framework.no_key:: UNAUTHORIZED comes before any other refusal"


def wrap(handler: Handler, context: Context) -> Handler:
    def edit(request: Request, answer: Response) -> Response:
        if (
            answer.status == 401
            and request.method == "POST"
            and request.body
            and read_json(request.body).problem
        ):
            return refusal(answer, 400, "BAD_REQUEST", "The body cannot be read", field="body")
        return answer

    return edits(handler, edit)


def shows(call: Shown) -> Any:
    return call.status("POST", "/api/v1/refunds", b"{", key=None)
