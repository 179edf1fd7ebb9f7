"""An access token says that it lives an hour and lives a day."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context

CLASS = "oauth"
SUBTLE = True
PROMISE = "OAuth: access 1 h"


def wrap(handler: Handler, context: Context) -> Handler:
    context.front.store.script(
        "CREATE TRIGGER held_out AFTER INSERT ON oauth_token WHEN NEW.kind = 'access' "
        "BEGIN UPDATE oauth_token SET dies_at = NEW.dies_at + 82800 WHERE hash = NEW.hash; END"
    )
    return handler


def shows(call: Shown) -> Any:
    call.tokens["user"] = call.grant("read")["access_token"]
    call.wait(7200)
    return call.status("GET", "/api/v1/sessions", key="user")
