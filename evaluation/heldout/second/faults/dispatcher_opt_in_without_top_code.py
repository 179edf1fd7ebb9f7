"""The dispatcher makes its refusals itself, and the opt-in's second `code`, at the top, is not among what
it knows.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler, Request, Response
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.fault_helpers import data_of, edits

CLASS = "dispatcher"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "errors.codes.AGENT_OPT_IN_REQUIRED.envelope.OptInError + schemas.OptInError.required.code:: the "
    "body has code at its top, too"
)


def wrap(handler: Handler, context: Context) -> Handler:
    def edit(request: Request, answer: Response) -> Response:
        data = data_of(answer)
        if (
            request.path == "/api/v1/agents/openai/actions"
            and isinstance(data, dict)
            and "code" in data
            and "error" in data
        ):
            return answer.with_json({"error": data["error"]})
        return answer

    return edits(handler, edit)


def shows(call: Shown) -> Any:
    return sorted(call.dispatch("create_session", {"lot_id": "lot_sandstone", "plate": "CO-1"}, status=403))
