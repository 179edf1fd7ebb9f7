"""Access tokens are told to live an hour and are kept for a day."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.second.calls import token
from pgagents.base.http import Handler, Request, Response
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.fault_helpers import data_of, edits
from pgagents.sandbox.keys import digest

CLASS = "oauth"
SUBTLE = True
FORM = "formal"
PROMISE = "auth.oauth.access_s:: 3600"


def wrap(handler: Handler, context: Context) -> Handler:
    def edit(request: Request, answer: Response) -> Response:
        if request.path == "/oauth/token" and answer.status == 200:
            store, now = context.front.store, context.front.clock.now()
            with store.transaction():
                store.run(
                    "UPDATE oauth_token SET dies_at = ? WHERE hash = ?",
                    now + 86_400,
                    digest(data_of(answer)["access_token"]),
                )
        return answer

    return edits(handler, edit)


def shows(call: Shown) -> Any:
    name = token(call, call.grant("read"))
    call.wait(3700)
    return call.status("GET", "/api/v1/sessions", key=name)
