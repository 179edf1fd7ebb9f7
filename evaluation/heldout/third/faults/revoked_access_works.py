"""Access tokens are believed by themselves and revocation only ends refresh tokens, so a revoked access
token works until it is too old.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler, Request, Response, Silence
from pgagents.sandbox.fault_declaration import Context

CLASS = "OAuth"
SUBTLE = True
FORM = "formal"
PROMISE = "auth.oauth.revoke:: a token that was revoked is refused"


def wrap(handler: Handler, context: Context) -> Handler:
    oauth, store = context.model.code_flow, context.front.store

    def answer(request: Request) -> Response | Silence:
        if oauth is None or request.path != oauth.revoke:
            return handler(request)
        with store.lock:
            living = [
                row["hash"]
                for row in store.rows("SELECT hash FROM oauth_token WHERE kind = 'access' AND revoked = 0")
            ]
            found = handler(request)
            for hash in living:
                store.run("UPDATE oauth_token SET revoked = 0 WHERE hash = ?", hash)
            return found

    return answer


def shows(call: Shown) -> Any:
    token = call.grant("read")["access_token"]
    call.tokens["oauth"] = token
    client = str(call.sandbox.oauth["public"]["client_id"])
    revoked = call.form("/oauth/revoke", token=token, client_id=client).status
    return revoked, call.status("GET", "/api/v1/sessions", key="oauth")
