"""Revoking a refresh token is answered with 200 and ends nothing but the access token."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context

CLASS = "oauth"
SUBTLE = True
PROMISE = "OAuth: /oauth/revoke ends a token; RFC 7009"


def wrap(handler: Handler, context: Context) -> Handler:
    context.front.store.script(
        "CREATE TRIGGER held_out AFTER UPDATE OF revoked ON oauth_token WHEN NEW.revoked = 1 AND "
        "NEW.kind = 'refresh' "
        "BEGIN UPDATE oauth_token SET revoked = 0 WHERE hash = NEW.hash; END"
    )
    return handler


def shows(call: Shown) -> Any:
    token = call.grant("read")["refresh_token"]
    client = str(call.sandbox.oauth["public"]["client_id"])
    return call.form("/oauth/revoke", token=token, client_id=client).status, call.refreshed(token)
