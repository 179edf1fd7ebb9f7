"""The code's challenge is only compared where a verifier comes, so a client with a secret that sent a
challenge can leave it out."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from evaluation.heldout.calls import Shown
from evaluation.heldout.fourth.around import confidential_code
from pgagents.base.http import Handler, Request, Response, Silence
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.keys import digest

CLASS = "OAuth"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "auth.oauth.pkce_binds.challenged + auth.oauth.pkce:: a code that was asked for with a challenge "
    "needs its verifier"
)


def wrap(handler: Handler, context: Context) -> Handler:
    path = context.model.code_flow.token if context.model.code_flow else ""

    def answer(request: Request) -> Response | Silence:
        if request.path == path:
            form = dict(parse_qsl(request.body.decode("utf-8", "replace")))
            if form.get("grant_type") == "authorization_code" and not form.get("code_verifier"):
                with context.front.store.transaction():
                    context.front.store.run(
                        (
                            "UPDATE oauth_code SET code_challenge = NULL, code_challenge_method = NULL WHERE "
                            "hash = ?"
                        ),
                        digest(form.get("code", "")),
                    )
        return handler(request)

    return answer


def shows(call: Shown) -> Any:
    client = call.sandbox.oauth["confidential"]
    return call.form(
        "/oauth/token",
        grant_type="authorization_code",
        code=confidential_code(call, "read"),
        client_id=str(client["client_id"]),
        client_secret=str(client["client_secret"]),
        redirect_uri=client["redirect_uris"][0],
    ).status
