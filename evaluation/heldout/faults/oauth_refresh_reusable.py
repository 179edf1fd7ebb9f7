"""A refresh token stays good after it was changed for another."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context

CLASS = "oauth"
SUBTLE = True
PROMISE = "OAuth: refresh 30 days rotating"


def wrap(handler: Handler, context: Context) -> Handler:
    context.front.store.script(
        "CREATE TRIGGER held_out AFTER UPDATE OF used ON oauth_token WHEN NEW.used = 1 "
        "BEGIN UPDATE oauth_token SET used = 0 WHERE hash = NEW.hash; END"
    )
    return handler


def shows(call: Shown) -> Any:
    token = call.grant("read")["refresh_token"]
    return call.refreshed(token), call.refreshed(token)
