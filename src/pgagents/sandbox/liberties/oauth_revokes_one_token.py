"""Revoking a refresh token ends that token alone: access tokens live until their time is over, which is soon (RFC 7009 says SHOULD)."""

from __future__ import annotations

from urllib.parse import parse_qs

from pgagents.sandbox.keys import digest
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response, Silence

POINT = None


def wrap(handler: Handler, context: Context) -> Handler:
    """With a refresh token no access token of its consent is ended."""
    oauth, store = context.model.auth.oauth, context.front.store
    if oauth is None or not oauth.revoke:
        return handler

    def answer(request: Request) -> Response | Silence:
        if request.path != oauth.revoke:
            return handler(request)
        text = parse_qs(request.body.decode(errors="replace")).get("token", [""])[0]
        with store.lock:
            living = store.rows(
                "SELECT hash FROM oauth_token WHERE kind = 'access' AND revoked = 0 AND family = "
                "(SELECT family FROM oauth_token WHERE hash = ? AND kind = 'refresh' AND revoked = 0 AND used = 0)",
                digest(text),
            )
            found = handler(request)
            with store.transaction():
                for row in living:
                    store.run("UPDATE oauth_token SET revoked = 0 WHERE hash = ?", row["hash"])
        return found

    return answer
