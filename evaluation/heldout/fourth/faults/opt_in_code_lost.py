"""The dispatcher wraps refusals anew and so drops the second code that stands beside the envelope of a
lot's opt-in error.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.fourth.around import told, without
from pgagents.base.http import Handler, Request, Response
from pgagents.sandbox.fault_declaration import Context
from sandboxes import DISPATCH

CLASS = "opt-in"
SUBTLE = False
FORM = "formal"
PROMISE = (
    "schemas.OptInError.required.code + "
    "workflows.each-door.steps.dispatched.expect:: "
    "the refusal has its code at the top too, through each endpoint"
)


def wrap(handler: Handler, context: Context) -> Handler:
    def edit(request: Request, answer: Response) -> Response:
        if request.path != DISPATCH or answer.status != 403:
            return answer
        return replace(answer, body=without(answer.body, "code"))

    return told(handler, edit)


def shows(call: Shown) -> Any:
    found = call.dispatch("create_session", {"lot_id": "lot_sandstone", "plate": "CO-1"}, status=403)
    return found.get("code")
