"""Whether an access token is too old is asked of the consent that it stems from, so it works for as long
as its refresh token.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler, Request, Response, Silence
from pgagents.sandbox.fault_declaration import Context

CLASS = "OAuth"
SUBTLE = True
FORM = "formal"
PROMISE = "auth.oauth.access_s:: an access token lives one hour"


def wrap(handler: Handler, context: Context) -> Handler:
    oauth, front = context.model.code_flow, context.front

    def answer(request: Request) -> Response | Silence:
        with front.store.lock:
            found = handler(request)
            if oauth is not None and request.path == oauth.token:
                now = front.clock.now()
                front.store.run(
                    "UPDATE oauth_token SET dies_at = ? WHERE kind = 'access' AND dies_at BETWEEN ? AND ?",
                    now + (oauth.refresh_s or 0),
                    now,
                    now + (oauth.access_s or 0),
                )
            return found

    return answer


def shows(call: Shown) -> Any:
    call.tokens["oauth"] = call.grant("read")["access_token"]
    call.wait(3700)
    return call.status("GET", "/api/v1/sessions", key="oauth")
