"""A client with a secret is let through at the token endpoint without a look at the challenge that it
sent.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.second.around import form_of, with_form
from evaluation.heldout.second.calls import code_of
from pgagents.base.http import Handler, Request, Response, Silence
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.keys import digest

CLASS = "oauth"
SUBTLE = True
FORM = "formal"
PROMISE = "auth.oauth.pkce_binds.challenged:: any client that sent a challenge is bound by it"


def wrap(handler: Handler, context: Context) -> Handler:
    def answer(request: Request) -> Response | Silence:
        if request.method == "POST" and request.path == "/oauth/token":
            form = form_of(request)
            if form.get("client_secret") or (request.header("authorization") or "").startswith("Basic "):
                with context.front.store.transaction():
                    sql = (
                        "UPDATE oauth_code SET code_challenge = NULL, code_challenge_method = NULL WHERE "
                        "hash = ?"
                    )
                    context.front.store.run(sql, digest(form.get("code", "")))
                request = with_form(request, {k: v for k, v in form.items() if k != "code_verifier"})
        return handler(request)

    return answer


def shows(call: Shown) -> Any:
    code, client = code_of(call)
    return call.form(
        "/oauth/token",
        grant_type="authorization_code",
        code=code,
        client_id=client["client_id"],
        client_secret=client["client_secret"],
        redirect_uri=client["redirect_uris"][0],
        code_verifier="another-verifier-of-more-than-forty-three-characters-01234",
    ).status
