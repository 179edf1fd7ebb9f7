"""Of the headers that name an end user the one that any client may set is read first, so its budget is
dodged by changing it.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context

CLASS = "limits"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "limits.end_user.1 + limits.buckets.end_user.requests:: openai-ephemeral-user-id names the end user "
    "before X-End-User-Id does"
)


def wrap(handler: Handler, context: Context) -> Handler:
    context.front._end_users.reverse()
    return handler


def shows(call: Shown) -> Any:
    call.new_key("opted", end_user_opt_in=True, integration="claude")
    return [
        call(
            "GET", "/api/v1/webhooks", key="opted", openai_ephemeral_user_id="u1", X_End_User_Id=f"n{n}"
        ).header("x-ratelimit-remaining")
        for n in (1, 2, 3)
    ]
