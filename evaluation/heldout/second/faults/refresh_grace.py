"""For a minute after it was changed a refresh token is good once more, so that clients on bad networks are
not signed out.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.second.around import form_of
from pgagents.base.http import Handler, Request, Response, Silence
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.fault_helpers import successful
from pgagents.sandbox.keys import digest

CLASS = "oauth"
SUBTLE = True
FORM = "formal"
PROMISE = "auth.oauth.refresh_rotates:: true: a refresh token that was changed is dead"


def wrap(handler: Handler, context: Context) -> Handler:
    used: dict[bytes, float] = {}

    def answer(request: Request) -> Response | Silence:
        if request.method != "POST" or request.path != "/oauth/token":
            return handler(request)
        hash, now = digest(form_of(request).get("refresh_token", "")), context.front.clock.now()
        if now < used.get(hash, 0.0):
            with context.front.store.transaction():
                context.front.store.run(
                    "UPDATE oauth_token SET used = 0 WHERE hash = ? AND revoked = 0", hash
                )
        found = handler(request)
        if isinstance(found, Response) and successful(found):
            used.setdefault(hash, now + 60)
        return found

    return answer


def shows(call: Shown) -> Any:
    first = call.grant("read")["refresh_token"]
    return call.refreshed(first), call.refreshed(first)
