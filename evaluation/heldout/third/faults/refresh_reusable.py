"""A refresh gives a new refresh token, but nothing makes the old one useless, so a copy of it lives on."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler, Request, Response, Silence
from pgagents.sandbox.fault_declaration import Context

CLASS = "OAuth"
SUBTLE = True
FORM = "formal"
PROMISE = "auth.oauth.refresh_rotates:: a refresh token is changed for another, and is used up by that"


def wrap(handler: Handler, context: Context) -> Handler:
    oauth = context.model.code_flow

    def answer(request: Request) -> Response | Silence:
        with context.front.store.lock:
            found = handler(request)
            if oauth is not None and request.path == oauth.token:
                context.front.store.run("UPDATE oauth_token SET used = 0 WHERE kind = 'refresh' AND used = 1")
            return found

    return answer


def shows(call: Shown) -> Any:
    token = call.grant("read")["refresh_token"]
    return [call.refreshed(token) for _ in range(2)]
