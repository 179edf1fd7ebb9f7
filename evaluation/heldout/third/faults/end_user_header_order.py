"""X-End-User-Id is looked at before openai-ephemeral-user-id, so behind a gateway that sets it all users
of an agent share one budget.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context

CLASS = "limits and headers"
SUBTLE = True
FORM = "formal"
PROMISE = "limits.end_user:: of the headers that name an end user, openai-ephemeral-user-id comes first"


def wrap(handler: Handler, context: Context) -> Handler:
    context.front._end_users = list(reversed(context.front._end_users))
    return handler


def shows(call: Shown) -> Any:
    call.new_key("shared", end_user_opt_in=True)
    named = {"X_Agent_Surface": "mcp", "X_End_User_Id": "gateway"}
    return [
        call.status("GET", "/api/v1/sessions", key="shared", openai_ephemeral_user_id=f"user{n}", **named)
        for n in range(21)
    ][-1]
